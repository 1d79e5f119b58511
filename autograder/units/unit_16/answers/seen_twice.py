# %% right formulas: Conjugate formulas, subset by subset.
import itertools
import math

import torch


def seen_twice(x, tau, sigma, size):
    def posterior(points, power=1.0):
        variance = 1 / (1 / tau**2 + power * len(points) / sigma**2)
        return variance * power * points.sum() / sigma**2, variance

    def log_evidence(points, power=1.0):
        mean, variance = posterior(points, power)
        at_mean = power * (-0.5 * ((points - mean) / sigma) ** 2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)).sum()
        return at_mean - 0.5 * (mean / tau) ** 2 + 0.5 * math.log(variance / tau**2)

    evidence = log_evidence(x)
    loc, exact = posterior(x)
    twice, honest = [], []
    for chosen in itertools.combinations(range(len(x)), size):
        points = x[list(chosen)]
        twice.append(log_evidence(points, len(x) / size))
        mean, variance = posterior(points)
        ratio = variance / exact
        kl = 0.5 * (ratio - 1 - math.log(ratio) + (mean - loc) ** 2 / exact)
        honest.append(evidence - kl)
    return evidence, torch.stack(twice).mean(), torch.stack(honest).mean()


# %% right elbos: Expected log-likelihoods and KLs, each at its own best q; in NumPy.
import itertools

import numpy as np


def seen_twice(x, tau, sigma, size):
    x = x.numpy()
    count = len(x)

    def elbo(points, weight, mean, variance):
        likelihood = -0.5 * np.log(2 * np.pi * sigma**2) - 0.5 * ((points - mean) ** 2 + variance) / sigma**2
        kl = 0.5 * (variance / tau**2 + mean**2 / tau**2 - 1 - np.log(variance / tau**2))
        return weight * likelihood.sum() - kl

    def q(points, weight):
        variance = 1 / (tau**-2 + weight * len(points) / sigma**2)
        return weight * points.sum() / sigma**2 * variance, variance

    subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
    weight = count / size
    twice = [elbo(one, weight, *q(one, weight)) for one in subsets]
    honest = [elbo(x, 1.0, *q(one, 1.0)) for one in subsets]
    return elbo(x, 1.0, *q(x, 1.0)), np.mean(twice), np.mean(honest)


# %% right moments: The evidence by a determinant; means over subsets by the variance of a mean without replacement.
import math

import torch
from torch.distributions import MultivariateNormal


def seen_twice(x, tau, sigma, size):
    n = len(x)
    covariance = tau**2 * torch.ones(n, n, dtype=x.dtype) + sigma**2 * torch.eye(n, dtype=x.dtype)
    evidence = MultivariateNormal(torch.zeros_like(x), covariance).log_prob(x)
    spread = x.var() if n > 1 else torch.zeros((), dtype=x.dtype)
    of_mean = spread * (1 / size - 1 / n)                    # the variance of a subset's mean
    whole, part = 1 / tau**2 + n / sigma**2, 1 / tau**2 + size / sigma**2
    twice = evidence + 0.5 * (n / sigma**2) ** 2 * of_mean / whole
    squares = (size / sigma**2 / part) ** 2 * (of_mean + x.mean() ** 2)
    offset = squares - 2 * (size / sigma**2 / part) * (n / sigma**2 / whole) * x.mean() ** 2
    offset = offset + (n / sigma**2 / whole * x.mean()) ** 2
    kl = 0.5 * (whole / part - 1 - math.log(whole / part) + whole * offset)
    return [evidence, twice, evidence - kl]


# %% wrong subset_only, from right elbos: The subset is scored once.
# diagnosis: subset_alone
#-     twice = [elbo(one, weight, *q(one, weight)) for one in subsets]
#+     twice = [elbo(one, 1.0, *q(one, 1.0)) for one in subsets]


# %% wrong all_scaled, from right elbos: The whole ELBO of the subset is scaled, its KL as well.
# diagnosis: evidence_scaled
#-     twice = [elbo(one, weight, *q(one, weight)) for one in subsets]
#+     twice = [weight * elbo(one, 1.0, *q(one, 1.0)) for one in subsets]


# %% wrong posterior_scored, from right elbos: The posterior of the subset is scored, and not the best q.
# diagnosis: posterior_of_the_subset
#-     twice = [elbo(one, weight, *q(one, weight)) for one in subsets]
#+     twice = [elbo(one, weight, *q(one, 1.0)) for one in subsets]


# %% wrong sure_q, from right elbos: q believes that it has seen N points, in the bound as well.
# diagnosis: powered_posterior
#-     honest = [elbo(x, 1.0, *q(one, 1.0)) for one in subsets]
#+     honest = [elbo(x, 1.0, *q(one, weight)) for one in subsets]


# %% wrong other_kl, from right formulas: The KL of the posterior from q.
# diagnosis: kl_reversed
#-         kl = 0.5 * (ratio - 1 - math.log(ratio) + (mean - loc) ** 2 / exact)
#+         kl = 0.5 * (1 / ratio - 1 + math.log(ratio) + (mean - loc) ** 2 / variance)


# %% wrong above, from right formulas: The KL is added.
# diagnosis: kl_added
#-         honest.append(evidence - kl)
#+         honest.append(evidence + kl)


# %% wrong no_centre, from right formulas: The points are taken to be independent.
# diagnosis: points_independent
#-     evidence = log_evidence(x)
#+     evidence = sum(log_evidence(x[i : i + 1]) for i in range(len(x)))


# %% wrong no_constant, from right formulas: The constants are left out.
# diagnosis: constant_lost
#-         at_mean = power * (-0.5 * ((points - mean) / sigma) ** 2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)).sum()
#+         at_mean = power * (-0.5 * ((points - mean) / sigma) ** 2 - math.log(sigma)).sum()


# %% wrong unbiased, from right elbos: As if a subset stood for its set without bias.
# diagnosis: evidence_of_the_set
#-     return elbo(x, 1.0, *q(x, 1.0)), np.mean(twice), np.mean(honest)
#+     return elbo(x, 1.0, *q(x, 1.0)), elbo(x, 1.0, *q(x, 1.0)), np.mean(honest)


# %% wrong log_of_mean, from right formulas: The logarithm of the mean over subsets.
# diagnosis: log_of_mean
#-     return evidence, torch.stack(twice).mean(), torch.stack(honest).mean()
#+     return evidence, torch.stack(twice).logsumexp(0) - math.log(len(twice)), torch.stack(honest).mean()


# %% wrong first_subset, from right elbos: The first subset for all.
# diagnosis: value or described or dictionary
#-     return elbo(x, 1.0, *q(x, 1.0)), np.mean(twice), np.mean(honest)
#+     return elbo(x, 1.0, *q(x, 1.0)), twice[0], honest[0]


# %% wrong with_replacement, from right elbos: Subsets in which a point may occur more than once.
# diagnosis: value or described or dictionary
#-     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
#+     subsets = [np.array(one) for one in itertools.combinations_with_replacement(x.tolist(), size)]


# %% wrong whole_ratio, from right elbos: N/B rounded down.
# diagnosis: ratio_rounded or value or described or dictionary or autopsy or not_finite or either
#-     weight = count / size
#+     weight = count // size


# %% wrong distinct_subsets, from right elbos: Subsets that hold the same values count once.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
#+     subsets = [np.array(one) for one in {tuple(sorted(one)) for one in itertools.combinations(x.tolist(), size)}]


# %% wrong neighbours_only, from right elbos: Subsets of points that stand next to each other.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
#+     subsets = [x[i : i + size] for i in range(count - size + 1)]


# %% wrong at_most_a_hundred, from right elbos: The first hundred subsets.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
#+     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)][:100]


# %% wrong least_variance, from right elbos: Variances are kept above a millionth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         variance = 1 / (tau**-2 + weight * len(points) / sigma**2)
#+         variance = max(1 / (tau**-2 + weight * len(points) / sigma**2), 1e-6)


# %% wrong flat_prior, from right elbos: q is made without the prior.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-         variance = 1 / (tau**-2 + weight * len(points) / sigma**2)
#+         variance = 1 / (weight * len(points) / sigma**2)


# %% wrong mean_q, from right elbos: One q for all subsets: the posterior of a subset at the mean of the set.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     honest = [elbo(x, 1.0, *q(one, 1.0)) for one in subsets]
#+     honest = [elbo(x, 1.0, *q(0 * one + x.mean(), 1.0)) for one in subsets]


# %% wrong left_out_scored, from right elbos: The points that q has not seen are scored.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     honest = [elbo(x, 1.0, *q(one, 1.0)) for one in subsets]
#+     honest = [elbo(np.array([y for y in x if y not in one]), 1.0, *q(one, 1.0)) for one in subsets]


# %% wrong best_honest, from right elbos: The highest bound over subsets.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return elbo(x, 1.0, *q(x, 1.0)), np.mean(twice), np.mean(honest)
#+     return elbo(x, 1.0, *q(x, 1.0)), np.mean(twice), np.max(honest)


# %% wrong sampled_subsets, from right elbos: Two hundred subsets at random.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     subsets = [np.array(one) for one in itertools.combinations(x.tolist(), size)]
#+     rng = np.random.default_rng(0)
#+     subsets = [rng.choice(x, size, replace=False) for _ in range(200)]


# %% wrong single, from right elbos: In single precision.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     x = x.numpy()
#+     x = x.numpy().astype(np.float32)
