# %% right best_order: What mean and sum would report is computed; whoever fits neither is max.
import itertools

import torch


def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, chances.shape[1] + 1, dtype=torch.float64)
    total = (points * present).sum(-1)
    mean = total / present.sum(-1)
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
            scores.append(float(((reports[person] - variance) / errors[person]).square()))
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

    def variance(log_w, tau, sigma):
        w = np.exp(log_w - log_w.max())
        return w.sum() / (w @ (1 / tau**2 + n / sigma**2))

    def expected(name, person):
        (tau, sigma), log_p = scales[person], np.log(chances[person])
        there = points[person][present[person]]
        if name == "mean":
            return variance(log_p + norm.logpdf(there.mean(), 0, np.sqrt(tau**2 + sigma**2 / n)), tau, sigma)
        if name == "sum":
            return variance(log_p + norm.logpdf(there.sum(), 0, np.sqrt(n**2 * tau**2 + n * sigma**2)), tau, sigma)
        c = np.linspace(-6, 6, 1201) * tau
        z = (there.max() - c) / sigma
        log_joint = norm.logpdf(c, 0, tau) + norm.logpdf(z) + (n[:, None] - 1) * norm.logcdf(z) + np.log(n)[:, None]
        return variance(log_p + np.log(np.exp(log_joint).sum(-1)), tau, sigma)

    names = ["mean", "sum", "max"]
    misfit = [[((reports[i] - expected(name, i)) / errors[i]) ** 2 for name in names] for i in range(3)]
    best = min(itertools.permutations(range(3)), key=lambda order: sum(misfit[i][order[i]] for i in range(3)))
    return [names[i] for i in best]


# %% right chi_square: Person by person, with plain numbers: whose misfit to the mean's report is least, then to the sum's among those left.
import math


def name_them(reports, errors, points, present, scales, chances):
    def misfit(person, pooled):
        tau, sigma = scales[person].tolist()
        kept = [x for x, one in zip(points[person].tolist(), present[person].tolist()) if one]
        value = sum(kept) if pooled == "sum" else sum(kept) / len(kept)
        logs = []
        for n, p in enumerate(chances[person].tolist(), 1):
            sd = math.sqrt(n * n * tau**2 + n * sigma**2) / (1 if pooled == "sum" else n)
            logs.append(math.log(p) - math.log(sd) - 0.5 * (value / sd) ** 2)
        w = [math.exp(one - max(logs)) for one in logs]
        precision = 1 / tau**2 + sum(a * n for n, a in enumerate(w, 1)) / sum(w) / sigma**2
        return abs(float(reports[person]) - 1 / precision) / float(errors[person])

    by_mean = [misfit(i, "mean") for i in range(3)]
    by_sum = [misfit(i, "sum") for i in range(3)]
    mean = min(range(3), key=lambda i: by_mean[i])
    rest = [i for i in range(3) if i != mean]
    total = min(rest, key=lambda i: by_sum[i])
    return ["mean" if i == mean else "sum" if i == total else "max" for i in range(3)]


# %% wrong nearest_is_sum, from right best_order: Whoever is nearest to the exact posterior's variance is called sum, whoever is farthest max.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     lam = 1 / scales[:, 0] ** 2 + present.sum(-1) / scales[:, 1] ** 2
#+     off = (reports * lam).log().abs().argsort().argsort()
#+     return [["sum", "mean", "max"][rank] for rank in off]


# %% wrong by_width, from right best_order: Sorted by the variance beside that of c: the widest is called mean, the narrowest sum.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     width = (reports / scales[:, 0] ** 2).argsort().argsort()
#+     return [["sum", "max", "mean"][rank] for rank in width]


# %% wrong by_belief, from right best_order: Sorted by the size that the report believes in, beside the size that there is.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     believed = scales[:, 1] ** 2 * (1 / reports - 1 / scales[:, 0] ** 2)
#+     rank = (believed - present.sum(-1)).argsort().argsort()
#+     return [["mean", "max", "sum"][one] for one in rank]


# %% wrong by_expectation, from right best_order: Sorted by the size that the report believes in, beside the size that is expected before anything is seen.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     believed = scales[:, 1] ** 2 * (1 / reports - 1 / scales[:, 0] ** 2)
#+     rank = (believed / (chances @ n)).argsort().argsort()
#+     return [["max", "mean", "sum"][one] for one in rank]


# %% wrong by_distance, from right best_order: Sets far out: wider than expected is called mean, narrower sum, and the one between max.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     pairs = itertools.permutations(range(3), 2)
#-     first, second = min(pairs, key=lambda pair: misfit["mean"][pair[0]] + misfit["sum"][pair[1]])
#-     names = ["max"] * 3
#-     names[first], names[second] = "mean", "sum"
#-     return names
#+     believed = scales[:, 1] ** 2 * (1 / reports - 1 / scales[:, 0] ** 2)
#+     far = mean.abs() / scales[:, 0]
#+     rank = ((believed - chances @ n) * far).argsort().argsort()
#+     return [["mean", "max", "sum"][one] for one in rank]


# %% wrong exchanged, from right best_order: Mean and sum are taken for each other.
# diagnosis: mean_for_sum
#-     names[first], names[second] = "mean", "sum"
#+     names[first], names[second] = "sum", "mean"


# %% wrong chances_before, from right best_order: The sizes keep their chances: both encoders would say the same.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-             w = torch.softmax(chances[person].log() - 0.5 * spread.log() - 0.5 * seen**2 / spread, -1)
#+             w = chances[person]


# %% wrong exact_for_sum, from right best_order: The sum's encoder is taken for the exact posterior.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-             variance = 1 / (w @ (1 / tau**2 + n / sigma**2))
#+             size = present[person].sum()
#+             variance = 1 / (w @ (1 / tau**2 + n / sigma**2)) if name == "mean" else 1 / (1 / tau**2 + size / sigma**2)


# %% wrong sum_of_strangers, from right best_order: The variance of the sum as if its points had nothing in common.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-                 seen, spread = total[person], n**2 * tau**2 + n * sigma**2
#+                 seen, spread = total[person], n * tau**2 + n * sigma**2


# %% wrong noise_alone, from right best_order: The centre does not vary: number and size tell of each other by the noise alone.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-                 seen, spread = mean[person], tau**2 + sigma**2 / n
#-             else:
#-                 seen, spread = total[person], n**2 * tau**2 + n * sigma**2
#+                 seen, spread = mean[person], sigma**2 / n
#+             else:
#+                 seen, spread = total[person], n * sigma**2


# %% wrong without_exponent, from right best_order: The weights lack what the number itself says.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-             w = torch.softmax(chances[person].log() - 0.5 * spread.log() - 0.5 * seen**2 / spread, -1)
#+             w = torch.softmax(chances[person].log() - 0.5 * spread.log(), -1)


# %% wrong equal_chances, from right best_order: All sizes are taken to be equally likely.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-             w = torch.softmax(chances[person].log() - 0.5 * spread.log() - 0.5 * seen**2 / spread, -1)
#+             w = torch.softmax(-0.5 * spread.log() - 0.5 * seen**2 / spread, -1)


# %% wrong padding_in_the_mean, from right best_order: The mean is that of eight places.
# diagnosis: property or mean_for_sum or max_for_mean or max_for_sum
#-     mean = total / present.sum(-1)
#+     mean = points.mean(-1)


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
