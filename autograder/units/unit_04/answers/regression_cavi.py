# %% right formulas: Formulas, term by term.
import math

import torch


def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    precision = alpha * torch.eye(D).to(features) + mean_tau * features.T @ features
    cov = torch.linalg.inv(precision)
    loc = mean_tau * cov @ features.T @ y
    squares = (y - features @ loc).square().sum() + (features @ cov * features).sum()
    a, b = torch.as_tensor(shape + N / 2).to(y), rate + squares / 2
    tau, log_tau = a / b, torch.digamma(a) - b.log()
    size = loc.square().sum() + cov.trace()
    likelihood = N / 2 * (log_tau - math.log(2 * math.pi)) - tau * squares / 2
    prior_w = D / 2 * math.log(alpha / (2 * math.pi)) - alpha * size / 2
    prior_tau = shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * tau
    entropy_w = D / 2 * math.log(2 * math.pi * math.e) + torch.linalg.slogdet(cov)[1] / 2
    entropy_tau = a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    return loc, cov, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau


# %% right divergences: The fit less two divergences, with torch.distributions.
import math

import torch
from torch.distributions import Gamma, MultivariateNormal, kl_divergence


def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    eye = torch.eye(D, dtype=y.dtype)
    root = torch.linalg.cholesky(alpha * eye + mean_tau * features.mT @ features)
    cov = torch.cholesky_inverse(root)
    cov = (cov + cov.mT) / 2
    loc = torch.cholesky_solve((mean_tau * features.mT @ y)[:, None], root)[:, 0]
    squares = ((y - features @ loc) ** 2).sum() + torch.einsum("nd,de,ne->", features, cov, features)
    a = torch.tensor(shape, dtype=y.dtype) + N / 2
    b = rate + squares / 2
    fit = N / 2 * (a.digamma() - b.log() - math.log(2 * math.pi)) - a / b * squares / 2
    prior = MultivariateNormal(torch.zeros(D, dtype=y.dtype), eye / alpha)
    of_w = kl_divergence(MultivariateNormal(loc, cov), prior)
    of_tau = kl_divergence(Gamma(a, b), Gamma(torch.tensor(shape, dtype=y.dtype), torch.tensor(rate, dtype=y.dtype)))
    return loc, cov, a, b, fit - of_w - of_tau


# %% right loops: NumPy, a datum at a time; after its own update q(tau) meets its normalizer, and half of the terms cancel.
import numpy as np
from scipy.special import digamma, gammaln


def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    F, y = np.asarray(features), np.asarray(y)
    D = F.shape[1]
    precision, pull = alpha * np.eye(D), np.zeros(D)
    for f, target in zip(F, y):
        precision = precision + mean_tau * np.outer(f, f)
        pull = pull + mean_tau * f * target
    cov = np.linalg.inv(precision)
    loc = cov @ pull
    a, b = float(shape), float(rate)
    for f, target in zip(F, y):
        a += 0.5
        b += 0.5 * ((target - f @ loc) ** 2 + f @ cov @ f)
    log_z = gammaln(a) - a * np.log(b) - gammaln(shape) + shape * np.log(rate)
    of_w = 0.5 * (D * np.log(alpha) - alpha * (loc @ loc + np.trace(cov)) + D + np.linalg.slogdet(cov)[1])
    return loc, cov, a, b, log_z + of_w - len(y) / 2 * np.log(2 * np.pi)


# %% wrong plug_in, from right formulas: The mean of w is put in for w.
# diagnosis: plug_in
#-     squares = (y - features @ loc).square().sum() + (features @ cov * features).sum()
#+     squares = (y - features @ loc).square().sum()


# %% wrong conjugate, from right formulas: The prior of w scales with the noise, as in the lecture's normal.
# diagnosis: prior_scaled
#-     precision = alpha * torch.eye(D).to(features) + mean_tau * features.T @ features
#+     precision = mean_tau * (alpha * torch.eye(D).to(features) + features.T @ features)


# %% wrong weights_counted, from right formulas: Shape and rate as if the prior of w scaled with the noise.
# diagnosis: weights_counted
#-     a, b = torch.as_tensor(shape + N / 2).to(y), rate + squares / 2
#+     a, b = torch.as_tensor(shape + (N + D) / 2).to(y), rate + squares / 2


# %% wrong degrees, from right formulas: The number of weights is taken off the number of data.
# diagnosis: degrees_of_freedom
#-     a, b = torch.as_tensor(shape + N / 2).to(y), rate + squares / 2
#+     a, b = torch.as_tensor(shape + (N - D) / 2).to(y), rate + squares / 2


# %% wrong fully_factorized, from right formulas: q(w) factorizes over the weights, too.
# diagnosis: factorized
#-     cov = torch.linalg.inv(precision)
#+     cov = torch.diag(1 / precision.diagonal())


# %% wrong prior_variance, from right formulas: alpha is taken for the prior's variance.
# diagnosis: prior_variance
#-     precision = alpha * torch.eye(D).to(features) + mean_tau * features.T @ features
#+     precision = torch.eye(D).to(features) / alpha + mean_tau * features.T @ features


# %% wrong precision, from right formulas: The precision comes back.
# diagnosis: precision_returned
#-     return loc, cov, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau
#+     return loc, precision, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong mean_without_noise, from right formulas: The mean of w lacks the precision of the noise.
# diagnosis: no_noise
#-     loc = mean_tau * cov @ features.T @ y
#+     loc = cov @ features.T @ y


# %% wrong log_of_mean, from right formulas: log E tau for E log tau.
# diagnosis: log_of_mean
#-     tau, log_tau = a / b, torch.digamma(a) - b.log()
#+     tau, log_tau = a / b, (a / b).log()


# %% wrong no_entropy, from right formulas: The entropies are left out.
# diagnosis: no_entropy
#-     return loc, cov, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau
#+     return loc, cov, a, b, likelihood + prior_w + prior_tau


# %% wrong no_prior_tau, from right formulas: E log p(tau) is left out.
# diagnosis: no_prior_term
#-     return loc, cov, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau
#+     return loc, cov, a, b, likelihood + prior_w + entropy_w + entropy_tau


# %% wrong scale, from right formulas: The Gamma distribution by its scale.
# diagnosis: rate_for_scale
#-     return loc, cov, a, b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau
#+     return loc, cov, a, 1 / b, likelihood + prior_w + prior_tau + entropy_w + entropy_tau


# %% wrong before_the_pass, from right formulas: The bound is taken before q(tau) has moved.
# diagnosis: old_tau
#-     likelihood = N / 2 * (log_tau - math.log(2 * math.pi)) - tau * squares / 2
#+     likelihood = N / 2 * (log_tau - math.log(2 * math.pi)) - mean_tau * squares / 2


# %% wrong half_lost, from right formulas: Each datum counts one in the shape, not a half.
# diagnosis: half_lost
#-     a, b = torch.as_tensor(shape + N / 2).to(y), rate + squares / 2
#+     a, b = torch.as_tensor(shape + N).to(y), rate + squares / 2
