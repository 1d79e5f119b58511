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


# %% right vmap: A function of four numbers, mapped over all entries.
import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    def one(m, r, n, t):
        return t - r + 0.5 * ((2 * (r - t)).exp() + ((m - n) * (-t).exp()) ** 2 - 1)

    flat = [value.reshape(-1) for value in (loc_q, log_scale_q, loc_p, log_scale_p)]
    return torch.func.vmap(one)(*flat).reshape(loc_q.shape).sum(-1)


# %% wrong half_lost, from right formula: The minus one half, from the expected square under q itself, is forgotten: the KL of a Gaussian to itself comes out as D/2.
# diagnosis: half_lost
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2)).sum(-1)


# %% wrong half_of_one_term, from right formula: The logarithm of variances is pulled out of the bracket without its one half, so that it counts twice.
# diagnosis: half_of_one_term
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = ((2 * log_scale_q).exp() + (loc_q - loc_p) ** 2) / (2 * log_scale_p).exp()
    return (2 * (log_scale_p - log_scale_q) + inside - 0.5).sum(-1)


# %% wrong log_scale_as_scale, from right formula: The arguments are read as scales; their logarithms are often negative, and the logarithm of a negative ratio is NaN.
# diagnosis: log_scale_as_scale
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q, log_scale_p
    return ((s_p / s_q).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)


# %% wrong log_scale_in_squares, from right formula: The logarithm is right, since log-scales subtract; in the squares the log-scales themselves stand for the scales.
# diagnosis: log_scale_as_scale
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    inside = (log_scale_q**2 + (loc_q - loc_p) ** 2) / (2 * log_scale_p**2)
    return (log_scale_p - log_scale_q + inside - 0.5).sum(-1)


# %% wrong log_sign, from right formula: The ratio in the logarithm stands upside down, so that a narrow q is rewarded and the divergence can be negative.
# diagnosis: log_sign
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    s_q, s_p = log_scale_q.exp(), log_scale_p.exp()
    return ((s_q / s_p).log() + (s_q**2 + (loc_q - loc_p) ** 2) / (2 * s_p**2) - 0.5).sum(-1)


# %% wrong mean_over_dim, from right formula: mean(-1), out of habit with losses; the KL of independent coordinates is their sum, and an average hides the dimension.
# diagnosis: mean_over_dim
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = 2 * (log_scale_q - log_scale_p)
    return 0.5 * (ratio.exp() + ((loc_q - loc_p) / log_scale_p.exp()) ** 2 - 1 - ratio).mean(-1)


# %% wrong no_sum, from right kl_divergence: Torch's Normal knows no event axis, so its KL keeps the coordinates apart; Independent, or a sum, is what joins them.
# diagnosis: no_sum
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp()))


# %% wrong reversed, from right kl_divergence: The arguments are exchanged, since p comes first in the alphabet: KL(p || q) agrees where the scales do, and nowhere else.
# diagnosis: reversed
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    return kl_divergence(Normal(loc_p, log_scale_p.exp()), Normal(loc_q, log_scale_q.exp())).sum(-1)


# %% wrong sampled, from right kl_divergence: The expectation is estimated from 20,000 draws: near the answer, different at each call, and the exact value was asked for.
# diagnosis: sampled
from torch.distributions import Normal


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    q, p = Normal(loc_q, log_scale_q.exp()), Normal(loc_p, log_scale_p.exp())
    z = q.sample((20000,))
    return (q.log_prob(z) - p.log_prob(z)).sum(-1).mean(0)


# %% wrong scale_as_variance, from right formula: exp(log_scale) is used as a variance, as if the logarithm were that of a variance, which many VAE codes do learn.
# diagnosis: scale_as_variance
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = log_scale_q.exp(), log_scale_p.exp()
    return 0.5 * ((var_p / var_q).log() + (var_q + (loc_q - loc_p) ** 2) / var_p - 1).sum(-1)


# %% wrong shift_not_scaled, from right formula: The ratio of the variances is formed first, and the squared distance of the means is added to it without its own division.
# diagnosis: shift_not_scaled
def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    ratio = (2 * (log_scale_q - log_scale_p)).exp()
    return (log_scale_p - log_scale_q + (ratio + (loc_q - loc_p) ** 2 - 1) / 2).sum(-1)


# %% wrong variance_as_scale, from right kl_divergence: Variances are handed to torch's Normal, whose second argument is a standard deviation whatever N(m, v) means on paper.
# diagnosis: variance_as_scale
from torch.distributions import Normal, kl_divergence


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    return kl_divergence(Normal(loc_q, var_q), Normal(loc_p, var_p)).sum(-1)


# %% wrong log_scale_clamped, from right formula: The log-scales are clamped for safety, as in training code: right for everyday scales, and another function beyond them.
# diagnosis: described
#-     var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
#+     log_scale_q, log_scale_p = log_scale_q.clamp(-10, 10), log_scale_p.clamp(-10, 10)
#+     var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()


# %% wrong in_place, from right formula: The means are subtracted in place, which saves a tensor and destroys the caller's own.
# diagnosis: argument_changed
#-     terms = log_scale_p - log_scale_q + (var_q + (loc_q - loc_p) ** 2) / (2 * var_p) - 0.5
#+     loc_q -= loc_p
#+     terms = log_scale_p - log_scale_q + (var_q + loc_q**2) / (2 * var_p) - 0.5


# %% wrong epsilon_in_division, from right formula: A small number is added to the variance of p, against division by zero; for a narrow p it is no longer small.
# diagnosis: described
#-     terms = log_scale_p - log_scale_q + (var_q + (loc_q - loc_p) ** 2) / (2 * var_p) - 0.5
#+     terms = log_scale_p - log_scale_q + (var_q + (loc_q - loc_p) ** 2) / (2 * var_p + 1e-8) - 0.5
