import math

import torch
from torch import Tensor

# %% right counted_parents: parents by counting how many cumulated weights lie below each uniform, and a choice by torch.where between old and new particles
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    steps, count = noise.shape[:2]
    even = torch.full_like(noise[0], -math.log(count))
    log_w, z, factors, means = even, None, [], []
    for t in range(steps):
        if t == 0:
            z = first(noise[0])
        else:
            share = log_w.exp()
            due = share.square().sum(0).reciprocal() <= below * count
            if below >= 1:
                due = torch.ones_like(due)
            if below <= 0:
                due = torch.zeros_like(due)
            reached = share.cumsum(0)
            parents = (reached.unsqueeze(0) < uniforms[t - 1].unsqueeze(1)).sum(1)
            last = count - 1 - (share > 0).flip(0).to(torch.uint8).argmax(0)
            parents = torch.minimum(parents, last.unsqueeze(0))
            z = torch.where(due, z.gather(0, parents), z)
            log_w = torch.where(due, even, log_w)
            z = move(t, z, noise[t])
        unseen = x[t].isnan()
        gain = see(t, z, x[t])
        gain = torch.where(unseen, torch.zeros_like(z), gain)
        joint = log_w + gain
        factor = torch.where(unseen, torch.zeros_like(joint[0]), joint.logsumexp(0))
        log_w = joint - joint.logsumexp(0)
        factors.append(factor)
        means.append(torch.einsum("n...,n...->...", log_w.exp(), z))
    return torch.stack(factors), torch.stack(means)

# %% wrong nan_of_see: takes NaN in the log-likelihood for the sign of a gap; what see says of a missing datum may be a number
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    T, N = noise.shape[:2]
    log_w, terms, means = torch.full_like(noise[0], -math.log(N)), [], []
    for t in range(T):
        if t == 0:
            z = first(noise[0])
        else:
            w = log_w.exp()
            need = torch.full_like(w[0], below >= 1).bool() | ((1 / (w**2).sum(0) <= below * N) & (below > 0))
            edges, u = w.cumsum(0).movedim(0, -1).contiguous(), uniforms[t - 1].movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, u).clamp(max=N - 1).movedim(-1, 0)
            z = move(t, torch.where(need, z.gather(0, parents), z), noise[t])
            log_w = torch.where(need, -math.log(N), log_w)
        lik = see(t, z, x[t])
        log_w = log_w + torch.where(lik.isnan(), torch.zeros_like(lik), lik)
        terms.append(log_w.logsumexp(0))
        log_w = log_w - terms[-1]
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(terms), torch.stack(means)

# %% wrong no_resampling_after_a_gap: does not resample after a year without a datum, since nothing was learned; the rule looks at the weights alone, before each move
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    T, N = noise.shape[:2]
    log_w, terms, means = torch.full_like(noise[0], -math.log(N)), [], []
    for t in range(T):
        if t == 0:
            z = first(noise[0])
        else:
            w = log_w.exp()
            need = torch.full_like(w[0], below >= 1).bool() | ((1 / (w**2).sum(0) <= below * N) & (below > 0))
            need = need & ~x[t - 1].isnan()
            edges, u = w.cumsum(0).movedim(0, -1).contiguous(), uniforms[t - 1].movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, u).clamp(max=N - 1).movedim(-1, 0)
            z = move(t, torch.where(need, z.gather(0, parents), z), noise[t])
            log_w = torch.where(need, -math.log(N), log_w)
        lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + lik
        terms.append(torch.where(x[t].isnan(), torch.zeros_like(log_w[0]), log_w.logsumexp(0)))
        log_w = log_w - log_w.logsumexp(0)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(terms), torch.stack(means)

# %% wrong one_maximum_for_all: subtracts the largest log weight of the whole batch before exponentiating, so a series far below the others underflows
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    T, N = noise.shape[:2]
    W, terms, means = torch.full_like(noise[0], 1 / N), [], []
    for t in range(T):
        if t == 0:
            z = first(noise[0])
        else:
            need = torch.full_like(W[0], below >= 1).bool() | ((1 / (W**2).sum(0) <= below * N) & (below > 0))
            edges, u = W.cumsum(0).movedim(0, -1).contiguous(), uniforms[t - 1].movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, u).clamp(max=N - 1).movedim(-1, 0)
            z = move(t, torch.where(need, z.gather(0, parents), z), noise[t])
            W = torch.where(need, 1 / N, W)
        lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        top = lik.max()
        w = W * (lik - top).exp()
        terms.append(torch.where(x[t].isnan(), torch.zeros_like(w[0]), w.sum(0).log() + top))
        W = w / w.sum(0)
        means.append((W * z).sum(0))
    return torch.stack(terms), torch.stack(means)

# %% wrong size_of_the_step: judges the effective sample size by the likelihoods of the last datum alone, though weights may have been carried along
def bootstrap_filter(first, move, see, x: Tensor, noise: Tensor, uniforms: Tensor, below: float) -> tuple[Tensor, Tensor]:
    T, N = noise.shape[:2]
    log_w, terms, means, lik = torch.full_like(noise[0], -math.log(N)), [], [], None
    for t in range(T):
        if t == 0:
            z = first(noise[0])
        else:
            w, step = log_w.exp(), lik.softmax(0)
            need = torch.full_like(w[0], below >= 1).bool() | ((1 / (step**2).sum(0) <= below * N) & (below > 0))
            edges, u = w.cumsum(0).movedim(0, -1).contiguous(), uniforms[t - 1].movedim(0, -1).contiguous()
            parents = torch.searchsorted(edges, u).clamp(max=N - 1).movedim(-1, 0)
            z = move(t, torch.where(need, z.gather(0, parents), z), noise[t])
            log_w = torch.where(need, -math.log(N), log_w)
        lik = torch.where(x[t].isnan(), torch.zeros_like(z), see(t, z, x[t]))
        log_w = log_w + lik
        terms.append(torch.where(x[t].isnan(), torch.zeros_like(log_w[0]), log_w.logsumexp(0)))
        log_w = log_w - log_w.logsumexp(0)
        means.append((log_w.exp() * z).sum(0))
    return torch.stack(terms), torch.stack(means)
