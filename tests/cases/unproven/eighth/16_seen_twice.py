import itertools
import math

import torch
from torch import Tensor

# %% right chain_rule_and_tempering: the evidence as a product of predictions, and both objectives as closed forms over torch.combinations
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    x, count = x.double(), len(x)
    mean, variance, evidence = 0.0, tau**2, torch.zeros((), dtype=torch.float64)
    for point in x.tolist():
        predicted = variance + sigma**2
        evidence = evidence - 0.5 * (math.log(2 * math.pi * predicted) + (point - mean) ** 2 / predicted)
        mean, variance = mean + variance / predicted * (point - mean), variance * sigma**2 / predicted

    subsets = x[torch.combinations(torch.arange(count), r=size).reshape(-1, size)]
    centre = subsets.mean(1)
    scatter = (subsets - centre[:, None]).square().mean(1)

    def answer(tell: float) -> tuple[Tensor, float]:
        width = 1 / (1 / tau**2 + tell / sigma**2)
        return width * tell / sigma**2 * centre, width

    def kl_to_prior(loc: Tensor, width: float) -> Tensor:
        return 0.5 * ((loc**2 + width) / tau**2 - 1 - math.log(width / tau**2))

    constant = -0.5 * count * math.log(2 * math.pi * sigma**2)
    loc, width = answer(count)
    twice = constant - 0.5 * count * (scatter + (centre - loc).square() + width) / sigma**2 - kl_to_prior(loc, width)
    loc, width = answer(size)
    whole = (x - loc[:, None]).square().sum(1) + count * width
    honest = constant - 0.5 * whole / sigma**2 - kl_to_prior(loc, width)
    return evidence, twice.mean(), honest.mean()

# %% wrong distinct_subsets: collects the subsets in a set of tuples of values, so equal points make fewer subsets than there are
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    N = len(x)
    evidence = torch.distributions.MultivariateNormal(torch.zeros_like(x), sigma**2 * torch.eye(N, dtype=x.dtype) + tau**2).log_prob(x)
    lam = 1 / tau**2 + N / sigma**2
    m = x.sum() / sigma**2 / lam
    twice, honest = [], []
    for subset in set(itertools.combinations(sorted(x.tolist()), size)):
        s = torch.tensor(subset, dtype=x.dtype)
        v = tau**2 + sigma**2 / N
        twice.append(-N / 2 * math.log(2 * math.pi * sigma**2) - N / size * ((s - s.mean()) ** 2).sum() / (2 * sigma**2)
                     + 0.5 * math.log(sigma**2 / N / v) - s.mean() ** 2 / (2 * v))
        lam_s = 1 / tau**2 + size / sigma**2
        m_s = s.sum() / sigma**2 / lam_s
        honest.append(evidence - 0.5 * (lam / lam_s - 1 - math.log(lam / lam_s) + lam * (m_s - m) ** 2))
    return evidence, torch.stack(twice).mean(), torch.stack(honest).mean()

# %% wrong reversed_divergence: the honest ELBO falls short by the KL from q to the posterior of the set; here the KL from the posterior to q is taken
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    N = len(x)
    evidence = torch.distributions.MultivariateNormal(torch.zeros_like(x), sigma**2 * torch.eye(N, dtype=x.dtype) + tau**2).log_prob(x)
    lam = 1 / tau**2 + N / sigma**2
    m = x.sum() / sigma**2 / lam
    twice, honest = [], []
    for subset in itertools.combinations(x.tolist(), size):
        s = torch.tensor(subset, dtype=x.dtype)
        v = tau**2 + sigma**2 / N
        twice.append(-N / 2 * math.log(2 * math.pi * sigma**2) - N / size * ((s - s.mean()) ** 2).sum() / (2 * sigma**2)
                     + 0.5 * math.log(sigma**2 / N / v) - s.mean() ** 2 / (2 * v))
        lam_s = 1 / tau**2 + size / sigma**2
        m_s = s.sum() / sigma**2 / lam_s
        honest.append(evidence - 0.5 * (lam_s / lam - 1 - math.log(lam_s / lam) + lam_s * (m_s - m) ** 2))
    return evidence, torch.stack(twice).mean(), torch.stack(honest).mean()

# %% wrong whole_repeats: repeats the points of the subset a whole number of times and takes the evidence of the larger set, right where the subset's size divides the set's
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    N = len(x)

    def log_evidence(points: Tensor) -> Tensor:
        cov = sigma**2 * torch.eye(len(points), dtype=x.dtype) + tau**2
        return torch.distributions.MultivariateNormal(torch.zeros_like(points), cov).log_prob(points)

    evidence = log_evidence(x)
    lam = 1 / tau**2 + N / sigma**2
    m = x.sum() / sigma**2 / lam
    twice, honest = [], []
    for subset in itertools.combinations(x.tolist(), size):
        s = torch.tensor(subset, dtype=x.dtype)
        twice.append(log_evidence(s.repeat(round(N / size))))
        lam_s = 1 / tau**2 + size / sigma**2
        m_s = s.sum() / sigma**2 / lam_s
        honest.append(evidence - 0.5 * (lam / lam_s - 1 - math.log(lam / lam_s) + lam * (m_s - m) ** 2))
    return evidence, torch.stack(twice).mean(), torch.stack(honest).mean()

# %% wrong sliding_windows: goes through the stretches of neighbouring points only, which are all subsets of one point or of all points, and few of those between
def seen_twice(x: Tensor, tau: float, sigma: float, size: int) -> tuple[Tensor, Tensor, Tensor]:
    N = len(x)
    evidence = torch.distributions.MultivariateNormal(torch.zeros_like(x), sigma**2 * torch.eye(N, dtype=x.dtype) + tau**2).log_prob(x)
    lam = 1 / tau**2 + N / sigma**2
    m = x.sum() / sigma**2 / lam
    subsets = x.unfold(0, size, 1)
    centre = subsets.mean(1)
    v = tau**2 + sigma**2 / N
    twice = (-N / 2 * math.log(2 * math.pi * sigma**2) - N * (subsets - centre[:, None]).square().mean(1) / (2 * sigma**2)
             + 0.5 * math.log(sigma**2 / N / v) - centre**2 / (2 * v))
    lam_s = 1 / tau**2 + size / sigma**2
    honest = evidence - 0.5 * (lam / lam_s - 1 - math.log(lam / lam_s) + lam * (size * centre / sigma**2 / lam_s - m) ** 2)
    return evidence, twice.mean(), honest.mean()
