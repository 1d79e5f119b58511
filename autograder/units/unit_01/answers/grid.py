# %% right course_model: States and energies of the course's Ising model.
import torch

from course_vi.models import IsingModel, grid_neighbours


def grid_log_partition(coupling, fields):
    model = IsingModel(coupling * grid_neighbours(*fields.shape).to(fields), fields.flatten())
    with torch.no_grad():
        return torch.logsumexp(-model.energy(model.states()), 0)


# %% right enumeration: All states of the grid at once.
import torch


def grid_log_partition(coupling, fields):
    rows, columns = fields.shape
    n = rows * columns
    codes = torch.arange(2**n).unsqueeze(-1)
    s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
    pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
    return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)


# %% right product: Itertools, state by state.
import itertools

import numpy as np
from scipy.special import logsumexp


def grid_log_partition(coupling, fields):
    h, j = fields.numpy(), float(coupling)
    rows, columns = h.shape
    exponents = []
    for state in itertools.product((-1, 1), repeat=rows * columns):
        s = np.array(state).reshape(rows, columns)
        exponents.append(j * ((s[1:] * s[:-1]).sum() + (s[:, 1:] * s[:, :-1]).sum()) + (s * h).sum())
    return logsumexp(exponents)


# %% right transfer: Row by row: a sum over the states of one row at a time (the transfer matrix).
import torch


def grid_log_partition(coupling, fields):
    rows, columns = fields.shape
    states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=fields.dtype)] * columns).view(-1, columns)
    message = torch.zeros(len(states), dtype=fields.dtype)
    for row in range(rows):
        within = coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + states @ fields[row]
        if row:
            message = torch.logsumexp(message + coupling * states @ states.T, -1)
        message = message + within
    return torch.logsumexp(message, 0)


# %% wrong diagonal, from right enumeration: You counted diagonal neighbours. Neighbours are left, right, above and below.
# diagnosis: diagonal_neighbours
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     slant = (s[:, 1:, 1:] * s[:, :-1, :-1]).sum((1, 2)) + (s[:, 1:, :-1] * s[:, :-1, 1:]).sum((1, 2))
#+     across = across + slant
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0)


# %% wrong edges_twice, from right enumeration: Every pair of neighbours was counted twice, from both ends.
# diagnosis: edges_twice
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = 2 * coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0)


# %% wrong energy_sign, from right enumeration: The sign of the energy is turned: p is proportional to exp(-E), so aligned neighbours are likely when J > 0.
# diagnosis: energy_sign
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(-exponent, 0)


# %% wrong fields_missing, from right enumeration: The fields h are missing from the energy.
# diagnosis: fields_missing
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across)
#+     return torch.logsumexp(exponent, 0)


# %% wrong free_energy, from right enumeration: This is -log Z, the free energy. Return log Z.
# diagnosis: sign
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return -torch.logsumexp(exponent, 0)


# %% wrong half_the_edges, from right enumeration: Only horizontal neighbours were counted.
# diagnosis: half_the_edges
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * across + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0)


# %% wrong mean_of_states, from right enumeration: You averaged over the states. Z is their sum.
# diagnosis: mean_of_states
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0) - n * torch.log(torch.tensor(2.0, dtype=fields.dtype))


# %% wrong not_log, from right enumeration: This is Z. Return its logarithm.
# diagnosis: not_log
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return exponent.exp().sum()


# %% wrong overflow, from right enumeration: exp overflows, or all terms vanish. Take the largest exponent out first: logsumexp does it.
# diagnosis: overflow
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return exponent.exp().sum().log()


# %% wrong wrapped, from right enumeration: Your grid wraps around. Here the sites at the border have fewer neighbours.
# diagnosis: wrapped
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = (2 * bits - 1).to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     down = down + (s[:, 0] * s[:, -1]).sum(-1)
#+     across = across + (s[:, :, 0] * s[:, :, -1]).sum(-1)
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0)


# %% wrong zero_one, from right enumeration: You summed over values 0 and 1. Spins are -1 and 1.
# diagnosis: zero_one
#-     codes = torch.arange(2**n).unsqueeze(-1)
#-     s = (2 * ((codes >> torch.arange(n)) & 1) - 1).to(fields).view(-1, rows, columns)
#-     pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
#+     s = bits.to(fields).view(-1, rows, columns)
#+     down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
#+     across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
#+     exponent = coupling * (down + across) + (s * fields).sum((1, 2))
#+     return torch.logsumexp(exponent, 0)
