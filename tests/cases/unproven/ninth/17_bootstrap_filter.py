import math

import torch
from torch import Tensor

# %% wrong last_datum_only: the effective sample size is that of the last datum's weights alone, as if a series began anew at every step; what a series has carried along is not counted
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    steps, count = noise.shape[:2]
    z, log_w = first(noise[0]), torch.full_like(noise[0], -math.log(count))
    factors, means = [], []
    for t in range(steps):
        gap = x[t].isnan()
        log_lik = torch.where(gap, torch.zeros_like(z), see(t, z, torch.where(gap, torch.zeros_like(x[t]), x[t])))
        log_w = log_w + log_lik
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
        if t + 1 < steps:
            size = 1 / log_lik.softmax(0).square().sum(0)
            needed = size <= below * count
            edges = log_w.exp().cumsum(0).movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, uniforms[t].movedim(0, -1).contiguous()).clamp(max=count - 1).movedim(-1, 0)
            z = torch.where(needed, z.gather(0, parents), z)
            log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t + 1, z, noise[t + 1])
    return torch.stack(factors), torch.stack(means)

# %% wrong whole_particles: the threshold is rounded down to a whole number of particles, int(below * N); an effective sample size is no whole number, and may lie between the two
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    steps, count = noise.shape[:2]
    z, log_w = first(noise[0]), torch.full_like(noise[0], -math.log(count))
    factors, means, threshold = [], [], int(below * count)
    for t in range(steps):
        gap = x[t].isnan()
        log_lik = see(t, z, torch.where(gap, torch.zeros_like(x[t]), x[t]))
        log_w = log_w + torch.where(gap, torch.zeros_like(z), log_lik)
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
        if t + 1 < steps:
            needed = 1 / log_w.exp().square().sum(0) <= threshold
            edges = log_w.exp().cumsum(0).movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, uniforms[t].movedim(0, -1).contiguous()).clamp(max=count - 1).movedim(-1, 0)
            z = torch.where(needed, z.gather(0, parents), z)
            log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t + 1, z, noise[t + 1])
    return torch.stack(factors), torch.stack(means)

# %% wrong sorted_uniforms: the uniforms are sorted before the search, as one pass over the weights then finds all parents; the children are the same together, but not particle i's, which has a noise of its own
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    steps, count = noise.shape[:2]
    z, log_w = first(noise[0]), torch.full_like(noise[0], -math.log(count))
    ordered = uniforms.sort(1).values
    factors, means = [], []
    for t in range(steps):
        gap = x[t].isnan()
        log_lik = see(t, z, torch.where(gap, torch.zeros_like(x[t]), x[t]))
        log_w = log_w + torch.where(gap, torch.zeros_like(z), log_lik)
        factor = log_w.logsumexp(0)
        log_w = log_w - factor
        factors.append(factor)
        means.append((log_w.exp() * z).sum(0))
        if t + 1 < steps:
            needed = 1 / log_w.exp().square().sum(0) <= below * count
            edges = log_w.exp().cumsum(0).movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, ordered[t].movedim(0, -1).contiguous()).clamp(max=count - 1).movedim(-1, 0)
            z = torch.where(needed, z.gather(0, parents), z)
            log_w = torch.where(needed, torch.full_like(log_w, -math.log(count)), log_w)
            z = move(t + 1, z, noise[t + 1])
    return torch.stack(factors), torch.stack(means)
