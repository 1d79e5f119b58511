import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right plain: logsumexp for the largest, logaddexp for the rest
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% right loops: every entry by itself, with its own stable sum of two exponentials
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    C = g.shape[-1]
    rows = logits.expand(g.shape).reshape(-1, C)
    out = []
    for l, choice, noise in zip(rows, z.reshape(-1, C), g.reshape(-1, C)):
        k = int(choice.argmax())
        m = float(l.detach().max())
        top = m + sum((l[c] - m).exp() for c in range(C)).log() + noise[k]
        row = []
        for c in range(C):
            if c == k:
                row.append(top)
                continue
            x = l[c] + noise[c]
            if float(x) < float(top):
                row.append(x - torch.log1p((x - top).exp()))
            else:
                row.append(top - torch.log1p((top - x).exp()))
        out.append(torch.stack(row))
    return torch.stack(out).reshape(g.shape)


# %% right top_down: log of an exponential number with rates that add up: -log of (E_top + E_c), all in one logsumexp over a stacked axis, winner masked by minus infinity
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    k = z.argmax(-1, keepdim=True)
    log_p = logits.log_softmax(-1)
    total = (logits - log_p)[..., :1]
    top = total + g.gather(-1, k)
    mine = (-(logits + g)).masked_fill(z.bool(), -math.inf)
    both = torch.stack([mine, (-top).expand_as(mine)], 0)
    return -both.logsumexp(0)


# %% wrong normalized_and_not_shifted_back: perturbed logits of the normalized logits: lower by the logsumexp
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    logits = logits.log_softmax(-1)
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% wrong clipped: the losers are clipped at the largest, not cut off
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = torch.minimum(logits + g, top)
    return torch.where(z > 0.5, top, losers)


# %% wrong top_detached: values right; in the losers the largest is a constant to autograd
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.logaddexp(-top.detach(), -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% wrong logsum_detached: values right; the largest is not connected to the logits at all
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits.detach(), -1, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% wrong largest_noise_on_top: the largest noise of the row decides the largest entry, and the winner's goes to the category that had it
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    best, at = g.max(-1, keepdim=True)
    own = (z * g).sum(-1, keepdim=True)
    noise = g.scatter(-1, at, own)
    top = torch.logsumexp(logits, -1, keepdim=True) + best
    losers = -torch.logaddexp(-top, -(logits + noise))
    return torch.where(z > 0.5, top, losers)


# %% wrong upside_down: the losers' uniform number counts from above: the same law, but more noise makes an entry smaller
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    mirrored = -torch.log(-torch.log1p(-torch.exp(-torch.exp(-g))))
    losers = -torch.logaddexp(-top, -(logits + mirrored))
    return torch.where(z > 0.5, top, losers)


# %% wrong unprotected_exponentials: plain exp and log: infinite where all logits lie some 750 above or below zero
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.log(torch.exp(-top) + torch.exp(-logits - g))
    return torch.where(z > 0.5, top, losers)


# %% wrong epsilon: 1e-8 inside the logarithm of the truncated law, felt where a loser is far up
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = logits - torch.log(torch.exp(logits - top) + torch.exp(-g) + 1e-8)
    return torch.where(z > 0.5, top, losers)


# %% wrong clamped_probabilities: softmax clamped at 1e-8 for the losers' logits: wrong for choices that are all but impossible
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    total = torch.logsumexp(logits, -1, keepdim=True)
    logits = torch.softmax(logits, -1).clamp_min(1e-8).log() + total
    own = (z * g).sum(-1, keepdim=True)
    top = total + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% wrong logsum_over_the_first_axis: the sum goes over axis 0 of the logits: right without a batch, wrong with one
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, 0, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers)


# %% wrong squeezed: axes of length one are squeezed away at the end: wrong shape for one sample or a batch of one
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    return torch.where(z > 0.5, top, losers).squeeze()


# %% wrong written_into_g: right numbers, but they are written into the noise that was handed in
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    own = (z * g).sum(-1, keepdim=True)
    top = torch.logsumexp(logits, -1, keepdim=True) + own
    losers = -torch.logaddexp(-top, -(logits + g))
    s = torch.where(z > 0.5, top, losers)
    g.copy_(s.detach())
    return s
