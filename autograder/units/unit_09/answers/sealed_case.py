# %% right by_autograd: The bound on a grid of pairs is differentiated by torch, with parameters live and held constant.
import itertools

import torch

NAMES = ["biased", "noisy", "another target"]


def name_them(draws, x, loc, scale):
    axis = torch.linspace(-6.0, 6.0, 61, dtype=torch.float64)
    eps = torch.cartesian_prod(axis, axis)
    chances = torch.softmax(-0.5 * eps.square().sum(-1), 0)
    params = torch.tensor([loc, scale], dtype=torch.float64).log()
    params[0] = loc
    params.requires_grad_()

    def log_w(held):
        z = params[0] + params[1].exp() * eps
        m, r = params.detach() if held else params
        return -0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * ((z - m) / r.exp()) ** 2 + r

    bounds = [
        torch.logsumexp(log_w(held=True), -1),
        torch.logsumexp(log_w(held=False), -1),
        log_w(held=False).mean(-1),
    ]
    targets = [torch.autograd.grad((chances * bound).sum(), params)[0] for bound in bounds]
    mean, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
    misfit = ((mean - torch.stack(targets)[:, None]) / error).square().sum(-1)
    orders = itertools.permutations(range(3))
    best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
    return [NAMES[row] for row in best]


# %% right in_turn: Path and score by formula, in NumPy; the other target's mean in closed form; whoever is right is taken first.
import numpy as np


def name_them(draws, x, loc, scale):
    draws = draws.numpy()
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    eps = np.stack(np.meshgrid(nodes, nodes))
    chances = np.outer(weights, weights)
    z = loc + scale * eps
    log_w = -0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * eps**2
    share = np.exp(log_w - log_w.max(0))
    share /= share.sum(0)
    slope = x - 2 * z + eps / scale
    path = np.stack([slope, slope * scale * eps])
    score = np.stack([-eps / scale, 1 - eps**2])

    def expectation(values):
        return (chances * values.sum(1)).sum((1, 2))

    biased = expectation(share * path)
    exact = biased + expectation(share * score)
    other = np.array([x - 2 * loc, 1 - 2 * scale**2])
    error = draws.std(1) / np.sqrt(draws.shape[1])

    def off(i, target):
        return (((draws[i].mean(0) - target) / error[i]) ** 2).sum()

    names, left = {}, [0, 1, 2]
    for name, target in (("noisy", exact), ("another target", other), ("biased", biased)):
        who = min(left, key=lambda i: off(i, target))
        left.remove(who)
        names[who] = name
    return [names[i] for i in range(3)]


# %% right doubly: By loops over two points of noise; the exact gradient is the path with squared weights.
import itertools
import math


def name_them(draws, x, loc, scale):
    shift = x - 2 * loc
    points = [-6 + 0.2 * i for i in range(61)]
    mass = [math.exp(-t * t / 2) for t in points]
    norm = sum(mass) ** 2
    lean = [shift * scale * t + (0.5 - scale * scale) * t * t for t in points]
    slope = [shift + (1 / scale - 2 * scale) * t for t in points]
    means = {name: [0.0, 0.0] for name in ("biased", "noisy", "another target")}
    for i, one in enumerate(points):
        for j in range(len(points)):
            chance = mass[i] * mass[j] / norm
            share = 1 / (1 + math.exp(lean[j] - lean[i]))
            for at, path in enumerate((slope[i], slope[i] * scale * one)):
                means["biased"][at] += chance * 2 * share * path
                means["noisy"][at] += chance * 2 * share * share * path
                means["another target"][at] += chance * path
    moments = [
        [(float(p[:, at].mean()), float(p[:, at].std()) / len(p) ** 0.5) for at in range(2)]
        for p in draws
    ]

    def misfit(order):
        return sum(
            ((moments[i][at][0] - means[name][at]) / moments[i][at][1]) ** 2
            for i, name in enumerate(order)
            for at in range(2)
        )

    return tuple(min(itertools.permutations(means), key=misfit))


# %% wrong quieter_is_biased, from right by_autograd: Who is right is found by the mean; of the others the quieter one is called biased.
# diagnosis: another_target_for_biased
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     noisy, *others = misfit[1].argsort().tolist()
#+     biased, apart = sorted(others, key=lambda i: draws[i].var(0).sum())
#+     best = [{noisy: 1, biased: 0, apart: 2}[i] for i in range(3)]


# %% wrong as_they_come, from right by_autograd: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return [NAMES[row] for row in best]
#+     return NAMES


# %% wrong nearer_is_biased, from right by_autograd: Of the two that are off the nearer one is called biased, as if a bias were small.
# diagnosis: another_target_for_biased
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     noisy, biased, apart = misfit[1].argsort().tolist()
#+     best = [{noisy: 1, biased: 0, apart: 2}[i] for i in range(3)]


# %% wrong landing_is_exact, from right by_autograd: The exact gradient is computed with the parameters held constant, so that the biased one passes for right.
# diagnosis: biased_for_noisy
#-         torch.logsumexp(log_w(held=True), -1),
#-         torch.logsumexp(log_w(held=False), -1),
#+         torch.logsumexp(log_w(held=False), -1),
#+         torch.logsumexp(log_w(held=True), -1),


# %% wrong elbo_is_exact, from right in_turn: The exact gradient is taken to be that of the ELBO, and the other target that of two samples.
# diagnosis: another_target_for_noisy
#-     for name, target in (("noisy", exact), ("another target", other), ("biased", biased)):
#+     for name, target in (("noisy", other), ("another target", exact), ("biased", biased)):


# %% wrong worst_order, from right by_autograd: Of the six orders the one that fits worst is returned.
# diagnosis: property
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = max(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))


# %% wrong one_name_twice, from right by_autograd: Each is named by itself, whatever the others are called.
# diagnosis: form
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = [1 if each < 20 else 0 for each in misfit[1]]


# %% wrong persons_by_name, from right by_autograd: For each name the place of its person is found, and the names are put in that order.
# diagnosis: property
#-     return [NAMES[row] for row in best]
#+     return [NAMES[best.index(name)] for name in range(3)]
