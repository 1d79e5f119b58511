# %% right best_order: What mean and sum would report is computed; whoever fits neither is max.
import itertools

import torch


def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, chances.shape[1] + 1, dtype=torch.float64)
    total = (points * present).sum(-1, keepdim=True)
    mean = total / present.sum(-1, keepdim=True)
    misfit = {}
    for name in ("mean", "sum"):
        scores = []
        for person in range(3):
            tau, sigma = scales[person]
            if name == "mean":
                seen, spread = mean[person], tau**2 + sigma**2 / n
            else:
                seen, spread = total[person], n**2 * tau**2 + n * sigma**2
            w = torch.softmax(chances[person].log() - 0.5 * spread.log() - 0.5 * seen**2 / spread, -1)
            variance = 1 / (w @ (1 / tau**2 + n / sigma**2))
            sums = seen * n if name == "mean" else seen + 0 * n
            loc = (w * sums).sum(-1) / sigma**2 * variance
            expected = torch.stack([loc, variance], -1)
            scores.append(float(((reports[person] - expected) / errors[person]).square().sum()))
        misfit[name] = scores
    pairs = itertools.permutations(range(3), 2)
    first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
    names = ["max"] * 3
    names[first], names[second] = "mean", "sum"
    return names


# %% right all_three: The maximum's reports as well, on a grid of c; the best of six orders. In NumPy.
import itertools

import numpy as np
from scipy.stats import norm


def name_them(reports, errors, points, present, scales, chances):
    reports, errors, points, present, scales, chances = (
        each.numpy() for each in (reports, errors, points, present, scales, chances)
    )
    n = np.arange(1, chances.shape[1] + 1)

    def q(log_w, sums, tau, sigma):
        w = np.exp(log_w - log_w.max(-1, keepdims=True))
        w = w / w.sum(-1, keepdims=True)
        variance = 1 / (w @ (1 / tau**2 + n / sigma**2))
        return np.stack([(w * sums).sum(-1) / sigma**2 * variance, variance], -1)

    def expected(name, person):
        (tau, sigma), log_p = scales[person], np.log(chances[person])
        there = present[person]
        total = (points[person] * there).sum(-1)[:, None]
        if name == "mean":
            mean = total / there.sum(-1)[:, None]
            return q(log_p + norm.logpdf(mean, 0, np.sqrt(tau**2 + sigma**2 / n)), mean * n, tau, sigma)
        if name == "sum":
            return q(log_p + norm.logpdf(total, 0, np.sqrt(n**2 * tau**2 + n * sigma**2)), total + 0 * n, tau, sigma)
        top = np.where(there, points[person], -np.inf).max(-1)[:, None, None]
        c = np.linspace(-6, 6, 1201) * tau
        z = (top - c) / sigma
        with np.errstate(divide="ignore"):
            log_joint = norm.logpdf(c, 0, tau) + norm.logpdf(z) + (n[:, None] - 1) * norm.logcdf(z) + np.log(n)[:, None]
        shift = log_joint.max((1, 2), keepdims=True)
        w = np.exp(log_joint - shift)
        sums = top + (n[:, None] - 1) * (c - sigma * np.exp(norm.logpdf(z) - norm.logcdf(z)))
        mass = w.sum(-1)
        return q(log_p + np.log(mass), (w * sums).sum(-1) / mass, tau, sigma)

    names = ["mean", "sum", "max"]
    misfit = [
        [(((reports[i] - expected(name, i)) / errors[i]) ** 2).sum() for name in names] for i in range(3)
    ]
    best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i][order[i]] for i in range(3)))
    return [names[i] for i in best]


# %% right chi_square: Person by person, with plain numbers: whose misfit to the mean's reports is least, then to the sum's among those left.
import math


def name_them(reports, errors, points, present, scales, chances):
    def misfit(person, pooled):
        tau, sigma = scales[person].tolist()
        off = 0.0
        for row, there, said, error in zip(*(each[person].tolist() for each in (points, present, reports, errors))):
            kept = [x for x, one in zip(row, there) if one]
            value = sum(kept) if pooled == "sum" else sum(kept) / len(kept)
            logs, sums = [], []
            for n, p in enumerate(chances[person].tolist(), 1):
                sd = math.sqrt(n * n * tau**2 + n * sigma**2) / (1 if pooled == "sum" else n)
                logs.append(math.log(p) - math.log(sd) - 0.5 * (value / sd) ** 2)
                sums.append(value if pooled == "sum" else n * value)
            w = [math.exp(one - max(logs)) for one in logs]
            precision = 1 / tau**2 + sum(a * n for n, a in enumerate(w, 1)) / sum(w) / sigma**2
            loc = sum(a * s for a, s in zip(w, sums)) / sum(w) / sigma**2 / precision
            off += ((said[0] - loc) / error[0]) ** 2 + ((said[1] - 1 / precision) / error[1]) ** 2
        return off

    by_mean = [misfit(i, "mean") for i in range(3)]
    by_sum = [misfit(i, "sum") for i in range(3)]
    mean = min(range(3), key=lambda i: by_mean[i])
    rest = [i for i in range(3) if i != mean]
    total = min(rest, key=lambda i: by_sum[i])
    return ["mean" if i == mean else "sum" if i == total else "max" for i in range(3)]


# %% wrong nearest_is_sum, from right best_order: Whoever is nearest to the exact posteriors is called sum, whoever is farthest max.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     count = present.sum(-1)
#+     lam = 1 / scales[:, :1] ** 2 + count / scales[:, 1:] ** 2
#+     exact = total[..., 0] / scales[:, 1:] ** 2 / lam
#+     off = ((reports[..., 0] - exact).abs() * lam.sqrt()).mean(-1).argsort().argsort()
#+     return [["sum", "mean", "max"][rank] for rank in off]


# %% wrong by_width, from right best_order: Sorted by the variance beside that of c: the widest is called max, the narrowest sum.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     width = (reports[..., 1] / scales[:, :1] ** 2).mean(-1).argsort().argsort()
#+     return [["sum", "mean", "max"][rank] for rank in width]


# %% wrong by_size, from right best_order: Sorted by the size of what they report.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     size = reports[..., 0].abs().mean(-1).argsort().argsort()
#+     return [["mean", "max", "sum"][rank] for rank in size]


# %% wrong exchanged, from right best_order: Mean and sum are taken for each other.
# diagnosis: mean_for_sum
#-     names[first], names[second] = "mean", "sum"
#+     names[first], names[second] = "sum", "mean"


# %% wrong as_listed, from right best_order: The order in which the statement lists them.
# diagnosis: always_the_same
#-     return names
#+     return ["mean", "sum", "max"]


# %% wrong one_name_twice, from right best_order: Each is named by itself.
# diagnosis: form
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#+     names = ["mean" if fit < 60 else "max" for fit in misfit["mean"]]
#+     names[0] = names[1]
