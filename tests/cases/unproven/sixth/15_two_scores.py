import math
from collections import Counter, defaultdict
import numpy as np
import torch
from torch import Tensor


def entropy(rows):
    """Entropy of the rows of a matrix, in nats."""
    counts = torch.unique(rows, dim=0, return_counts=True)[1].double()
    p = counts / counts.sum()
    return float(-(p * p.log()).sum())


def informations(codes, factors):
    D, K = codes.shape[1], factors.shape[1]
    return torch.tensor([[entropy(codes[:, [j]]) + entropy(factors[:, [k]]) - entropy(torch.stack([codes[:, j], factors[:, k]], 1)) for k in range(K)] for j in range(D)], dtype=torch.float64)


def entropies(factors):
    return torch.tensor([entropy(factors[:, [k]]) for k in range(factors.shape[1])], dtype=torch.float64)


def gap_of(mi, h):
    top = mi.sort(dim=0, descending=True).values
    second = top[1] if len(top) > 1 else torch.zeros_like(h)
    return ((top[0] - second) / h).mean()


def table_of(codes, factors):
    """Votes, latents by factors, summing to one."""
    c = codes.double()
    total = c.var(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for k in range(factors.shape[1]):
        for value in factors[:, k].unique():
            rows = factors[:, k] == value
            ratio = c[rows].var(0, unbiased=False) / total
            ratio[total == 0] = math.inf
            votes[ratio.argmin(), k] += rows.double().mean() / factors.shape[1]
    return votes

# %% right by_tables: entropies from unique rows, a table of votes by value
def two_scores(codes, factors):
    return gap_of(informations(codes, factors), entropies(factors)), table_of(codes, factors).max(1).values.sum()

# %% right dictionaries: counters and plain Python, one vote for each row and factor
def two_scores(codes, factors):
    C, V = codes.tolist(), factors.tolist()
    n, D, K = len(C), len(C[0]), len(V[0])
    def var(xs):
        m = sum(xs) / len(xs)
        return sum((x - m) ** 2 for x in xs) / len(xs)
    total = [var([c[j] for c in C]) for j in range(D)]
    gap, votes = 0.0, defaultdict(Counter)
    for k in range(K):
        pv = Counter(v[k] for v in V)
        h = -sum(m / n * math.log(m / n) for m in pv.values())
        mis = []
        for j in range(D):
            pc, both = Counter(c[j] for c in C), Counter((c[j], v[k]) for c, v in zip(C, V))
            mis.append(sum(m / n * math.log(m * n / (pc[a] * pv[b])) for (a, b), m in both.items()))
        mis = sorted(mis + [0.0])
        gap += (mis[-1] - mis[-2]) / h / K
        for value, count in pv.items():
            rows = [c for c, v in zip(C, V) if v[k] == value]
            j = min((j for j in range(D) if total[j] > 0), key=lambda j: var([c[j] for c in rows]) / total[j])
            votes[j][k] += count
    return gap, sum(max(t.values()) for t in votes.values()) / (n * K)

# %% right one_hot_matrices: contingency tables by one-hot products, moments by the same
def two_scores(codes, factors):
    n, D = codes.shape
    K = factors.shape[1]
    hots = [(factors[:, [k]] == factors[:, k].unique()).double() for k in range(K)]
    alive = [j for j in range(D) if codes[:, j].min() != codes[:, j].max()]
    c = codes.double()
    z = (c - c.mean(0))[:, alive]
    z = z / z.square().mean(0).sqrt()
    plogp = lambda p: torch.special.entr(p).sum()
    gap, votes = 0.0, torch.zeros(len(alive), K, dtype=torch.float64)
    for k, hot in enumerate(hots):
        h = plogp(hot.mean(0))
        mi = [torch.zeros((), dtype=torch.float64)]
        for j in range(D):
            joint = (codes[:, [j]] == codes[:, j].unique()).double().T @ hot / n
            mi.append(plogp(joint.sum(1)) + h - plogp(joint))
        best = torch.stack(mi).topk(2).values
        gap = gap + (best[0] - best[1]) / h / K
        size = hot.sum(0)[:, None]
        inside = hot.T @ z.square() / size - (hot.T @ z / size) ** 2
        winner = inside.argmin(1)
        votes[:, k] = torch.zeros(len(alive), dtype=torch.float64).index_add(0, winner, hot.mean(0))
    return gap, votes.max(1).values.sum() / K

# %% wrong values_equally_likely: each value of a factor has one vote, not one for each of its rows; the same for balanced factors
def two_scores(codes, factors):
    c = codes.double()
    total = c.var(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for k in range(factors.shape[1]):
        values = factors[:, k].unique()
        for value in values:
            ratio = c[factors[:, k] == value].var(0, unbiased=False) / total
            ratio[total == 0] = math.inf
            votes[ratio.argmin(), k] += 1 / len(values) / factors.shape[1]
    return gap_of(informations(codes, factors), entropies(factors)), votes.max(1).values.sum()

# %% wrong rule_from_factor_to_latent: takes for each factor its most voted latent (maximum along the other axis); two factors on one latent count twice
def two_scores(codes, factors):
    return gap_of(informations(codes, factors), entropies(factors)), table_of(codes, factors).max(0).values.sum()

# %% wrong dead_latent_wins: epsilon in the denominator; a latent that never moves has ratio 0 / 1e-12 = 0 and takes the votes
def two_scores(codes, factors):
    c = codes.double()
    total = c.var(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for k in range(factors.shape[1]):
        for value in factors[:, k].unique():
            rows = factors[:, k] == value
            votes[((c[rows].var(0, unbiased=False)) / (total + 1e-12) ).argmin(), k] += rows.double().mean() / factors.shape[1]
    return gap_of(informations(codes, factors), entropies(factors)), votes.max(1).values.sum()

# %% wrong raw_variances: no division by the variance over all rows, the latent with the smallest scale wins; the same if all scales are alike
def two_scores(codes, factors):
    c = codes.double()
    total = c.var(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for k in range(factors.shape[1]):
        for value in factors[:, k].unique():
            rows = factors[:, k] == value
            inside = c[rows].var(0, unbiased=False)
            inside[total == 0] = math.inf
            votes[inside.argmin(), k] += rows.double().mean() / factors.shape[1]
    return gap_of(informations(codes, factors), entropies(factors)), votes.max(1).values.sum()

# %% wrong divided_by_the_scale: variance divided by standard deviation over all rows, a mismatch of units
def two_scores(codes, factors):
    c = codes.double()
    total = c.std(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for k in range(factors.shape[1]):
        for value in factors[:, k].unique():
            rows = factors[:, k] == value
            ratio = c[rows].var(0, unbiased=False) / total
            ratio[total == 0] = math.inf
            votes[ratio.argmin(), k] += rows.double().mean() / factors.shape[1]
    return gap_of(informations(codes, factors), entropies(factors)), votes.max(1).values.sum()

# %% wrong single_latent_has_no_gap: with one latent takes the gap to be zero (best minus the last, which is itself)
def two_scores(codes, factors):
    top = informations(codes, factors).sort(dim=0, descending=True).values
    return ((top[0] - top[min(1, len(top) - 1)]) / entropies(factors)).mean(), table_of(codes, factors).max(1).values.sum()

# %% wrong best_minus_worst: subtracts the smallest information, not the second; the same for two latents
def two_scores(codes, factors):
    mi = informations(codes, factors)
    low = mi.min(0).values if len(mi) > 1 else 0.0
    return ((mi.max(0).values - low) / entropies(factors)).mean(), table_of(codes, factors).max(1).values.sum()

# %% wrong entropy_of_even_values: log of the number of values for the factor's entropy; right for balanced factors alone
def two_scores(codes, factors):
    h = torch.tensor([math.log(len(factors[:, k].unique())) for k in range(factors.shape[1])], dtype=torch.float64)
    return gap_of(informations(codes, factors), h), table_of(codes, factors).max(1).values.sum()

# %% wrong ratio_of_sums: sum of gaps over sum of entropies; not the mean of shares, unless all entropies are alike
def two_scores(codes, factors):
    mi, h = informations(codes, factors), entropies(factors)
    top = mi.sort(dim=0, descending=True).values
    second = top[1] if len(top) > 1 else torch.zeros_like(h)
    return (top[0] - second).sum() / h.sum(), table_of(codes, factors).max(1).values.sum()

# %% wrong histogram_of_ten: cuts each code into ten bins, as the papers' code does for real-valued latents; merges values of codes with more than ten
def two_scores(codes, factors):
    c = codes.double()
    low, high = c.min(0).values, c.max(0).values
    binned = ((c - low) / (high - low).clamp(min=1e-9) * 10).floor().clamp(max=9).long()
    return gap_of(informations(binned, factors), entropies(factors)), table_of(codes, factors).max(1).values.sum()

# %% wrong thousand_votes: plays the vote with 1,000 draws of the global stream; endless votes were asked for
def two_scores(codes, factors):
    c = codes.double()
    total = c.var(0, unbiased=False)
    votes = torch.zeros(c.shape[1], factors.shape[1], dtype=torch.float64)
    for _ in range(1000):
        k = int(torch.randint(factors.shape[1], ()))
        n = int(torch.randint(len(c), ()))
        ratio = c[factors[:, k] == factors[n, k]].var(0, unbiased=False) / total
        ratio[total == 0] = math.inf
        votes[ratio.argmin(), k] += 1e-3
    return gap_of(informations(codes, factors), entropies(factors)), votes.max(1).values.sum()
