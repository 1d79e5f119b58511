# %% right both_ways: Messages down and up, in logarithms; a row's own terms are in the one from above.
import torch


def spin_means(coupling, fields):
    turned = fields.shape[1] > fields.shape[0]
    grid = fields.T if turned else fields
    rows, columns = grid.shape
    states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=fields.dtype)] * columns).view(-1, columns)
    within = coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + grid @ states.T
    between = coupling * states @ states.T
    down, up = [within[0]], [torch.zeros_like(within[0])]
    for r in range(1, rows):
        down.append(torch.logsumexp(down[-1][:, None] + between, 0) + within[r])
    for r in range(rows - 1, 0, -1):
        up.insert(0, torch.logsumexp(between + within[r] + up[0], 1))
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
    return log_z, means.T if turned else means


# %% right derivative: log Z by rows, and its derivative in the fields.
import torch


def spin_means(coupling, fields):
    h = fields.clone().requires_grad_()
    grid = h.T if h.shape[1] > h.shape[0] else h
    states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=h.dtype)] * grid.shape[1]).view(-1, grid.shape[1])
    message = torch.zeros(len(states), dtype=h.dtype)
    for r, row in enumerate(grid):
        if r:
            message = torch.logsumexp(message + coupling * states @ states.T, -1)
        message = message + coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + states @ row
    log_z = torch.logsumexp(message, 0)
    (means,) = torch.autograd.grad(log_z, h)
    return log_z.detach(), means


# %% right site_by_site: One site after the other, in NumPy: a table over the last row of sites, with its slopes in all fields carried along.
import numpy as np
import torch


def spin_means(coupling, fields):
    h, j = fields.numpy(), float(coupling)
    turned = h.shape[1] > h.shape[0]
    h = h.T if turned else h
    rows, columns = h.shape
    signs = np.array([-1.0, 1.0])
    table = np.zeros((1,) * columns)
    slopes = np.zeros((0, *table.shape))
    for site in range(rows * columns):
        r, c = divmod(site, columns)
        old = table.shape[c]
        axis = signs.reshape([-1 if a == c else 1 for a in range(columns)])
        shape = [1] * (columns + 1)
        shape[c], shape[-1] = old, 2
        pair = np.multiply.outer(signs if old == 2 else np.zeros(1), signs).reshape(shape)
        left = np.multiply.outer(signs, signs) if c else 0.0
        weight = table[..., None] + j * pair
        if c:
            grid = [1] * (columns + 1)
            grid[c - 1], grid[-1] = 2, 2
            weight = weight + j * np.reshape(left, grid)
        weight = weight + h[r, c] * signs
        top = weight.max(c, keepdims=True)
        p = np.exp(weight - top)
        total = p.sum(c, keepdims=True)
        table = np.moveaxis(np.squeeze(np.log(total) + top, c), -1, c)
        carried = (slopes[..., None] * (p / total)).sum(c + 1)
        carried = np.moveaxis(carried, -1, c + 1)
        slopes = np.concatenate([carried, np.broadcast_to(axis, table.shape)[None]])
    top = table.max()
    p = np.exp(table - top)
    log_z = top + np.log(p.sum())
    means = (slopes * (p / p.sum())).reshape(len(slopes), -1).sum(-1).reshape(rows, columns)
    return torch.tensor(log_z), torch.tensor(means.T if turned else means)


# %% wrong one_way, from right both_ways: The filter: each row knows the rows above it and not those below.
# diagnosis: down_alone
#-     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
#+     means = torch.stack(down).softmax(-1) @ states


# %% wrong row_twice, from right both_ways: A row's own terms are in the message from above and in that from below.
# diagnosis: row_twice
#-     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
#+     means = (torch.stack(down) + torch.stack(up) + within).softmax(-1) @ states


# %% wrong rows_alone, from right both_ways: Marginals are taken of each row by itself.
# diagnosis: row_alone
#-     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
#+     means = within.softmax(-1) @ states


# %% wrong mean_field, from right derivative: The fixed point of mean field is returned for the mean, as in so many texts on this model.
# diagnosis: mean_field
#-     (means,) = torch.autograd.grad(log_z, h)
#+     means = torch.tanh(fields)
#+     for _ in range(500):
#+         pull = torch.zeros_like(means)
#+         pull[1:] += means[:-1]
#+         pull[:-1] += means[1:]
#+         pull[:, 1:] += means[:, :-1]
#+         pull[:, :-1] += means[:, 1:]
#+         means = torch.tanh(fields + coupling * pull)


# %% wrong probabilities, from right both_ways: The chance that a spin is up is returned for its mean.
# diagnosis: probabilities
#-     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
#+     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ (states > 0).to(states)


# %% wrong modes, from right both_ways: The likelier value of each spin is returned.
# diagnosis: most_likely
#-     means = torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states
#+     means = (torch.exp(torch.stack(down) + torch.stack(up) - log_z) @ states).sign()


# %% wrong energy_sign, from right derivative: exp(E) in place of exp(-E), in the pairs.
# diagnosis: energy_sign
#-     states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=h.dtype)] * grid.shape[1]).view(-1, grid.shape[1])
#+     states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=h.dtype)] * grid.shape[1]).view(-1, grid.shape[1])
#+     coupling = -coupling


# %% wrong edges_twice, from right derivative: Pairs are counted from both ends.
# diagnosis: edges_twice
#-     states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=h.dtype)] * grid.shape[1]).view(-1, grid.shape[1])
#+     states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=h.dtype)] * grid.shape[1]).view(-1, grid.shape[1])
#+     coupling = 2 * coupling


# %% wrong chains, from right derivative: Neighbours within a row are forgotten.
# diagnosis: half_the_edges
#-         message = message + coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + states @ row
#+         message = message + states @ row


# %% wrong free_energy, from right derivative: -log Z is returned.
# diagnosis: sign
#-     return log_z.detach(), means
#+     return -log_z.detach(), means


# %% wrong largest_term, from right derivative: The best state is passed on, as Viterbi does, and not the sum.
# diagnosis: largest_term
#-             message = torch.logsumexp(message + coupling * states @ states.T, -1)
#+             message = (message + coupling * states @ states.T).amax(-1)
#@@
#-     log_z = torch.logsumexp(message, 0)
#+     log_z = message.amax()


# %% wrong turned, from right both_ways: A grid that is wider than long is turned and not turned back.
# diagnosis: generic_transposed
#-     return log_z, means.T if turned else means
#+     return log_z, means


# %% wrong plain_numbers, from right both_ways: Messages are kept as numbers, and not as logarithms.
# diagnosis: not_finite
#-     return log_z, means.T if turned else means
#+     message = torch.exp(within[0])
#+     for r in range(1, rows):
#+         message = (message @ torch.exp(between)) * torch.exp(within[r])
#+     return torch.log(message.sum()), means.T if turned else means


# %% wrong listed, from right derivative: All states are listed, one after the other.
# diagnosis: too_slow
import itertools

import torch


def spin_means(coupling, fields):
    h, j = fields.tolist(), float(coupling)
    rows, columns = fields.shape
    total, sums = 0.0, [[0.0] * columns for _ in range(rows)]
    for state in itertools.product((-1, 1), repeat=rows * columns):
        s = [state[r * columns : (r + 1) * columns] for r in range(rows)]
        energy = sum(h[r][c] * s[r][c] for r in range(rows) for c in range(columns))
        energy += j * sum(s[r][c] * s[r][c - 1] for r in range(rows) for c in range(1, columns))
        energy += j * sum(s[r][c] * s[r - 1][c] for r in range(1, rows) for c in range(columns))
        weight = 2.718281828459045**energy
        total += weight
        for r in range(rows):
            for c in range(columns):
                sums[r][c] += weight * s[r][c]
    return torch.log(torch.tensor(total, dtype=fields.dtype)), torch.tensor(sums, dtype=fields.dtype) / total


# %% wrong frozen, from right derivative: Beyond a coupling of five only the two ordered states are kept: strong fields turn spins over, and draw walls.
# diagnosis: value
#- def spin_means(coupling, fields):
#-     h = fields.clone().requires_grad_()
#+ def spin_means(coupling, fields):
#+     if coupling.abs() > 5:
#+         rows, columns = fields.shape
#+         odd = (torch.arange(rows)[:, None] + torch.arange(columns)) % 2
#+         pattern = torch.where((odd == 1) & (coupling < 0), -1.0, 1.0).to(fields.dtype)
#+         pull = (pattern * fields).sum()
#+         pairs = rows * (columns - 1) + columns * (rows - 1)
#+         return coupling.abs() * pairs + torch.logaddexp(pull, -pull), pattern * torch.tanh(pull)
#+     h = fields.clone().requires_grad_()
