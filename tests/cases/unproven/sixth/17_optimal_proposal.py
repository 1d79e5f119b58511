import math

import numpy as np
import torch
from torch.distributions import MultivariateNormal


# %% right gain: Kalman's gain and the Cholesky root of the innovation's covariance
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% right precisions: covariance by precisions, the weight by MultivariateNormal
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    q_inv, r_inv = torch.linalg.inv(transition_cov), torch.linalg.inv(emission_cov)
    cov = torch.linalg.inv(q_inv + emission.T @ r_inv @ emission)
    cov = (cov + cov.T) / 2
    off = x - ahead @ emission.T
    mean = ahead + off @ (cov @ emission.T @ r_inv).T
    marginal = MultivariateNormal(torch.zeros(len(emission_cov), dtype=x.dtype), emission @ transition_cov @ emission.T + emission_cov)
    return mean, cov, marginal.log_prob(off)


# %% right one_at_a_time: whitened measurements one after the other, in NumPy
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    # whitened measurements are independent: take them in one after the other, each a rank-one step, and add up their log densities
    a, q, c, r = (part.numpy() for part in (transition, transition_cov, emission, emission_cov))
    root = np.linalg.cholesky(r)
    c_white = np.linalg.solve(root, c)
    mean = previous.numpy() @ a.T
    data = np.broadcast_to(np.linalg.solve(root, x.numpy()[..., None])[..., 0], mean.shape[:-1] + (len(r),))
    cov = q.copy()
    log_weight = np.full(mean.shape[:-1], -np.log(np.diag(root)).sum())
    for k in range(len(r)):
        row = c_white[k]
        s = row @ cov @ row + 1.0
        off = data[..., k] - mean @ row
        log_weight = log_weight - 0.5 * (off**2 / s + np.log(2 * np.pi * s))
        mean = mean + off[..., None] * (cov @ row) / s
        keep = np.eye(len(q)) - np.outer(cov @ row, row) / s
        cov = keep @ cov @ keep.T + np.outer(cov @ row, cov @ row) / s**2
    return torch.from_numpy(mean), torch.from_numpy(cov), torch.from_numpy(np.asarray(log_weight))


# %% wrong weight_at_the_mean: takes p(x | z) at the proposal's mean for the weight, with R alone; no mean of z_t may be left in it
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    root = torch.linalg.cholesky(emission_cov)
    white = torch.linalg.solve_triangular(root, (x - mean @ emission.T).unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong spread_is_r: the innovation's density with R only, the noise of the move left out; near where Q is small
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(emission_cov)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong no_constants: drops log 2 pi, 'weights are relative'; all constants were asked
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum()
    return mean, cov, log_weight


# %% wrong half_log_pi: one half log 2 pi whatever p is; right for p = 1
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong untransposed: moves rows by A, not its transpose; right for symmetric A and d = 1
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong jitter: adds 1e-6 to the diagonal 'for stability'; R may be a ten thousandth, and seven digits are asked
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov + 1e-6 * torch.eye(len(emission_cov), dtype=x.dtype)
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong diagonal_r: reads only R's diagonal, as if measurements were independent; right for p = 1
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + torch.diag(emission_cov.diagonal())
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong density_then_log: exponentiates the density and takes its logarithm: -inf where x is hundreds away
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight.exp().log()


# %% wrong r_added_in_place: adds C Q C' to the caller's R in place; right answers, and the argument is spoilt for the next call
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission_cov.add_(emission @ cross)
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong single_inverse: inverts in single precision; a ten thousandth for R leaves three or four digits
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = (cross.float() @ torch.linalg.inv(spread.float())).double()
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean, cov, log_weight


# %% wrong squeezed: squeezes the particles' axis away and back by broadcasting: shapes lack an axis for N = 1 or a batch of 1
def optimal_proposal(transition, transition_cov, emission, emission_cov, previous, x):
    ahead = previous @ transition.T
    cross = transition_cov @ emission.T
    spread = emission @ cross + emission_cov
    gain = torch.linalg.solve(spread, cross.T).T
    off = x - ahead @ emission.T
    mean = ahead + off @ gain.T
    cov = transition_cov - gain @ spread @ gain.T
    root = torch.linalg.cholesky(spread)
    white = torch.linalg.solve_triangular(root, off.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(spread) * math.log(2 * math.pi)
    return mean.squeeze(), cov, log_weight.squeeze()
