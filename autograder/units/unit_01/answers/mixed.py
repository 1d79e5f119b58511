# %% right by_group: Groups are independent: one small Gaussian each.
import torch
from torch.distributions import MultivariateNormal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    total = torch.zeros((), dtype=y.dtype)
    for group in groups.unique():
        own = groups == group
        n = int(own.sum())
        cov = tau**2 * torch.ones(n, n, dtype=y.dtype) + sigma**2 * torch.eye(n, dtype=y.dtype)
        total = total + MultivariateNormal(design[own] @ beta, cov).log_prob(y[own])
    return total


# %% right dense: One Gaussian with the dense covariance.
import torch
from torch.distributions import MultivariateNormal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    covariance = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    return MultivariateNormal(design @ beta, covariance).log_prob(y)


# %% right low_rank: A factor for the groups, and a diagonal for the noise.
import torch
from torch.distributions import LowRankMultivariateNormal
from torch.nn.functional import one_hot


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    indicator = one_hot(torch.unique(groups, return_inverse=True)[1]).to(y.dtype)
    return LowRankMultivariateNormal(design @ beta, tau * indicator, (sigma**2).expand(len(y))).log_prob(y)


# %% right scipy: Scipy's multivariate normal.
import numpy as np
from scipy.stats import multivariate_normal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    y, design, groups, beta = (np.asarray(item) for item in (y, design, groups, beta))
    z = (groups[:, None] == np.unique(groups)).astype(float)
    return multivariate_normal(design @ beta, float(tau) ** 2 * z @ z.T + float(sigma) ** 2 * np.eye(len(y))).logpdf(y)


# %% right woodbury: In closed form, from the mean and the size of each group.
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    _, index = torch.unique(groups, return_inverse=True)
    size = torch.bincount(index).to(r)
    total = torch.zeros_like(size).scatter_add(0, index, r)
    inner = sigma**2 + size * tau**2
    quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
    log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
    return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))


# %% wrong adjacent_rows, from right woodbury: A group is taken to end where the label changes: right on every sorted table, wrong as soon as rows are shuffled.
# diagnosis: adjacent_rows
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     run = torch.unique_consecutive(groups, return_inverse=True)[1]
#+     same = (run[:, None] == run[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong beta_dropped, from right woodbury: The mean of y was taken for zero: all attention went to the covariance.
# diagnosis: beta_dropped
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y
    n = len(y)
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
    quadratic = r @ torch.linalg.solve(v, r)
    return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong det, from right woodbury: log(det V): the determinant of 600 rows is zero in floating point, long before its logarithm is anything remarkable.
# diagnosis: underflow
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.log(torch.linalg.det(v)) + n * math.log(2 * math.pi))


# %% wrong det_2pi, from right dense: The determinant of 2 pi V, straight from the formula, leaves the range of floating point, and its logarithm with it.
# diagnosis: underflow
import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    covariance = tau**2 * (groups[:, None] == groups) + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    residual = y - design @ beta
    return -0.5 * (residual @ torch.linalg.solve(covariance, residual) + torch.log(torch.det(2 * torch.pi * covariance)))


# %% wrong deviance, from right woodbury: -2 log p, the deviance, as statistics programs print it.
# diagnosis: deviance
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong divided_by_tau, from right woodbury: Woodbury's identity with 1 / tau^2 in it: right, except where the groups do not matter at all.
# diagnosis: zero_scale
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     z = (groups[:, None] == groups.unique()).to(y.dtype)
#+     precision = torch.eye(z.shape[1], dtype=y.dtype) / tau**2 + z.T @ z / sigma**2
#+     b = z.T @ r / sigma**2
#+     quadratic = (r @ r) / sigma**2 - b @ torch.linalg.solve(precision, b)
#+     log_det = torch.linalg.slogdet(precision).logabsdet + 2 * z.shape[1] * torch.log(tau) + 2 * n * torch.log(sigma)
#+     return -0.5 * (quadratic + log_det + n * math.log(2 * math.pi))


# %% wrong independent_rows, from right woodbury: Each row has the right variance, and no row knows of another: what makes a mixed model one is left out.
# diagnosis: independent_rows
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = (tau**2 + sigma**2) * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong latents_at_zero, from right woodbury: The random intercepts are set to their mean, zero, which is an ordinary regression with noise sigma.
# diagnosis: latents_at_zero
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong lost_2pi, from right dense: The constant is dropped, as one may when maximizing; another program's log-likelihood is then missed.
# diagnosis: lost_2pi
import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
    quadratic = r @ torch.linalg.solve(v, r)
    return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet)


# %% wrong lost_log_det, from right woodbury: Only the quadratic form is left. Without the log-determinant a larger variance is always better.
# diagnosis: lost_log_det
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + n * math.log(2 * math.pi))


# %% wrong one_group, from right woodbury: One intercept for all rows: tau^2 stands everywhere in the covariance, as if there were a single group.
# diagnosis: one_group
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = torch.ones(n, n, dtype=y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong plug_in, from right woodbury: The intercepts are set to their best guess, which looks like integrating and is not: their uncertainty is lost.
# diagnosis: plug_in
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     guess = tau**2 * same @ torch.linalg.solve(v, r)
#+     return -0.5 * (((r - guess) / sigma) ** 2).sum() - n * torch.log(sigma) - 0.5 * n * math.log(2 * math.pi)


# %% wrong reml, from right woodbury: The restricted likelihood, the default of statsmodels and lme4, which integrates over beta where beta is given.
# diagnosis: reml
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     information = design.T @ torch.linalg.solve(v, design)
#+     constant = (n - design.shape[1]) * math.log(2 * math.pi)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + torch.linalg.slogdet(information).logabsdet + constant)


# %% wrong scales_as_variances, from right woodbury: Both standard deviations stand in the covariance unsquared.
# diagnosis: scales_as_variances
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau * same + sigma * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong sigma_as_variance, from right woodbury: sigma stands in the covariance unsquared, and tau does not: the noise was thought of as a variance.
# diagnosis: sigma_as_variance
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau**2 * same + sigma * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong tau_as_variance, from right woodbury: tau stands in the covariance unsquared, as in programs that report the variance of the groups.
# diagnosis: tau_as_variance
#-     _, index = torch.unique(groups, return_inverse=True)
#-     size = torch.bincount(index).to(r)
#-     total = torch.zeros_like(size).scatter_add(0, index, r)
#-     inner = sigma**2 + size * tau**2
#-     quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
#-     log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
#-     return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
#+     n = len(y)
#+     same = (groups[:, None] == groups[None, :]).to(y.dtype)
#+     v = tau * same + sigma**2 * torch.eye(n, dtype=y.dtype)
#+     quadratic = r @ torch.linalg.solve(v, r)
#+     return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))


# %% wrong destroys_y, from right woodbury: The fixed part is taken away from the caller's y in place, so that the next call starts from the residuals.
# diagnosis: argument_changed
#-     r = y - design @ beta
#+     r = y.sub_(design @ beta)


# %% wrong sigma_floor, from right woodbury: sigma is kept above a tenth, so that nothing divides by zero. Good instruments are better than that.
# diagnosis: sigma_floor
#-     r = y - design @ beta
#+     r, sigma = y - design @ beta, sigma.clamp(min=0.1)
