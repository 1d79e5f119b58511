import math

import numpy as np
import torch


def blocks(residual, groups, tau, sigma, total=0.0):
    """By Woodbury, group by group."""
    for g in groups.unique():
        r = residual[groups == g]
        n = len(r)
        d = sigma**2 + n * tau**2
        quad = (r.square().sum() - tau**2 / d * r.sum() ** 2) / sigma**2
        total = total - 0.5 * (
            quad + (n - 1) * 2 * sigma.log() + d.log() + n * math.log(2 * math.pi)
        )
    return total


# %% right woodbury_loop: Group by group, in closed form.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return blocks(y - design @ beta, groups, tau, sigma)


# %% right scipy: SciPy's multivariate normal, a Python float.
from scipy.stats import multivariate_normal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = groups.numpy()[:, None] == groups.numpy()[None, :]
    S = float(tau) ** 2 * same + float(sigma) ** 2 * np.eye(len(y))
    return float(multivariate_normal.logpdf(y.numpy(), (design @ beta).numpy(), S))


# %% wrong destroys: The fixed part is taken away from the caller's y.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    y -= design @ beta
    return blocks(y, groups, tau, sigma)


# %% wrong tau_floor: tau is kept above a twentieth, "so that nothing divides by zero".
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return blocks(y - design @ beta, groups, tau.clamp(min=0.05), sigma)


# %% wrong never_positive: A log-likelihood above zero is cut off.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return torch.as_tensor(blocks(y - design @ beta, groups, tau, sigma)).clamp(max=0)


# %% wrong single_precision: In single precision.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    y, design, beta, tau, sigma = (v.float() for v in (y, design, beta, tau, sigma))
    return torch.as_tensor(blocks(y - design @ beta, groups, tau, sigma)).double()


# %% wrong runs: A group ends where the number changes: right only where the groups are sorted.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    change = torch.cat([torch.zeros(1, dtype=torch.long), (groups[1:] != groups[:-1]).long()])
    return blocks(y - design @ beta, change.cumsum(0), tau, sigma)


# %% wrong first_design_column: Only the first two columns of the design are used.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return blocks(y - design[:, :2] @ beta[:2], groups, tau, sigma)


# %% wrong sigma_floor: sigma is kept above a tenth.
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return blocks(y - design @ beta, groups, tau, sigma.clamp(min=0.1))
