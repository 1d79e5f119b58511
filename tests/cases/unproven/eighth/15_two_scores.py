import math
from collections import Counter

import torch
from torch import Tensor

# %% right counted_by_dictionaries: plain Python counts; entropies of Counters for the information, and votes in a Counter of pairs
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    latents, truths = list(zip(*codes.tolist(), strict=True)), list(zip(*factors.tolist(), strict=True))
    total = len(truths[0])

    def entropy(values) -> float:
        return math.log(total) - math.fsum(n * math.log(n) for n in Counter(values).values()) / total

    def variance(values) -> float:
        values = list(values)
        centre = math.fsum(values) / len(values)
        return math.fsum((value - centre) ** 2 for value in values) / len(values)

    gaps, votes = [], Counter()
    whole = [variance(latent) for latent in latents]
    for f, truth in enumerate(truths):
        shared = sorted((entropy(z) + entropy(truth) - entropy(zip(z, truth, strict=True)) for z in latents), reverse=True)
        own = entropy(truth)
        gaps.append((shared[0] - (shared + [0.0])[1]) / own if own > 0 else 0.0)
        for value, count in Counter(truth).items():
            ratios = {
                d: variance(z for z, v in zip(latent, truth, strict=True) if v == value) / whole[d]
                for d, latent in enumerate(latents) if whole[d] > 0
            }
            if ratios:
                votes[min(ratios, key=ratios.get), f] += count
    right = sum(max(votes[d, f] for f in range(len(truths))) for d in range(len(latents)))
    return torch.tensor(math.fsum(gaps) / len(gaps), dtype=torch.float64), torch.tensor(right / (total * len(truths)), dtype=torch.float64)

# %% wrong log_of_count: takes the logarithm of the number of values for a factor's entropy, which holds where all its values are equally frequent
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    N, D = codes.shape
    H = lambda v: (lambda p: -(p * p.log()).sum())(torch.unique(v, dim=0, return_counts=True)[1].double() / N)
    z = codes.double()
    whole = z.var(0, correction=0)
    gap, votes = 0.0, torch.zeros(D, factors.shape[1], dtype=torch.float64)
    for f in range(factors.shape[1]):
        v = factors[:, f]
        info = torch.stack([H(codes[:, [d]]) + H(v[:, None]) - H(torch.stack([codes[:, d].double(), v.double()], 1)) for d in range(D)])
        best = torch.cat([info, info.new_zeros(1)]).sort(descending=True).values
        gap = gap + (best[0] - best[1]) / math.log(len(v.unique())) / factors.shape[1]
        for value in v.unique():
            rows = v == value
            ratio = torch.where(whole > 0, z[rows].var(0, correction=0) / whole, torch.inf)
            votes[ratio.argmin(), f] += rows.double().mean() / factors.shape[1]
    return gap, votes.amax(1).sum()

# %% wrong distinct_values: finds the second best by the distinct values of information, so that two latents that tell equally much count as one
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    N, D = codes.shape
    H = lambda v: (lambda p: -(p * p.log()).sum())(torch.unique(v, dim=0, return_counts=True)[1].double().sort().values / N)
    z = codes.double()
    whole = z.var(0, correction=0)
    gap, votes = 0.0, torch.zeros(D, factors.shape[1], dtype=torch.float64)
    for f in range(factors.shape[1]):
        v = factors[:, f]
        info = torch.stack([H(codes[:, [d]]) + H(v[:, None]) - H(torch.stack([codes[:, d].double(), v.double()], 1)) for d in range(D)])
        best = torch.cat([info.new_zeros(1), (info.clamp(min=0) * 1e10).round().unique() / 1e10]).sort(descending=True).values
        gap = gap + (best[0] - best[1]) / H(v[:, None]) / factors.shape[1]
        for value in v.unique():
            rows = v == value
            ratio = torch.where(whole > 0, z[rows].var(0, correction=0) / whole, torch.inf)
            votes[ratio.argmin(), f] += rows.double().mean() / factors.shape[1]
    return gap, votes.amax(1).sum()

# %% wrong one_vote_per_factor: averages the relative variances over a factor's values first, and lets each factor vote once; votes are taken value by value
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    N, D = codes.shape
    H = lambda v: (lambda p: -(p * p.log()).sum())(torch.unique(v, dim=0, return_counts=True)[1].double() / N)
    z = codes.double()
    whole = z.var(0, correction=0)
    gap, votes = 0.0, torch.zeros(D, factors.shape[1], dtype=torch.float64)
    for f in range(factors.shape[1]):
        v = factors[:, f]
        info = torch.stack([H(codes[:, [d]]) + H(v[:, None]) - H(torch.stack([codes[:, d].double(), v.double()], 1)) for d in range(D)])
        best = torch.cat([info, info.new_zeros(1)]).sort(descending=True).values
        gap = gap + (best[0] - best[1]) / H(v[:, None]) / factors.shape[1]
        within = sum((v == value).double().mean() * z[v == value].var(0, correction=0) for value in v.unique())
        votes[torch.where(whole > 0, within / whole, torch.inf).argmin(), f] += 1 / factors.shape[1]
    return gap, votes.amax(1).sum()

# %% wrong pairs_equally_likely: lets every pair of a factor and one of its values vote alike, so factors with more values vote more and rare values as often as frequent ones
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    N, D = codes.shape
    H = lambda v: (lambda p: -(p * p.log()).sum())(torch.unique(v, dim=0, return_counts=True)[1].double() / N)
    z = codes.double()
    whole = z.var(0, correction=0)
    gap, votes = 0.0, torch.zeros(D, factors.shape[1], dtype=torch.float64)
    for f in range(factors.shape[1]):
        v = factors[:, f]
        info = torch.stack([H(codes[:, [d]]) + H(v[:, None]) - H(torch.stack([codes[:, d].double(), v.double()], 1)) for d in range(D)])
        best = torch.cat([info, info.new_zeros(1)]).sort(descending=True).values
        gap = gap + (best[0] - best[1]) / H(v[:, None]) / factors.shape[1]
        for value in v.unique():
            ratio = torch.where(whole > 0, z[v == value].var(0, correction=0) / whole, torch.inf)
            votes[ratio.argmin(), f] += 1
    return gap, votes.amax(1).sum() / votes.sum()
