import math

import numpy as np
import torch
from torch import Tensor


def kernel(u, v, lengthscale, scale):
    return scale**2 * torch.exp(-0.5 * ((u[:, None] - v[None, :]) / lengthscale) ** 2)


def noisy(u, lengthscale, scale, noise):
    return kernel(u, u, lengthscale, scale) + noise**2 * torch.eye(len(u), dtype=u.dtype)


def given(cov, known, asked):
    """Covariance of the values `asked` given the values `known`, index lists into cov."""
    if not len(known):
        return cov[asked][:, asked]
    gain = torch.linalg.solve(cov[known][:, known], cov[known][:, asked])
    return cov[asked][:, asked] - cov[asked][:, known] @ gain


# %% right block_by_block: condition each block on all that is known by then; logdet by slogdet
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.linalg.slogdet(left)[1])
    return torch.cat(variances), short

# %% right one_factor: one Cholesky factor of everything in units of scale; its rows give the variance left by any number of points before
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    c, total = len(context), len(targets)
    factor = torch.linalg.cholesky(noisy(u, lengthscale, 1.0, noise / scale))
    variances = torch.empty(total, dtype=torch.float64)
    for t in range(total):
        known = c + (t // block) * block
        variances[t] = factor[c + t, known : c + t + 1].square().sum()
    alone = variances.log().sum()
    together = 2 * factor.diagonal()[c:].log().sum()
    return variances * scale**2, 0.5 * (alone - together)

# %% right sweep: NumPy; points are learned one after the other by rank-one updates; floats in a list
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = np.concatenate([np.array(context, dtype=float), np.array(targets, dtype=float)])
    cov = np.exp(-((u[:, None] - u[None, :]) ** 2) / (2 * lengthscale**2)) + (noise / scale) ** 2 * np.eye(len(u))
    c, total = len(context), len(targets)

    def learn(i):
        nonlocal cov
        cov = cov - np.outer(cov[:, i], cov[i]) / cov[i, i]

    for i in range(c):
        learn(i)
    variances, short = [], 0.0
    for start in range(0, total, block):
        stop = min(start + block, total)
        first = [cov[c + t, c + t] for t in range(start, stop)]
        for t in range(start, stop):
            short += 0.5 * math.log(first[t - start] / cov[c + t, c + t])
            learn(c + t)
        variances += first
    return np.array(variances) * scale**2, short

# %% wrong without_noise: variances of the function itself; a target is seen with noise, and is predicted with it
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal() - noise**2)
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong shown_without_noise: targets are shown with their true values, so I learn the function there without noise; their values are noisy ones
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    c = len(context)
    full = kernel(u, u, lengthscale, scale)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    joint = noisy(u, lengthscale, scale, noise)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        known = list(range(c + start))
        clean = torch.tensor([noise**2 if i < c else 1e-9 * scale**2 for i in known], dtype=torch.float64)
        if known:
            inner = full[known][:, known] + torch.diag(clean)
            left = full[asked][:, asked] - full[asked][:, known] @ torch.linalg.solve(inner, full[known][:, asked])
        else:
            left = full[asked][:, asked]
        left = left + noise**2 * torch.eye(len(asked), dtype=torch.float64)
        variances.append(left.diagonal())
        short = short + 0.5 * left.diagonal().log().sum()
    whole = given(joint, list(range(c)), list(range(c, len(u))))
    return torch.cat(variances), short - 0.5 * torch.logdet(whole)

# %% wrong noise_by_input: noise is in the kernel where u equals v; two points at one input then have the same noise, and should have their own
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    cov = kernel(u, u, lengthscale, scale) + noise**2 * (u[:, None] == u[None, :]).double()
    cov = cov + 1e-10 * scale**2 * torch.eye(len(u), dtype=torch.float64)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong jitter: 1e-6 on the diagonal, as everyone does; with scales of 0.001 that is as large as the kernel
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    cov = noisy(u, lengthscale, scale, noise) + 1e-6 * torch.eye(len(u), dtype=torch.float64)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong number_of_blocks: targets.chunk(block), which makes `block` blocks, not blocks of that size; right where one is the other's value
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    cov = noisy(u, lengthscale, scale, noise)
    start = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for part in targets.chunk(block):
        asked = list(range(start, start + len(part)))
        left = given(cov, list(range(start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
        start += len(part)
    return torch.cat(variances), short

# %% wrong last_block_waits: the last, smaller block joins the one before, so that all blocks are at least full; it may be smaller, and is shown the others
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    cov = noisy(u, lengthscale, scale, noise)
    c, total = len(context), len(targets)
    starts = [block * i for i in range(max(1, total // block))]
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start, stop in zip(starts, starts[1:] + [total]):
        asked = list(range(c + start, c + stop))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong forgets_older_blocks: known are the context and the block before; blocks before that one were shown, too, and are forgotten
def shortfall(context, targets, lengthscale, scale, noise, block):
    u = torch.cat([context, targets])
    cov = noisy(u, lengthscale, scale, noise)
    c = len(context)
    whole = given(cov, list(range(c)), list(range(c, len(u))))
    variances = []
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        known = list(range(c)) + list(range(c + max(0, start - block), c + start))
        variances.append(given(cov, known, asked).diagonal())
    variances = torch.cat(variances)
    return variances, 0.5 * (variances.log().sum() - torch.logdet(whole))

# %% wrong sorted_targets: the targets are sorted by input before they are cut into blocks; the statement says in their order
def shortfall(context, targets, lengthscale, scale, noise, block):
    order = targets.argsort()
    u = torch.cat([context, targets[order]])
    cov = noisy(u, lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    back = torch.empty_like(targets)
    back[order] = torch.cat(variances)
    return back, short

# %% wrong pairs_only: minus half the sum of log(1 - rho^2) over pairs in a block; right for blocks of two, and pairs are not all
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        v = left.diagonal()
        rho = left / (v[:, None] * v[None, :]).sqrt()
        variances.append(v)
        short = short - 0.5 * torch.log1p(-rho.triu(1).square()).sum()
    return torch.cat(variances), short

# %% wrong distinct_context: two context points at one input tell the same, so one of them goes; each has noise of its own, and two know more
def shortfall(context, targets, lengthscale, scale, noise, block):
    context = torch.unique(context)
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong empty_context_is_prior: without context nothing is known, so every target has the prior's variance; blocks before are known all the same
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    if c == 0:
        variances = torch.full_like(targets, scale**2 + noise**2)
        return variances, 0.5 * (variances.log().sum() - torch.logdet(cov))
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.logdet(left))
    return torch.cat(variances), short

# %% wrong other_direction: KL from the product of the single predictions to the process; draws come from the process, so it is the other KL
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        v = left.diagonal()
        variances.append(v)
        short = short + 0.5 * ((torch.linalg.inv(left).diagonal() * v).sum() - len(v) + torch.logdet(left) - v.log().sum())
    return torch.cat(variances), short

# %% wrong determinant: logarithm of the determinant plus 1e-300; with 60 targets of small scale it is zero
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances, short = [], torch.zeros((), dtype=torch.float64)
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        left = given(cov, list(range(c + start)), asked)
        variances.append(left.diagonal())
        short = short + 0.5 * ((left.diagonal().prod() + 1e-300).log() - (torch.linalg.det(left) + 1e-300).log())
    return torch.cat(variances), short

# %% wrong always_against_the_first: variances shrink block by block, but the score is compared as if all targets had been predicted at once
def shortfall(context, targets, lengthscale, scale, noise, block):
    cov = noisy(torch.cat([context, targets]), lengthscale, scale, noise)
    c = len(context)
    variances = []
    for start in range(0, len(targets), block):
        asked = list(range(c + start, c + min(start + block, len(targets))))
        variances.append(given(cov, list(range(c + start)), asked).diagonal())
    whole = given(cov, list(range(c)), list(range(c, c + len(targets))))
    return torch.cat(variances), 0.5 * (whole.diagonal().log().sum() - torch.logdet(whole))
