import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right plain: the formula in log space
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% right loops: sample by sample and row by row, put back together with stack
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = g.shape[-1]
    rows = logits.expand(g.shape).reshape(-1, C)
    zs, qs = [], []
    for l, noise in zip(rows, g.reshape(-1, C)):
        s = [(l[c] + noise[c]) / temperature for c in range(C)]
        total = s[0]
        for c in range(1, C):
            total = torch.logaddexp(total, s[c])
        log_z = [x - total for x in s]
        inner = l[0] - temperature * log_z[0]
        for c in range(1, C):
            inner = torch.logaddexp(inner, l[c] - temperature * log_z[c])
        q = -C * inner + (C - 1) * math.log(temperature)
        for n in range(1, C):
            q = q + math.log(n)
        for c in range(C):
            q = q + l[c] - (temperature + 1) * log_z[c]
        zs.append(torch.stack([x.exp() for x in log_z]))
        qs.append(q)
    return torch.stack(zs).reshape(g.shape), torch.stack(qs).reshape(g.shape[:-1])


# %% right from_noise: the density written in the noise: l - tau log z is -g plus a constant, so the inner sum is one of exp(-g); returned as a list
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    n = g.size(-1)
    scaled = (logits + g).div(temperature)
    level = scaled.logsumexp(-1, keepdim=True)
    log_z = scaled - level
    # sum_k exp(l_k) z_k^-tau = exp(tau level) sum_k exp(-g_k)
    gumbel_part = (-g).logsumexp(-1) + temperature * level.squeeze(-1)
    log_q = torch.lgamma(torch.tensor(float(n), dtype=g.dtype)) + (n - 1) * math.log(temperature) - n * gumbel_part
    log_q = log_q + logits.sum(-1) - (temperature + 1) * log_z.sum(-1)
    return [torch.softmax(scaled, -1), log_q]


# %% wrong no_factorial: the factor (C - 1)! is lost, which is one for two categories
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong log_of_c_minus_one: log(C - 1) for log (C - 1)!, right for two and three categories
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.log(C - 1) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong tau_to_the_c: tau to the power C, not C - 1; right at temperature one
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + C * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong density_of_log_z: the density of log z (ExpConcrete): the Jacobian of exp is not in it
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - temperature * log_z).sum(-1)
    return z, log_q


# %% wrong z_detached: values right; log_q is not connected to the logits through z
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_z = log_z.detach()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong logits_detached_in_density: values right; log_q is connected to the logits through z only
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    logits = logits.detach()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong log_of_clamped_softmax: log of the softmax clamped at 1e-300, wrong where entries underflow
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    z = torch.softmax((logits + g) / temperature, dim=-1)
    log_z = z.clamp_min(1e-300).log()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong unprotected_exp: exp of the logits unprotected: overflows where not normalized logits are all large
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * (logits.exp() * (-temperature * log_z).exp()).sum(-1).log() + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong first_axis_counted: C is the first axis of logits: right without a batch axis, or where B = C
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[0]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong softmax_along_axis_one: softmax and sums along axis one, the categories only if there is no batch
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong noise_in_place: right numbers and gradients, but the logits are added to g in place
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    C = logits.shape[-1]
    g += logits
    log_z = torch.log_softmax(g / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q


# %% wrong clamped_temperature: temperatures below 0.1 are taken for 0.1, for safety
def gumbel_softmax(logits: Tensor, temperature: float, g: Tensor):
    temperature = max(temperature, 0.1)
    C = logits.shape[-1]
    log_z = torch.log_softmax((logits + g) / temperature, dim=-1)
    z = log_z.exp()
    log_q = math.lgamma(C) + (C - 1) * math.log(temperature) - C * torch.logsumexp(logits - temperature * log_z, -1) + (logits - (temperature + 1) * log_z).sum(-1)
    return z, log_q
