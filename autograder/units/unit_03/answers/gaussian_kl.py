# %% right formula: The formula, in variances.
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    terms = log_scale_p - log_scale_q + (var_q + (loc_q - loc_p) ** 2) / (2 * var_p) - 0.5
    return terms.sum(-1)


# %% right gauss_hermite: Gauss-Hermite quadrature, exact for the quadratic log ratio with two points.
import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    total = 0.0
    for node in (-1.0, 1.0):
        z = loc_q + log_scale_q.exp() * node
        log_q = -log_scale_q - 0.5 * node**2
        log_p = -log_scale_p - 0.5 * ((z - loc_p) / log_scale_p.exp()) ** 2
        total = total + 0.5 * (log_q - log_p)
    return torch.sum(total, dim=-1)


# %% right kl_divergence: Torch.distributions.kl_divergence of independent normals.
from torch.distributions import Independent, Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    q = Independent(Normal(loc_q, log_scale_q.exp()), 1)
    p = Independent(Normal(loc_p, log_scale_p.exp()), 1)
    return kl_divergence(q, p)


# %% right loop: A loop over coordinates, cross entropy minus entropy, each written out.
import math

import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    total = torch.zeros_like(loc_q[..., 0])
    for d in range(loc_q.shape[-1]):
        s_q, s_p = torch.exp(log_scale_q[..., d]), torch.exp(log_scale_p[..., d])
        entropy = 0.5 * torch.log(2 * math.pi * math.e * s_q**2)
        mean_square = s_q**2 + (loc_q[..., d] - loc_p[..., d]) ** 2
        cross_entropy = 0.5 * torch.log(2 * math.pi * s_p**2) + mean_square / (2 * s_p**2)
        total += cross_entropy - entropy
    return total


# %% right matrices: The general formula for multivariate normals, with trace, quadratic form and log-determinants.
import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    cov_q = torch.diag_embed(torch.exp(2 * log_scale_q))
    cov_p = torch.diag_embed(torch.exp(2 * log_scale_p))
    precision = torch.linalg.inv(cov_p)
    shift = (loc_p - loc_q).unsqueeze(-1)
    trace = (precision @ cov_q).diagonal(dim1=-2, dim2=-1).sum(-1)
    quadratic = (shift.transpose(-1, -2) @ precision @ shift).squeeze(-1).squeeze(-1)
    return 0.5 * (trace + quadratic - loc_q.shape[-1] + torch.logdet(cov_p) - torch.logdet(cov_q))


# %% wrong half_lost, from right formula: The minus one half of every coordinate is missing: the KL of a Gaussian to itself must be zero.
# diagnosis: half_lost
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2)).sum(-1)


# %% wrong half_of_one_term, from right formula: The factor one half belongs to all but the logarithm of s_p / s_q, or to the whole bracket if that is a logarithm of variances: compare at equal means and scales.
# diagnosis: half_of_one_term
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2) / (2 * log_scale_p).exp()
    return (2 * (log_scale_p - log_scale_q) + inside - 0.5).sum(-1)


# %% wrong log_scale_as_scale, from right formula: log_scale is the logarithm of the standard deviation: exponentiate it before use.
# diagnosis: log_scale_as_scale
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q, log_scale_p
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)


# %% wrong log_scale_in_squares, from right formula: In the squares, too, log_scale must be exponentiated: it is the logarithm of the standard deviation.
# diagnosis: log_scale_as_scale
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = (log_scale_q**2 + (loc_q - loc_p) ** 2) / (2 * log_scale_p**2)
    return (log_scale_p - log_scale_q + inside - 0.5).sum(-1)


# %% wrong log_sign, from right formula: The logarithm has the wrong sign: it is log(s_p / s_q), so that a narrow q is paid for.
# diagnosis: log_sign
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_q / s_p).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)


# %% wrong mean_over_dim, from right formula: You averaged over the coordinates. The KL of independent coordinates adds up: sum the last axis.
# diagnosis: mean_over_dim
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (ratio.exp() + ((loc_q - loc_p) / log_scale_p.exp()) ** 2 - 1 - ratio).mean(-1)


# %% wrong no_sum, from right kl_divergence: You returned one number per coordinate. Sum over the last axis.
# diagnosis: no_sum
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp()))


# %% wrong reversed, from right kl_divergence: This is KL(p || q). The order matters: the expectation is under the first argument, q.
# diagnosis: reversed
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(Normal(loc_p, log_scale_p.exp()), Normal(loc_q, log_scale_q.exp())).sum(-1)


# %% wrong sampled, from right kl_divergence: Two calls with the same arguments gave two answers: you drew samples.
# diagnosis: sampled
from torch.distributions import Normal


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    q, p = Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())
    z = q.sample((20000,))
    return (q.log_prob(z) - p.log_prob(z)).sum(-1).mean(0)


# %% wrong scale_as_variance, from right formula: exp(log_scale) is a standard deviation; you used it as a variance.
# diagnosis: scale_as_variance
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = log_scale_q.exp(), log_scale_p.exp()
    return 0.5 * ((var_p / var_q).log() + (var_q + (loc_q - loc_p) ** 2) / var_p - 1).sum(-1)


# %% wrong shift_not_scaled, from right formula: The distance between the means is not divided by the variance of p.
# diagnosis: shift_not_scaled
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = (2 * (log_scale_q - log_scale_p)).exp()
    return (log_scale_p - log_scale_q + (ratio + (loc_q - loc_p) ** 2 - 1) / 2).sum(-1)


# %% wrong variance_as_scale, from right kl_divergence: You put variances where standard deviations belong (torch's Normal takes the standard deviation).
# diagnosis: variance_as_scale
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    return kl_divergence(Normal(loc_q, var_q), Normal(loc_p, var_p)).sum(-1)
