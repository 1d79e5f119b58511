import itertools
import math

import torch
from torch import Tensor

# %% right what_each_would_say: one over the mean precision given the pooled number; for the maximum the common c is integrated on a grid; best of the six orders
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    def variance(kind: str, x: list[float], tau: float, sigma: float, chance: list[float]) -> float:
        sizes = range(1, 9)

        def normal(value: float, width: float) -> float:
            return -0.5 * (value / width) ** 2 - math.log(width)

        if kind == "mean":
            seen = sum(x) / len(x)
            logs = [normal(seen, math.sqrt(tau**2 + sigma**2 / n)) for n in sizes]
        elif kind == "sum":
            logs = [normal(sum(x), math.sqrt(n**2 * tau**2 + n * sigma**2)) for n in sizes]
        else:
            c = torch.linspace(-12, 12, 6001, dtype=torch.float64) * tau
            top = max(x)
            below = torch.special.log_ndtr((top - c) / sigma)
            logs = [float((-0.5 * (c / tau) ** 2 - 0.5 * ((top - c) / sigma) ** 2 + (n - 1) * below).logsumexp(0)) + math.log(n) for n in sizes]
        high = max(logs)
        weights = [p * math.exp(log - high) for p, log in zip(chance, logs, strict=True)]
        return sum(weights) / sum(w * (1 / tau**2 + n / sigma**2) for w, n in zip(weights, sizes, strict=True))

    kinds = ("mean", "sum", "max")
    table = []
    for i in range(3):
        x = [float(point) for point, there in zip(points[i], present[i], strict=True) if bool(there)]
        tau, sigma = map(float, scales[i])
        table.append({kind: ((float(reports[i]) - variance(kind, x, tau, sigma, chances[i].tolist())) / float(errors[i])) ** 2 for kind in kinds})
    return list(min(itertools.permutations(kinds), key=lambda order: sum(row[kind] for row, kind in zip(table, order, strict=True))))

# %% wrong moments_of_the_mixture: predicts the variance of the mixture of the posteriors over the sizes, as if the best q matched its moments
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    n = torch.arange(1, 9, dtype=reports.dtype)
    cost = torch.zeros(3, 3)
    for i in range(3):
        x, (tau, sigma), there = points[i][present[i]], scales[i], int(present[i].sum())
        lam = 1 / tau**2 + n / sigma**2
        for j, (seen, s, mean) in enumerate((
            (x.mean(), (tau**2 + sigma**2 / n).sqrt(), x.mean().expand(8)),
            (x.sum(), (n**2 * tau**2 + n * sigma**2).sqrt(), x.sum() / n),
        )):
            w = (-0.5 * (seen / s) ** 2 - s.log() + chances[i].log()).softmax(0)
            m = n * mean / sigma**2 / lam
            v = (w / lam).sum() + (w * (m - (w * m).sum()) ** 2).sum()
            cost[i, j] = ((reports[i] - v) / errors[i]) ** 2
    names = ("mean", "sum", "max")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong sum_of_independent_points: gives the sum of n points the variance n (tau^2 + sigma^2), as if each had a c of its own, and takes the max for what is left
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    n = torch.arange(1, 9, dtype=reports.dtype)
    cost = torch.zeros(3, 3)
    for i in range(3):
        x, (tau, sigma) = points[i][present[i]], scales[i]
        lam = 1 / tau**2 + n / sigma**2
        for j, (seen, s) in enumerate(((x.mean(), (tau**2 + sigma**2 / n).sqrt()), (x.sum(), (n * (tau**2 + sigma**2)).sqrt()))):
            w = (-0.5 * (seen / s) ** 2 - s.log() + chances[i].log()).softmax(0)
            cost[i, j] = ((reports[i] - 1 / (w * lam).sum()) / errors[i]) ** 2
    names = ("mean", "sum", "max")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong sizes_equally_likely: forgets the chances of the sizes and weighs them by what was seen alone
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    n = torch.arange(1, 9, dtype=reports.dtype)
    cost = torch.zeros(3, 3)
    for i in range(3):
        x, (tau, sigma) = points[i][present[i]], scales[i]
        lam = 1 / tau**2 + n / sigma**2
        for j, (seen, s) in enumerate(((x.mean(), (tau**2 + sigma**2 / n).sqrt()), (x.sum(), (n**2 * tau**2 + n * sigma**2).sqrt()))):
            w = (-0.5 * (seen / s) ** 2 - s.log()).softmax(0)
            cost[i, j] = ((reports[i] - 1 / (w * lam).sum()) / errors[i]) ** 2
    names = ("mean", "sum", "max")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong nearest_to_exact: calls mean whoever is nearest to the exact posterior's variance in proportion, max whoever is farthest, and sum the one between
def name_them(reports: Tensor, errors: Tensor, points: Tensor, present: Tensor, scales: Tensor, chances: Tensor) -> list[str]:
    exact = 1 / (1 / scales[:, 0] ** 2 + present.sum(1) / scales[:, 1] ** 2)
    order = (reports / exact).log().abs().argsort().tolist()
    names = [""] * 3
    for name, person in zip(("mean", "sum", "max"), order, strict=True):
        names[person] = name
    return names
