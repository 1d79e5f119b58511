# %% right tables: Joint tables by counting; votes by variance within a value.
import torch


def entropy(counts):
    share = counts.double().flatten() / counts.sum()
    return torch.special.entr(share).sum()


def two_scores(codes, factors):
    rows = len(codes)
    gaps = []
    for v in factors.T:
        told = []
        for z in codes.T:
            pairs = torch.stack([z, v], 1)
            h = [entropy(one.unique(dim=0, return_counts=True)[1]) for one in (z, v, pairs)]
            told.append(h[0] + h[1] - h[2])
        told = torch.stack([*told, torch.zeros_like(told[0])]).sort(descending=True).values
        gaps.append((told[0] - told[1]) / entropy(v.unique(return_counts=True)[1]))
    z = codes.double()
    spread = z.var(0, correction=0)
    table = torch.zeros(z.shape[1], factors.shape[1], dtype=torch.float64)
    for k, v in enumerate(factors.T):
        for value in v.unique():
            chosen = z[v == value]
            still = torch.where(spread > 0, chosen.var(0, correction=0) / spread, torch.inf)
            table[still.argmin(), k] += len(chosen) / rows
    return torch.stack(gaps).mean(), table.max(1).values.sum() / factors.shape[1]


# %% right loops: Plain Python: dictionaries of counts, and a rule looked up vote by vote.
import math
from collections import Counter


def two_scores(codes, factors):
    codes, factors = codes.tolist(), factors.tolist()
    rows, latents, kinds = len(codes), len(codes[0]), len(factors[0])

    def h(items):
        return -sum(n / rows * math.log(n / rows) for n in Counter(items).values())

    total = 0.0
    for k in range(kinds):
        v = [row[k] for row in factors]
        told = [0.0]
        for j in range(latents):
            z = [row[j] for row in codes]
            told.append(h(z) + h(v) - h(list(zip(z, v))))
        told.sort()
        total += (told[-1] - told[-2]) / h(v)

    def variance(numbers):
        mean = sum(numbers) / len(numbers)
        return sum((number - mean) ** 2 for number in numbers) / len(numbers)

    spread = [variance([row[j] for row in codes]) for j in range(latents)]
    cast = Counter()
    for k in range(kinds):
        for value in {row[k] for row in factors}:
            members = [i for i in range(rows) if factors[i][k] == value]
            still = {j: variance([codes[i][j] for i in members]) / spread[j] for j in range(latents) if spread[j] > 0}
            cast[min(still, key=still.get), k] += len(members)
    agreed = sum(max(cast[j, k] for k in range(kinds)) for j in range(latents))
    return total / kinds, agreed / (rows * kinds)


# %% right numpy: One-hot matrices and matrix products.
import numpy as np


def two_scores(codes, factors):
    z, v = np.asarray(codes), np.asarray(factors)

    def one_hot(column):
        return (column[:, None] == np.unique(column)).astype(float)

    def h(p):
        p = p[p > 0]
        return -(p * np.log(p)).sum()

    hot = [one_hot(column) for column in v.T]
    gaps = []
    for o in hot:
        told = [0.0]
        for column in z.T:
            joint = one_hot(column).T @ o / len(z)
            told.append(h(joint.sum(0)) + h(joint.sum(1)) - h(joint))
        told = np.sort(told)
        gaps.append((told[-1] - told[-2]) / h(o.mean(0)))
    alive = z.var(0) > 0
    scaled = (z[:, alive] - z[:, alive].mean(0)) / z[:, alive].std(0)
    table = np.zeros((alive.sum(), len(hot)))
    for k, o in enumerate(hot):
        share = o.mean(0)
        mean = o.T @ scaled / o.sum(0)[:, None]
        still = o.T @ scaled**2 / o.sum(0)[:, None] - mean**2
        for value, winner in enumerate(still.argmin(1)):
            table[winner, k] += share[value]
    return np.mean(gaps), table.max(1).sum() / len(hot)


# %% wrong best_alone, from right loops: No rival.
# diagnosis: no_rival
#-         total += (told[-1] - told[-2]) / h(v)
#+         total += told[-1] / h(v)


# %% wrong in_nats, from right loops: Not divided by the entropy.
# diagnosis: not_normalized
#-         total += (told[-1] - told[-2]) / h(v)
#+         total += told[-1] - told[-2]


# %% wrong mixed_units, from right tables: Bits over nats.
# diagnosis: bits_over_nats
#-         gaps.append((told[0] - told[1]) / entropy(v.unique(return_counts=True)[1]))
#+         gaps.append((told[0] - told[1]) / torch.tensor(2.0).double().log() / entropy(v.unique(return_counts=True)[1]))


# %% wrong third, from right loops: The third best for the rival.
# diagnosis: third_for_second
#-         told = [0.0]
#+         told = [0.0, 0.0]
#@@
#-         total += (told[-1] - told[-2]) / h(v)
#+         total += (told[-1] - told[-3]) / h(v)


# %% wrong summed, from right numpy: The sum over factors.
# diagnosis: summed_factors
#-     return np.mean(gaps), table.max(1).sum() / len(hot)
#+     return np.sum(gaps), table.max(1).sum() / len(hot)


# %% wrong own_units, from right tables: Variances in the latents' own units.
# diagnosis: variance_not_relative or either
#-             still = torch.where(spread > 0, chosen.var(0, correction=0) / spread, torch.inf)
#+             still = torch.where(spread > 0, chosen.var(0, correction=0), torch.inf)


# %% wrong values_alike, from right numpy: Each value counts the same.
# diagnosis: values_alike
#-         share = o.mean(0)
#+         share = np.full(o.shape[1], 1 / o.shape[1])


# %% wrong turned_rule, from right tables: For each factor its best latent.
# diagnosis: rule_turned
#-     return torch.stack(gaps).mean(), table.max(1).values.sum() / factors.shape[1]
#+     return torch.stack(gaps).mean(), table.max(0).values.sum() / factors.shape[1]


# %% wrong dead_wins, from right tables: A latent that never moves wins.
# diagnosis: dead_latent_wins or either
#-             still = torch.where(spread > 0, chosen.var(0, correction=0) / spread, torch.inf)
#+             still = chosen.var(0, correction=0) / spread.clamp(min=1e-12)


# %% wrong exchanged, from right numpy: Votes first.
# diagnosis: order_swapped
#-     return np.mean(gaps), table.max(1).sum() / len(hot)
#+     return table.max(1).sum() / len(hot), np.mean(gaps)


# %% wrong mean_distance, from right loops: The mean distance from the mean in the place of the variance.
# diagnosis: another_spread
#-         return sum((number - mean) ** 2 for number in numbers) / len(numbers)
#+         return sum(abs(number - mean) for number in numbers) / len(numbers)


# %% wrong distinct, from right loops: Sorts the distinct values of the information, as a set puts them in order at once; equal ones become one.
# diagnosis: alike_as_one
#-         told.sort()
#+         told = [0.0, *sorted({round(number, 10) for number in told})]
