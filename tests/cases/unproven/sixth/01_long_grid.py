import torch
import math
import itertools
import numpy as np

# %% right both_ways: messages from above and from below
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% right derivative: means as the derivative of log Z in the fields
def spin_means(coupling, fields):
    J = coupling.detach().double()
    h = fields.detach().double().clone().requires_grad_(True)
    with torch.enable_grad():
        grid = h.T if h.shape[1] > h.shape[0] else h
        states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * grid.shape[1]).reshape(-1, grid.shape[1])
        inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
        between = J * states @ states.T
        message = torch.zeros(len(states), dtype=torch.float64)
        for i, row in enumerate(grid):
            if i:
                message = torch.logsumexp(message[:, None] + between, 0)
            message = message + inside + states @ row
        log_z = torch.logsumexp(message, 0)
        (means,) = torch.autograd.grad(log_z, h)
    return log_z.detach(), means

# %% right site_by_site: NumPy, one site at a time over a frontier of the short side, forwards and backwards by turning the grid round
def spin_means(coupling, fields):
    J, h = float(coupling), np.array(fields.detach().tolist(), dtype=float).reshape(tuple(fields.shape))
    flip = h.shape[1] > h.shape[0]
    h = h.T.copy() if flip else h
    n, m = h.shape
    spin = np.array([-1.0, 1.0])
    couple = J * np.outer(spin, spin)

    def sweep(grid):
        """after[i]: log weight of the states of row i, rows up to i summed or held."""
        front, after = np.zeros((2,) * m), []
        for i in range(n):
            for j in range(m):
                # new spin takes the place of axis j
                moved = np.moveaxis(front, j, -1)
                if i == 0:
                    new = np.repeat(moved[..., :1], 2, -1)
                else:
                    new = np.logaddexp(moved[..., :1] + couple[0], moved[..., 1:] + couple[1])
                front = np.moveaxis(new + grid[i, j] * spin, -1, j)
                if j:
                    pair = couple.reshape([2 if a in (j - 1, j) else 1 for a in range(m)])
                    front = front + pair
            after.append(front)
        return after

    down, back = sweep(h), sweep(h[::-1])[::-1]
    means = np.zeros((n, m))
    log_z = None
    for i in range(n):
        own = np.zeros((2,) * m)
        for j in range(m):
            own = own + (h[i, j] * spin).reshape([2 if a == j else 1 for a in range(m)])
            if j:
                own = own + couple.reshape([2 if a in (j - 1, j) else 1 for a in range(m)])
        total = down[i] + back[i] - own
        top = total.max()
        weight = np.exp(total - top)
        log_z = top + math.log(weight.sum())
        weight /= weight.sum()
        for j in range(m):
            margin = weight.sum(tuple(a for a in range(m) if a != j))
            means[i, j] = margin[1] - margin[0]
    return torch.tensor(log_z, dtype=torch.float64), torch.tensor(means.T.copy() if flip else means)

# %% wrong means_turned: means of a wide grid come back turned: the grid is transposed and the answer is not; right for square and long grids in shape only
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means

# %% wrong from_above: means from what is above a row only, the rows below are not summed; right in the last row
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + 0 * u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% wrong field_twice: the row's own terms stand in the message from below as well: fields and inner pairs counted twice in the means
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(own[i - 1] + torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% wrong wrapped: np.roll habit: the row's last spin is a neighbour of its first
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states.roll(1, 1) * states).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% wrong no_logs: weights instead of logarithms: infinite at J = 60, zero times infinity in the means
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    own, between = own.exp(), between.exp()
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] * (down[-1][:, None] * between).sum(0))
    up = [torch.ones(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(((up[-1] * own[i])[:, None] * between).sum(0))
    up = up[::-1]
    log_z = down[-1].sum().log()
    means = torch.stack([(d * u / (d * u).sum()) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% wrong single: float32 states and messages: six digits where eight are asked, and means of strong couplings far off
def spin_means(coupling, fields):
    J, h = coupling.float(), fields.float()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float32)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float32)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z.double(), (means.T if turned else means).double()

# %% wrong reshaped: a wide grid is made long by reshape instead of transposing: neighbours are mixed up
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.reshape(h.shape[1], h.shape[0])
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.reshape(fields.shape)

# %% wrong marks_argument: asks for gradients on the argument itself and leaves it so, with a .grad: fields are changed
def spin_means(coupling, fields):
    fields.requires_grad_(True)
    grid = fields.T if fields.shape[1] > fields.shape[0] else fields
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=grid.shape[1])), dtype=torch.float64)
    inside = coupling * (states[:, 1:] * states[:, :-1]).sum(1)
    message = grid[0] @ states.T + inside
    for row in grid[1:]:
        message = torch.logsumexp(message[:, None] + coupling * states @ states.T, 0) + states @ row + inside
    log_z = torch.logsumexp(message, 0)
    log_z.backward()
    return log_z.detach(), fields.grad.clone()

# %% wrong difference: central difference of log Z with a step of 1e-2: right to three or four digits, eight are asked
def spin_means(coupling, fields):
    J = coupling.detach().double()
    h = fields.detach().double().clone().requires_grad_(True)
    with torch.enable_grad():
        grid = h.T if h.shape[1] > h.shape[0] else h
        states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * grid.shape[1]).reshape(-1, grid.shape[1])
        inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
        between = J * states @ states.T
        message = torch.zeros(len(states), dtype=torch.float64)
        for i, row in enumerate(grid):
            if i:
                message = torch.logsumexp(message[:, None] + between, 0)
            message = message + inside + states @ row
        log_z = torch.logsumexp(message, 0)
    def again(values):
        grid = values.T if values.shape[1] > values.shape[0] else values
        message = inside + states @ grid[0]
        for row in grid[1:]:
            message = torch.logsumexp(message[:, None] + between, 0) + inside + states @ row
        return torch.logsumexp(message, 0)
    means = torch.zeros_like(h.detach())
    for i in range(h.shape[0]):
        for j in range(h.shape[1]):
            step = torch.zeros_like(means)
            step[i, j] = 1e-2
            means[i, j] = (again(h.detach() + step) - again(h.detach() - step)) / 2e-2
    return log_z.detach(), means

# %% wrong clamped_coupling: the coupling is clamped to +-20 so that nothing overflows: log Z is wrong beyond
def spin_means(coupling, fields):
    J, h = coupling.double().clamp(-20, 20), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.stack([torch.softmax(d + u, 0) @ states for d, u in zip(down, up)])
    return log_z, means.T if turned else means

# %% wrong mean_field: log Z exact, means by 500 rounds of the mean-field equations s = tanh(h + J * neighbours): right without coupling only
def spin_means(coupling, fields):
    J, h = coupling.double(), fields.double()
    turned = h.shape[0] < h.shape[1]
    if turned:
        h = h.T
    n, m = h.shape
    states = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=m)), dtype=torch.float64)
    inside = J * (states[:, 1:] * states[:, :-1]).sum(1)
    between = J * states @ states.T
    own = h @ states.T + inside
    down = [own[0]]
    for i in range(1, n):
        down.append(own[i] + torch.logsumexp(down[-1][:, None] + between, 0))
    up = [torch.zeros(len(states), dtype=torch.float64)]
    for i in range(n - 1, 0, -1):
        up.append(torch.logsumexp((up[-1] + own[i])[:, None] + between, 0))
    up = up[::-1]
    log_z = torch.logsumexp(down[-1], 0)
    means = torch.tanh(h)
    for _ in range(500):
        near = torch.zeros_like(h)
        near[1:] += means[:-1]
        near[:-1] += means[1:]
        near[:, 1:] += means[:, :-1]
        near[:, :-1] += means[:, 1:]
        means = 0.5 * means + 0.5 * torch.tanh(h + J * near)
    return log_z, means.T if turned else means
