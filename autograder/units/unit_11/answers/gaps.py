# %% right elbos: Three ELBOs in closed form: evidence, best, given.
import math

import torch
from torch.distributions import MultivariateNormal


def gaps(weight, variance, x, loc, log_scale):
    data, dim = weight.shape
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance

    def elbo(m, s2):
        fit = -0.5 * ((x - m @ weight.T) ** 2).sum(-1) / variance - 0.5 * data * torch.log(2 * math.pi * variance)
        prior = -0.5 * (m**2).sum(-1) - 0.5 * dim * math.log(2 * math.pi)
        spread = -0.5 * (precision.diagonal() * s2).sum(-1)
        entropy = 0.5 * (torch.log(2 * math.pi * math.e * s2)).sum(-1)
        return fit + prior + spread + entropy

    covariance = weight @ weight.T + variance * torch.eye(data, dtype=x.dtype)
    evidence = MultivariateNormal(torch.zeros(data, dtype=x.dtype), covariance).log_prob(x)
    mean = torch.linalg.solve(precision, weight.T @ x.unsqueeze(-1) / variance).squeeze(-1)
    best = elbo(mean, (1 / precision.diagonal()).expand_as(mean))
    return evidence - best, best - elbo(loc, (2 * log_scale).exp())


# %% right formula: The two closed forms.
import torch


def gaps(weight, variance, x, loc, log_scale):
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    far = loc - mean
    quadratic = (far * (far @ precision)).sum(-1)
    scale2 = (2 * log_scale).exp()
    total = 0.5 * ((precision.diagonal() * scale2).sum(-1) + quadratic - dim - 2 * log_scale.sum(-1) - torch.logdet(precision))
    best = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    return best.expand_as(total), total - best


# %% right loop: Datum by datum, a list of two.
import torch


def one(precision, mean, loc, log_scale):
    diagonal, far = precision.diagonal(), loc - mean
    least = 0.5 * (diagonal.log().sum() - torch.logdet(precision))
    stretch = diagonal * (2 * log_scale).exp()
    return least, 0.5 * (stretch - 1 - stretch.log()).sum() + 0.5 * far @ precision @ far


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    mean = x @ weight @ torch.linalg.inv(precision) / variance
    if x.dim() == 1:
        return list(one(precision, mean, loc, log_scale))
    rows = [one(precision, *row) for row in zip(mean, loc, log_scale)]
    return [torch.stack(part) for part in zip(*rows)]


# %% right kl: KL divergences of torch.distributions, to the best and to the given q.
import torch
from torch.distributions import MultivariateNormal, kl_divergence


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    covariance = torch.linalg.inv(precision)
    posterior = MultivariateNormal(x @ weight @ covariance / variance, covariance)
    best = MultivariateNormal(posterior.mean, torch.diag_embed(1 / precision.diagonal()).expand(*loc.shape, loc.shape[-1]))
    q = MultivariateNormal(loc, torch.diag_embed((2 * log_scale).exp()))
    least = kl_divergence(best, posterior)
    return least, kl_divergence(q, posterior) - least


# %% wrong encoders_mean, from right kl: The best q is sought with the encoder's mean held fixed, and only its scales are made best.
# diagnosis: best_at_the_encoders_mean
import torch


def kl(precision, mean, loc, log_scale):
    far = loc - mean
    inside = (precision.diagonal() * (2 * log_scale).exp()).sum(-1) + ((far @ precision) * far).sum(-1)
    return 0.5 * (inside - loc.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    best = kl(precision, mean, loc, -0.5 * precision.diagonal().log().expand_as(mean))
    return best, kl(precision, mean, loc, log_scale) - best


# %% wrong log_variance, from right kl: -log Lambda is put in as a log scale, where it is a log variance.
# diagnosis: log_variance_as_log_scale
import torch


def kl(precision, mean, loc, log_scale):
    far = loc - mean
    inside = (precision.diagonal() * (2 * log_scale).exp()).sum(-1) + ((far @ precision) * far).sum(-1)
    return 0.5 * (inside - loc.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    best = kl(precision, mean, mean, -1.0 * precision.diagonal().log().expand_as(mean))
    return best, kl(precision, mean, loc, log_scale) - best


# %% wrong marginal, from right formula: The best q gets the posterior's marginal variances, which are best for the other KL divergence.
# diagnosis: marginal_variance
#-     best = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
#+     marginal = torch.linalg.inv(precision).diagonal()
#+     best = 0.5 * ((precision.diagonal() * marginal).sum() - dim - marginal.log().sum() - torch.logdet(precision))


# %% wrong mean_ignored, from right formula: Only scales are compared: the encoder's mean is taken to be right.
# diagnosis: mean_ignored
#-     far = loc - mean
#+     far = torch.zeros_like(loc)


# %% wrong no_half, from right formula: The factor one half of the Gaussian KL is dropped.
# diagnosis: no_half
#-     total = 0.5 * ((precision.diagonal() * scale2).sum(-1) + quadratic - dim - 2 * log_scale.sum(-1) - torch.logdet(precision))
#-     best = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
#+     total = ((precision.diagonal() * scale2).sum(-1) + quadratic - dim - 2 * log_scale.sum(-1) - torch.logdet(precision))
#+     best = (precision.diagonal().log().sum() - torch.logdet(precision))


# %% wrong not_per_datum, from right formula: The approximation gap does not depend on x, so one number is returned for all data.
# diagnosis: not_per_datum
#-     return best.expand_as(total), total - best
#+     return best, total - best


# %% wrong sign, from right formula: Gaps are written as ELBO minus evidence: what is missing comes out negative.
# diagnosis: sign
#-     return best.expand_as(total), total - best
#+     return -best.expand_as(total), best - total


# %% wrong swapped, from right formula: The amortization gap comes first and the approximation gap second.
# diagnosis: swapped
#-     return best.expand_as(total), total - best
#+     return total - best, best.expand_as(total)


# %% wrong total, from right formula: The whole KL divergence is given for the amortization gap: what no Gaussian could do is blamed on the encoder.
# diagnosis: total
#-     return best.expand_as(total), total - best
#+     return best.expand_as(total), total


# %% wrong variance_squared, from right kl: `variance` is taken for a standard deviation and squared once more.
# diagnosis: variance_squared
import torch


def kl(precision, mean, loc, log_scale):
    far = loc - mean
    inside = (precision.diagonal() * (2 * log_scale).exp()).sum(-1) + ((far @ precision) * far).sum(-1)
    return 0.5 * (inside - loc.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance**2
    mean = torch.linalg.solve(precision, (x @ weight / variance**2).unsqueeze(-1)).squeeze(-1)
    best = kl(precision, mean, mean, -0.5 * precision.diagonal().log().expand_as(mean))
    return best, kl(precision, mean, loc, log_scale) - best
