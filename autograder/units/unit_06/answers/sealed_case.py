# %% right best_order: All six orders are held against the three exact means; the paths by a fine grid, the jump by its flow.
import itertools
import math

import torch

NAMES = ["biased", "noisy", "another target"]


def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    eps = torch.linspace(-8.0, 8.0, 8001, dtype=torch.float64)
    weights = torch.softmax(-0.5 * eps.square(), 0)
    z = loc + scale * eps
    speed = torch.stack([torch.ones_like(eps), scale * eps], -1)
    phasing = ((z > place) & (z < place + width)).double() * height / width
    plain = (weights * (slope + wave * torch.cos(wave * z))) @ speed
    other = plain + (weights * phasing) @ speed
    away = place - loc
    density = math.exp(-0.5 * (away / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
    exact = plain + height * density * torch.tensor([1.0, away], dtype=torch.float64)
    mean, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
    targets = torch.stack([plain, exact, other])
    misfit = ((mean - targets[:, None]) / error).square().sum(-1)
    orders = itertools.permutations(range(3))
    best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
    return [NAMES[row] for row in best]


# %% right closed_form: All three means in closed form, in NumPy; first whoever has the exact mean is taken, then the other target.
import math

import numpy as np


def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    def cdf(t):
        return 0.5 * math.erfc(-t / math.sqrt(2))

    def pdf(t):
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)

    draws = draws.numpy()
    begin, end = (place - loc) / scale, (place + width - loc) / scale
    damped = math.exp(-((wave * scale) ** 2) / 2)
    smooth = np.array(
        [
            slope + wave * damped * math.cos(wave * loc),
            -((wave * scale) ** 2) * damped * math.sin(wave * loc),
        ]
    )
    jump = height * pdf(begin) * np.array([1 / scale, begin])
    phased = height / width * np.array([cdf(end) - cdf(begin), scale * (pdf(begin) - pdf(end))])
    error = draws.std(1) / math.sqrt(draws.shape[1])

    def off(i, target):
        return (((draws[i].mean(0) - target) / error[i]) ** 2).sum()

    left = [0, 1, 2]
    noisy = min(left, key=lambda i: off(i, smooth + jump))
    left.remove(noisy)
    apart = min(left, key=lambda i: off(i, smooth + phased))
    left.remove(apart)
    names = {noisy: "noisy", apart: "another target", left[0]: "biased"}
    return [names[i] for i in range(3)]


# %% right differences: The mean cost itself is a sum by a loop, and its slopes are differences of two such sums.
import itertools
import math


def name_them(draws, loc, scale, level, slope, wave, place, height, width):
    def share_above(t):
        return 0.5 * math.erfc((t - m) / (s * math.sqrt(2)))

    def mean_cost(kind):
        total = 0.0
        for step in range(401):
            eps = -8 + step * 0.04
            z, weight = m + s * eps, 0.04 * math.exp(-eps * eps / 2) / math.sqrt(2 * math.pi)
            total += weight * (slope * z + math.sin(wave * z))
        if kind == "noisy":
            total += height * share_above(place)
        if kind == "another target":
            for step in range(200):
                total += height / 200 * share_above(place + width * (step + 0.5) / 200)
        return total

    names, h = ["biased", "noisy", "another target"], 1e-4
    slopes = {}
    for name in names:
        ends = []
        for way in (1, -1):
            m, s = loc + way * h, scale
            first = mean_cost(name)
            m, s = loc, scale * math.exp(way * h)
            ends.append((first, mean_cost(name)))
        slopes[name] = [(up - down) / (2 * h) for up, down in zip(*ends)]
    best, least = None, float("inf")
    for order in itertools.permutations(names):
        total = 0.0
        for person, name in enumerate(order):
            for i in range(2):
                mine = draws[person, :, i]
                error = float(mine.std()) / math.sqrt(len(mine))
                total += ((float(mine.mean()) - slopes[name][i]) / error) ** 2
        if total < least:
            best, least = order, total
    return tuple(best)


# %% wrong by_spread, from right best_order: The loudest is called noisy, and the quietest biased.
# diagnosis: property
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     spread = draws.var(1).sum(-1)
#+     best = [2, 2, 2]
#+     best[int(spread.argmin())] = 0
#+     best[int(spread.argmax())] = 1


# %% wrong quieter_path_is_biased, from right best_order: Who is right is found by the mean; of the two paths the quieter one is called biased.
# diagnosis: another_target_for_biased
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     noisy, *paths = misfit[1].argsort().tolist()
#+     biased, apart = sorted(paths, key=lambda i: draws[i].var(0).sum())
#+     best = [{noisy: 1, biased: 0, apart: 2}[i] for i in range(3)]


# %% wrong as_they_come, from right best_order: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return [NAMES[row] for row in best]
#+     return NAMES


# %% wrong nearer_is_biased, from right best_order: Of the two that are off the nearer one is called biased, as if a bias were small.
# diagnosis: another_target_for_biased
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     noisy, biased, apart = misfit[1].argsort().tolist()
#+     best = [{noisy: 1, biased: 0, apart: 2}[i] for i in range(3)]


# %% wrong jump_forgotten, from right best_order: The exact gradient is computed by a path that knows of no jump, so that the biased one passes for right.
# diagnosis: biased_for_noisy
#-     exact = plain + height * density * torch.tensor([1.0, away], dtype=torch.float64)
#+     exact = plain
#@@
#-     targets = torch.stack([plain, exact, other])
#+     targets = torch.stack([plain + height * density * torch.tensor([1.0, away]), exact, other])


# %% wrong phased_is_exact, from right best_order: The cost that is phased in is taken for the cost.
# diagnosis: another_target_for_noisy
#-     targets = torch.stack([plain, exact, other])
#+     targets = torch.stack([plain, other, exact])


# %% wrong flow_against, from right best_order: The jump's share of the gradient has the wrong sign.
# diagnosis: biased_for_noisy or property
#-     exact = plain + height * density * torch.tensor([1.0, away], dtype=torch.float64)
#+     exact = plain - height * density * torch.tensor([1.0, away], dtype=torch.float64)


# %% wrong columns_swapped, from right best_order: The first column is taken for the log scale's.
# diagnosis: property
#-     mean, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
#+     mean, error = draws.flip(-1).mean(1), draws.flip(-1).std(1) / draws.shape[1] ** 0.5


# %% wrong worst_order, from right best_order: Of the six orders the one that fits worst is returned.
# diagnosis: property
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = max(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))


# %% wrong one_name_twice, from right best_order: Each is named by itself, whatever the others are called.
# diagnosis: form
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = [1 if each < 20 else 0 for each in misfit[1]]


# %% wrong places_not_persons, from right best_order: The numbers of the names are returned, and not the names.
# diagnosis: form
#-     return [NAMES[row] for row in best]
#+     return list(best)


# %% wrong persons_by_name, from right best_order: For each name the place of its person is found, and the names are put in that order.
# diagnosis: property
#-     return [NAMES[row] for row in best]
#+     return [NAMES[best.index(name)] for name in range(3)]
