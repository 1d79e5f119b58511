import torch
from torch import Tensor


def entropy(labels: Tensor) -> Tensor:
    share = labels.unique(return_counts=True, dim=0)[1].double() / len(labels)
    return -(share * share.log()).sum()


def information(code: Tensor, factor: Tensor) -> Tensor:
    return entropy(code) + entropy(factor) - entropy(torch.stack([code, factor], 1))


def by_votes(codes: Tensor, factors: Tensor) -> Tensor:
    values = codes.double()
    overall = values.var(0, unbiased=False)
    moving = (overall > 0).nonzero().squeeze(-1)
    votes = torch.zeros(codes.shape[1], factors.shape[1], dtype=torch.float64)
    for f in range(factors.shape[1]):
        for value in factors[:, f].unique():
            rows = values[factors[:, f] == value][:, moving]
            votes[moving[(rows.var(0, unbiased=False) / overall[moving]).argmin()], f] += len(rows)
    return votes.amax(1).sum() / votes.sum()

# %% wrong second_value: the second best is the second largest *different* information; where two latents tell equally much of a factor the gap is zero, and here the third is taken for the second
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    gaps = []
    for factor in factors.T:
        told = torch.stack([information(code, factor) for code in codes.T]).round(decimals=12).unique()
        second = told[-2] if len(told) > 1 else (told[-1] if codes.shape[1] > 1 else torch.zeros((), dtype=told.dtype))
        gaps.append((told[-1] - second) / entropy(factor))
    return torch.stack(gaps).mean(), by_votes(codes, factors)

# %% wrong ten_bins: latents are cut into ten bins of equal width before they are counted, as the papers do with continuous ones; whole numbers with more than ten values fall together
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    values = codes.double()
    low, high = values.amin(0), values.amax(0)
    binned = (10 * (values - low) / (high - low).clamp(min=1)).floor().clamp(max=9).long()
    gaps = []
    for factor in factors.T:
        told = torch.stack([information(code, factor) for code in binned.T]).sort(descending=True).values
        second = told[1] if len(told) > 1 else 0.0
        gaps.append((told[0] - second) / entropy(factor))
    return torch.stack(gaps).mean(), by_votes(codes, factors)

# %% wrong pooled_gap: the gaps are added up over the factors and divided by the sum of the entropies; the mean of ratios is that only where all factors have the same entropy
def two_scores(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    above, below = 0.0, 0.0
    for factor in factors.T:
        told = torch.stack([information(code, factor) for code in codes.T]).sort(descending=True).values
        above = above + told[0] - (told[1] if len(told) > 1 else 0.0)
        below = below + entropy(factor)
    return above / below, by_votes(codes, factors)
