import itertools

import torch
from torch import Tensor


def _rows(coupling, fields):
    """States of a row (M, W), log weight of each row's states (T, M), log weight between rows (M, M)."""
    s = torch.tensor(list(itertools.product((-1.0, 1.0), repeat=fields.shape[1])), dtype=torch.float64)
    inside = coupling * (s[:, 1:] * s[:, :-1]).sum(-1) + fields @ s.T
    return s, inside, coupling * s @ s.T


def _smooth(coupling, fields):
    s, inside, between = _rows(coupling, fields)
    T = len(fields)
    up = [inside[0]]
    for t in range(1, T):
        up.append(inside[t] + torch.logsumexp(up[-1][:, None] + between, 0))
    down = [torch.zeros_like(inside[0])]
    for t in range(T - 1, 0, -1):
        down.insert(0, torch.logsumexp((down[0] + inside[t]) + between, 1))
    return torch.logsumexp(up[-1], 0), torch.softmax(torch.stack(up) + torch.stack(down), -1) @ s


# %% wrong reshaped_back: turns a wide grid on its side, and gives the means back their shape with reshape instead of the transpose
def spin_means(coupling: Tensor, fields: Tensor) -> tuple[Tensor, Tensor]:
    upright = fields if fields.shape[0] >= fields.shape[1] else fields.T
    log_z, means = _smooth(coupling, upright)
    return log_z, means.reshape(fields.shape)


# %% wrong floored_messages: keeps messages as probabilities with a floor of 1e-30 so that no logarithm or division meets a zero; with strong fields and couplings the floor is far above the true value and wins
def spin_means(coupling: Tensor, fields: Tensor) -> tuple[Tensor, Tensor]:
    wide = fields.shape[0] < fields.shape[1]
    h = fields.T if wide else fields
    s, inside, between = _rows(coupling, h)
    T = len(h)
    up, log_z = [], 0.0
    for t in range(T):
        a = inside[t] if t == 0 else inside[t] + torch.logsumexp(up[-1].log()[:, None] + between, 0)
        log_z = log_z + torch.logsumexp(a, 0)
        up.append(torch.softmax(a, 0).clamp_min(1e-30))
    down = [torch.ones_like(inside[0]) / inside.shape[1]]
    for t in range(T - 1, 0, -1):
        b = torch.logsumexp(down[0].log() + inside[t] + between, 1)
        down.insert(0, torch.softmax(b, 0).clamp_min(1e-30))
    weight = torch.stack(up) * torch.stack(down)
    means = (weight / weight.sum(-1, keepdim=True)) @ s
    return log_z, means.T if wide else means


# %% wrong window_of_rows: finds the means of a row from the eight rows on either side because influence dies out, which it does not for strong couplings
def spin_means(coupling: Tensor, fields: Tensor) -> tuple[Tensor, Tensor]:
    wide = fields.shape[0] < fields.shape[1]
    h = fields.T if wide else fields
    log_z, _ = _smooth(coupling, h)
    means = []
    for t in range(len(h)):
        first = max(0, t - 8)
        means.append(_smooth(coupling, h[first:t + 9])[1][t - first])
    means = torch.stack(means)
    return log_z, means.T if wide else means
