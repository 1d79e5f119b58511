# %% right grid: The trapezoid rule on a fine grid.
import math

import torch
import torch.nn.functional as F


def same_data(first, second, x, latent_dim):
    axis = torch.linspace(-7, 7, 141, dtype=torch.float64)
    z = axis[:, None] if latent_dim == 1 else torch.cartesian_prod(axis, axis)
    found = []
    with torch.no_grad():
        for decoder in (first, second):
            logits = decoder(z)
            log_joint = x @ logits.T - F.softplus(logits).sum(-1) - 0.5 * z.square().sum(-1)
            log_p = log_joint.logsumexp(-1) + latent_dim * (math.log(0.1) - 0.5 * math.log(2 * math.pi))
            found.append((log_p, log_joint.softmax(-1) @ z))
    (log_p, mean), (other_log_p, other_mean) = found
    return (log_p - other_log_p).abs().max(), (mean - other_mean).norm(dim=-1).max()


# %% right loops: NumPy: a sum over equally spaced points, probabilities, and a loop over data.
import numpy as np
import torch


def same_data(first, second, x, latent_dim):
    nodes = np.linspace(-7.0, 7.0, 141)
    weights = np.exp(-0.5 * nodes**2)
    weights = weights / weights.sum()
    if latent_dim == 1:
        z, w = nodes[:, None], weights
    else:
        a, b = np.meshgrid(nodes, nodes)
        z, w = np.stack([a.ravel(), b.ravel()], 1), np.outer(weights, weights).ravel()
    keep = w > 1e-22
    z, w = z[keep], w[keep]
    on = [decoder(torch.from_numpy(z)).detach().sigmoid().numpy() for decoder in (first, second)]
    gap, moved = 0.0, 0.0
    for row in x.numpy():
        logs, means = [], []
        for chance in on:
            joint = w * np.prod(np.where(row > 0.5, chance, 1 - chance), 1)
            logs.append(np.log(joint.sum()))
            means.append(joint @ z / joint.sum())
        gap = max(gap, abs(logs[0] - logs[1]))
        moved = max(moved, float(np.sqrt(np.sum((means[0] - means[1]) ** 2))))
    return gap, moved


# %% right polar: Two latents in polar coordinates, one by Simpson's rule.
import math

import numpy as np
import torch
import torch.nn.functional as F


def same_data(first, second, x, latent_dim):
    if latent_dim == 1:
        z = torch.linspace(-9, 9, 1201, dtype=torch.float64)[:, None]
        weight = torch.ones(1201, dtype=torch.float64)
        weight[1:-1:2], weight[2:-1:2] = 4, 2
        log_weight = (weight * 18 / 1200 / 3).log() - 0.5 * z[:, 0] ** 2 - 0.5 * math.log(2 * math.pi)
    else:
        nodes, weights = (torch.from_numpy(one) for one in np.polynomial.legendre.leggauss(120))
        r = 4.5 * (nodes + 1)
        angle = torch.arange(120, dtype=torch.float64) * (2 * math.pi / 120)
        z = torch.stack([(r[:, None] * angle.cos()).flatten(), (r[:, None] * angle.sin()).flatten()], -1)
        log_weight = (weights * r).log()[:, None].expand(120, 120).flatten() - 0.5 * z.square().sum(-1)
        log_weight = log_weight - log_weight.logsumexp(0)
    parts = []
    for decoder in (first, second):
        logits = decoder(z).detach()
        log_joint = (x[:, None] * F.logsigmoid(logits) + (1 - x[:, None]) * F.logsigmoid(-logits)).sum(-1) + log_weight
        parts.append((log_joint.logsumexp(-1), log_joint.softmax(-1) @ z))
    gap = torch.max(torch.abs(parts[0][0] - parts[1][0]))
    moved = torch.sqrt(((parts[0][1] - parts[1][1]) ** 2).sum(-1)).max()
    return torch.stack([gap, moved])


# %% wrong average, from right grid: The mean over the data.
# diagnosis: mean_for_largest
#-     return (log_p - other_log_p).abs().max(), (mean - other_mean).norm(dim=-1).max()
#+     return (log_p - other_log_p).abs().mean(), (mean - other_mean).norm(dim=-1).max()


# %% wrong one_sided, from right grid: The largest difference, with its sign.
# diagnosis: signed or value
#-     return (log_p - other_log_p).abs().max(), (mean - other_mean).norm(dim=-1).max()
#+     return (log_p - other_log_p).max(), (mean - other_mean).norm(dim=-1).max()


# %% wrong no_logarithm, from right loops: Differences of p(x).
# diagnosis: probabilities
#-             logs.append(np.log(joint.sum()))
#+             logs.append(joint.sum())


# %% wrong no_prior, from right grid: The prior is not in the integral.
# diagnosis: prior_forgotten
#-             log_joint = x @ logits.T - F.softplus(logits).sum(-1) - 0.5 * z.square().sum(-1)
#+             log_joint = x @ logits.T - F.softplus(logits).sum(-1)


# %% wrong mean_of_logs, from right loops: The mean of log p(x | z) under the prior.
# diagnosis: mean_of_logarithms
#-             logs.append(np.log(joint.sum()))
#+             logs.append(w @ np.log(np.prod(np.where(row > 0.5, chance, 1 - chance), 1)))


# %% wrong at_zero, from right grid: The decoders are compared at z = 0.
# diagnosis: one_latent
#-             log_p = log_joint.logsumexp(-1) + latent_dim * (math.log(0.1) - 0.5 * math.log(2 * math.pi))
#+             log_p = log_joint[:, len(z) // 2]


# %% wrong coordinate, from right grid: The largest coordinate of the move.
# diagnosis: largest_coordinate
#-     return (log_p - other_log_p).abs().max(), (mean - other_mean).norm(dim=-1).max()
#+     return (log_p - other_log_p).abs().max(), (mean - other_mean).abs().max()


# %% wrong square, from right loops: The squared distance.
# diagnosis: squared
#-         moved = max(moved, float(np.sqrt(np.sum((means[0] - means[1]) ** 2))))
#+         moved = max(moved, float(np.sum((means[0] - means[1]) ** 2)))


# %% wrong small_grid, from right grid: The grid ends at two.
# diagnosis: value
#-     axis = torch.linspace(-7, 7, 141, dtype=torch.float64)
#+     axis = torch.linspace(-2, 2, 41, dtype=torch.float64)


# %% wrong few_draws, from right grid: A few thousand draws from the prior in place of a grid.
# diagnosis: value
#-     z = axis[:, None] if latent_dim == 1 else torch.cartesian_prod(axis, axis)
#+     z = torch.randn(4000, latent_dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
#@@
#-             log_joint = x @ logits.T - F.softplus(logits).sum(-1) - 0.5 * z.square().sum(-1)
#+             log_joint = x @ logits.T - F.softplus(logits).sum(-1)
