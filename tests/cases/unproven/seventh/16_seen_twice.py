import itertools
import math

import numpy as np
import torch
from torch import Tensor


def log_normal(x, mean, var):
    return -0.5 * (x - mean) ** 2 / var - 0.5 * math.log(2 * math.pi * var)


def posterior(values, weight, tau, sigma):
    """Mean and variance of c when each of these values counts `weight` times."""
    lam = 1 / tau**2 + weight * len(values) / sigma**2
    return weight * sum(values) / sigma**2 / lam, 1 / lam


def expected(values, loc, var, sigma):
    return sum(log_normal(v, loc, sigma**2) - 0.5 * var / sigma**2 for v in values)


def kl(loc, var, tau):
    return 0.5 * (var / tau**2 + loc**2 / tau**2 - 1 - math.log(var / tau**2))


def log_evidence(values, tau, sigma):
    loc, var = posterior(values, 1.0, tau, sigma)
    return expected(values, loc, var, sigma) - kl(loc, var, tau)


# %% right floats_and_combinations: plain Python numbers; the best q counts each point N/B times; list of floats made tensors
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest, count = 0.0, 0.0, 0
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice += n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau)
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest += expected(values, loc, var, sigma) - kl(loc, var, tau)
        count += 1
    return tuple(torch.tensor(v, dtype=torch.float64) for v in (log_evidence(values, tau, sigma), twice / count, honest / count))

# %% right integrals_by_hand: evidence by completing squares in units of sigma; honest as evidence less one KL; all subsets in one tensor
def seen_twice(x, tau, sigma, size):
    n = x.shape[0]
    index = torch.tensor(list(itertools.combinations(range(n), size)))
    r = (tau / sigma) ** 2
    y = x / sigma
    sub = y[index]

    def log_z(mean, squares):
        """log of the integral over c of the prior times n points with this mean and this mean square about it."""
        return (-0.5 * n * math.log(2 * math.pi * sigma**2) - 0.5 * n * squares
                - 0.5 * math.log1p(n * r) - 0.5 * n * mean**2 / (1 + n * r))

    def mean_and_square(v):
        m = v.mean(-1)
        return m, (v - m.unsqueeze(-1)).square().mean(-1)

    evidence = log_z(*mean_and_square(y))
    twice = log_z(*mean_and_square(sub)).mean()
    lam_all, lam = 1 / r + n, 1 / r + size
    off = sub.sum(-1) / lam - y.sum() / lam_all
    honest = evidence - (0.5 * (lam_all / lam - 1 - math.log(lam_all / lam)) + 0.5 * lam_all * off**2).mean()
    return evidence, twice, honest

# %% right multivariate_normals: evidence by torch's multivariate normal; the objective on a subset as a quadratic in the mean of q, solved; NumPy floats
def seen_twice(x, tau, sigma, size):
    a = np.array(x, dtype=np.float64) / tau
    s = sigma / tau
    n = len(a)
    cov = torch.eye(n, dtype=torch.float64) * s**2 + 1.0
    evidence = float(torch.distributions.MultivariateNormal(torch.zeros(n, dtype=torch.float64), cov).log_prob(torch.from_numpy(a)))
    evidence -= n * math.log(tau)

    def objective(points, weight, m, v):
        like = weight * (-0.5 * len(points) * np.log(2 * np.pi * sigma**2) - 0.5 * (((points - m) ** 2).sum() + len(points) * v) / s**2)
        return like - 0.5 * (v + m * m - 1 - np.log(v))

    twice, honest = [], []
    for sub in itertools.combinations(range(n), size):
        points = a[list(sub)]
        m, v = points.mean() * n / (n + s**2), s**2 / (n + s**2)
        twice.append(objective(points, n / size, m, v))
        m, v = points.mean() * size / (size + s**2), s**2 / (size + s**2)
        honest.append(objective(a, 1.0, m, v))
    return [evidence, float(np.mean(twice)), float(np.mean(honest))]

# %% wrong evidence_of_subset: the second is N/B times the log evidence of the subset; that pays the KL N/B times
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        twice.append(n / size * log_evidence(sub, tau, sigma))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return torch.tensor(log_evidence(values, tau, sigma), dtype=torch.float64), torch.tensor(np.mean(twice)), torch.tensor(np.mean(honest))

# %% wrong posterior_of_subset: the second is scored with the exact posterior of the subset; a higher value over q exists
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, 1.0, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong different_values: equal points give equal subsets, which I count once; a mean over subsets of points counts them all
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in sorted(set(itertools.combinations(sorted(values), size))):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong with_replacement: subsets as draws with replacement, every multiset of B points once; a subset has each point at most once
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest, weights = [], [], []
    for sub in itertools.combinations_with_replacement(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong whole_copies: the larger set has round(N/B) copies of the subset for finding q; right only where B divides N
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, max(1, round(n / size)), tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong best_mean_only: the best q has the width of the subset's posterior and only its mean moves; but q may be any Gaussian
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        mean, var = posterior(sub, 1.0, tau, sigma)
        loc, _ = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        honest.append(expected(values, mean, var, sigma) - kl(mean, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong honest_with_best_q: the third takes the q that was best for the second; it should be the exact posterior of the subset
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong only_the_others: honest means that points read are not scored, so the rest counts N / (N - B) times; it should be the ELBO of all points
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(range(n), size):
        inside = [values[i] for i in sub]
        rest = [values[i] for i in range(n) if i not in sub] or inside
        loc, var = posterior(inside, n / size, tau, sigma)
        twice.append(n / size * expected(inside, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(inside, 1.0, tau, sigma)
        honest.append(n / len(rest) * expected(rest, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong kl_of_the_other_way: evidence less KL from the whole set's posterior to q; the ELBO lacks the KL from q to the posterior
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    whole, width = posterior(values, 1.0, tau, sigma)
    evidence = log_evidence(values, tau, sigma)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(evidence - 0.5 * (width / var + (whole - loc) ** 2 / var - 1 - math.log(width / var)))
    return [evidence, float(np.mean(twice)), float(np.mean(honest))]

# %% wrong jitter: the covariance gets 1e-6 on its diagonal, so that the factorization works; at scales of 0.001 that is as much as sigma squared
def seen_twice(x, tau, sigma, size):
    n = x.shape[0]
    cov = tau**2 * torch.ones(n, n).double() + (sigma**2 + 1e-6) * torch.eye(n).double()
    evidence = torch.distributions.MultivariateNormal(torch.zeros(n).double(), cov).log_prob(x)
    values = x.tolist()
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return evidence, torch.tensor(np.mean(twice)), torch.tensor(np.mean(honest))

# %% wrong plug_in: the likelihood at the mean of q; the expectation costs half the variance of q over that of the points, for each point
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for sub in itertools.combinations(values, size):
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, 0.0, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]

# %% wrong neighbours: as subsets I take runs of neighbouring points, wrapping round; right for one point, for N - 1, and for all
def seen_twice(x, tau, sigma, size):
    values = x.tolist()
    n = len(values)
    twice, honest = [], []
    for start in range(n):
        sub = [values[(start + j) % n] for j in range(size)]
        loc, var = posterior(sub, n / size, tau, sigma)
        twice.append(n / size * expected(sub, loc, var, sigma) - kl(loc, var, tau))
        loc, var = posterior(sub, 1.0, tau, sigma)
        honest.append(expected(values, loc, var, sigma) - kl(loc, var, tau))
    return [log_evidence(values, tau, sigma), float(np.mean(twice)), float(np.mean(honest))]
