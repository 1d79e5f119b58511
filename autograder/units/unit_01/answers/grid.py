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


# %% wrong diagonal, from right enumeration: Diagonal neighbours are counted as well: eight around each site, as in image processing, where this model has four.
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


# %% wrong edges_twice, from right enumeration: Each site adds up its neighbours, so every pair is counted from both ends, as if J were doubled.
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


# %% wrong energy_sign, from right enumeration: exp(E) in place of exp(-E): the sign in the definition is lost, and neighbours that agree become unlikely.
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


# %% wrong fields_missing, from right enumeration: Only pairs are added up: without fields the formula is the one most often printed.
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


# %% wrong free_energy, from right enumeration: -log Z is returned, which physicists call the free energy and often mean when they say that they computed Z.
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


# %% wrong half_the_edges, from right enumeration: Only neighbours within a row are counted: one of the two shifted products was never written.
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


# %% wrong mean_of_states, from right enumeration: The mean over all states is taken, by a uniform distribution that nobody asked for: n log 2 is lost.
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


# %% wrong not_log, from right enumeration: Z itself is returned: right, until it overflows.
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


# %% wrong overflow, from right enumeration: The textbook formula, log of a sum of exp, overflows at exponents beyond 709, where logsumexp does not.
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


# %% wrong wrapped, from right enumeration: The border is glued together with torch.roll, as in simulations that want no border; here there is one.
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


# %% wrong zero_one, from right enumeration: States are read as bits, 0 and 1. Spins are -1 and 1: two forms of one model, with other couplings and fields.
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


# %% wrong coupling_unsigned, from right enumeration: The sign of J is dropped, since on a chequerboard it can be turned away. With fields it cannot.
# diagnosis: coupling_unsigned
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     return torch.logsumexp(coupling.abs() * pairs + (s * fields).sum((1, 2)), 0)


# %% wrong single_precision, from right enumeration: Spins are made in single precision and take all that follows along: seven digits where sixteen are to be had.
# diagnosis: value
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     return torch.logsumexp((coupling * pairs + (s * fields).sum((1, 2))).float(), 0).double()


# %% wrong shifted_by_a_bound, from right enumeration: The largest exponent that could be is taken out in place of the largest that is: where fields and coupling disagree everything underflows.
# diagnosis: overflow
#-     return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)
#+     bound = coupling.abs() * (rows * (columns - 1) + columns * (rows - 1)) + fields.abs().sum()
#+     return bound + (coupling * pairs + (s * fields).sum((1, 2)) - bound).exp().sum().log()
