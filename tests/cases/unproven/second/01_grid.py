import itertools
import math

import numpy as np
import torch
from torch import Tensor


def _states(n: int) -> Tensor:
    return torch.tensor(list(itertools.product((-1.0, 1.0), repeat=n)), dtype=torch.float64)


def _pairs(s: Tensor) -> Tensor:
    return (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))


# %% right enumerate: all states as a tensor, logsumexp
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(coupling * _pairs(s) + (s * fields).sum((1, 2)), 0)


# %% right transfer_matrix: row after row, in logarithms
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    rows, columns = fields.shape
    s = _states(columns)
    inside = coupling * (s[:, 1:] * s[:, :-1]).sum(-1)
    between = coupling * (s @ s.T)
    message = inside + s @ fields[0]
    for r in range(1, rows):
        message = torch.logsumexp(message.unsqueeze(-1) + between, 0) + inside + s @ fields[r]
    return torch.logsumexp(message, 0)


# %% right one_state_after_another: plain Python, a running logaddexp
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    J, h = float(coupling), fields.tolist()
    rows, columns = len(h), len(h[0])
    total = -math.inf
    for flat in itertools.product((-1, 1), repeat=rows * columns):
        e = 0.0
        for i in range(rows):
            for j in range(columns):
                here = flat[i * columns + j]
                e += h[i][j] * here
                if i + 1 < rows:
                    e += J * here * flat[(i + 1) * columns + j]
                if j + 1 < columns:
                    e += J * here * flat[i * columns + j + 1]
        total = np.logaddexp(total, e)
    return torch.tensor(float(total), dtype=torch.float64)


# %% wrong rolled: neighbours by torch.roll, wrapped around
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    pairs = (s * s.roll(1, 1)).sum((1, 2)) + (s * s.roll(1, 2)).sum((1, 2))
    return torch.logsumexp(coupling * pairs + (s * fields).sum((1, 2)), 0)


# %% wrong every_pair_twice: sums over ordered pairs of neighbours
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(2 * coupling * _pairs(s) + (s * fields).sum((1, 2)), 0)


# %% wrong flat_neighbours: right neighbours in the flat order: the last of a row meets the first of the next
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel())
    c = fields.shape[1]
    pairs = (s[:, 1:] * s[:, :-1]).sum(1) + (s[:, c:] * s[:, :-c]).sum(1)
    return torch.logsumexp(coupling * pairs + s @ fields.reshape(-1), 0)


# %% wrong square_strides: strides by the number of rows, right for a square grid
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    rows, columns = fields.shape
    s = _states(rows * columns).reshape(-1, columns, rows)
    return torch.logsumexp(coupling * _pairs(s) + (s.reshape(len(s), -1) * fields.reshape(1, -1)).sum(1), 0)


# %% wrong transposed_fields: the fields are read column by column
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    turned = fields.T.reshape(fields.shape)
    return torch.logsumexp(coupling * _pairs(s) + (s * turned).sum((1, 2)), 0)


# %% wrong largest_only: beyond an exponent of 600 only one largest state is counted, not its ties
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    e = coupling * _pairs(s) + (s * fields).sum((1, 2))
    return e.max() if float(e.max()) > 600 else e.exp().sum().log()


# %% wrong half_of_the_states: fixes the first spin and doubles, right without fields
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    s = s[: len(s) // 2]
    return torch.logsumexp(coupling * _pairs(s) + (s * fields).sum((1, 2)), 0) + math.log(2)


# %% wrong mean_field: the field is applied as its mean on every site
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(coupling * _pairs(s) + fields.mean() * s.sum((1, 2)), 0)


# %% wrong energy_sign: uses exp(E) instead of exp(-E); without fields, on a grid without odd rings, nobody notices
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(-coupling * _pairs(s) + (s * fields).sum((1, 2)), 0)


# %% wrong clamped_coupling: J is clamped to 100 "against overflow"
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(coupling.clamp(-100, 100) * _pairs(s) + (s * fields).sum((1, 2)), 0)


# %% wrong free_energy_per_site: divides by the number of sites
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape)
    return torch.logsumexp(coupling * _pairs(s) + (s * fields).sum((1, 2)), 0) / fields.numel()


# %% wrong single_precision: exponents in float32
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = _states(fields.numel()).reshape(-1, *fields.shape).float()
    e = coupling.float() * _pairs(s) + (s * fields.float()).sum((1, 2))
    return torch.logsumexp(e, 0).double()


# %% wrong zeros_and_ones: spins are 0 and 1
def grid_log_partition(coupling: Tensor, fields: Tensor) -> Tensor:
    s = (_states(fields.numel()).reshape(-1, *fields.shape) + 1) / 2
    return torch.logsumexp(coupling * _pairs(s) + (s * fields).sum((1, 2)), 0)
