import numpy as np
import torch
from scipy.optimize import brentq, minimize_scalar
from torch import Tensor


# %% right bisection: the slope's sign between the two ends of the range, halved eighty times
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance

    def rest(weight):
        low, high = torch.zeros((), dtype=torch.float64), 1 / h.max()
        for _ in range(80):
            phi = (low + high) / 2
            if (weight * (pi - phi * h) / (1 - phi * h)).sum() > 0:
                low = phi
            else:
                high = phi
        return (low + high) / 2

    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data)

# %% right brent: NumPy, least squares by lstsq, the other two by Brent's method on the slope times phi and the last factor
def three_targets(joint, h, data):
    joint, h, data = (np.asarray(a.detach()) for a in (joint, h, data))
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = h.max()

    def rest(weight):
        def slope(share):
            rest = sum(w * (p - share * k / top) / (1 - share * k / top) * (1 - share) for w, p, k in zip(weight, pi, h) if k < top)
            return rest + sum(w * (p - share) for w, p, k in zip(weight, pi, h) if k == top)

        return brentq(slope, 0, 1, xtol=1e-15, rtol=1e-14) / top

    root = np.sqrt(chance)
    squares = np.linalg.lstsq((root * h)[:, None], root * pi, rcond=None)[0][0]
    return rest(chance), squares, rest(data)

# %% right direct_search: no slope anywhere, three objectives minimized by golden section over the logit of phi's share of its range
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = h.max()
    share = h / top

    def search(cost):
        low, high, g = -40.0, 40.0, (5**0.5 - 1) / 2
        for _ in range(90):
            a, b = high - g * (high - low), low + g * (high - low)
            if cost(torch.tensor(a).double()) < cost(torch.tensor(b).double()):
                high = b
            else:
                low = a
        return torch.tensor((low + high) / 2).double().sigmoid() / top

    def minus_log_q(weight):
        def cost(t):
            off = (-t).sigmoid() + t.sigmoid() * (1 - share)
            return -(weight * (pi * torch.nn.functional.logsigmoid(t) + (1 - pi) * off.log())).sum()

        return cost

    squares = lambda t: (chance * (pi - t.sigmoid() * share) ** 2).sum()
    return search(minus_log_q(chance)), search(squares), search(minus_log_q(data))

# %% wrong zero_to_one: phi is taken for a probability and sought between 0 and 1; right where the largest h is one
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance

    def rest(weight):
        low, high = 0.0, 1.0
        for _ in range(60):
            phi = (low + high) / 2
            if (weight * (pi / phi - (1 - pi) * h / (1 - phi * h))).sum() > 0:
                low = phi
            else:
                high = phi
        return phi

    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data)

# %% wrong reweighted_once: one round of reweighted least squares, with variances at the least-squares solution; nearly right
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    squares = (joint[:, 1] * h).sum() / (chance * h * h).sum()
    f = (squares * h).clamp(1e-6, 1 - 1e-6)
    rest = lambda w: (w * h * pi / (f * (1 - f))).sum() / (w * h * h / (f * (1 - f))).sum()
    return rest(chance), squares, rest(data)

# %% wrong both_weights: at the data, the dreams' joint is multiplied by the data's probabilities, so p(x) counts too; right where p(x) is uniform
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = float(1 / h.max())
    rest = lambda w: brentq(lambda phi: float((w * (pi - phi * h) / (1 - phi * h)).sum()), 0, top * (1 - 1e-13), xtol=1e-15)
    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data * chance)

# %% wrong gradient_ascent: three thousand steps of 0.001 uphill in phi from the middle of the range; short of rest where the slope is weak
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = 1 / h.max()

    def rest(weight):
        phi = 0.5 * top
        for _ in range(3000):
            phi = phi + 0.001 * (weight * (pi / phi - (1 - pi) * h / (1 - phi * h))).sum()
            phi = phi.clamp(1e-6 * top, (1 - 1e-6) * top)
        return phi

    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data)

# %% wrong matched_means: asleep and at the data, phi such that q and p turn the bit on equally often; right for a single x
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    return (chance * pi).sum() / (chance * h).sum(), (chance * h * pi).sum() / (chance * h * h).sum(), (data * pi).sum() / (data * h).sum()

# %% wrong reverse_kl: at the data, KL(q | p), as the ELBO would, in place of sleep's; right where h is proportional to the posterior
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = float(1 / h.max())
    rest = lambda w: brentq(lambda phi: float((w * (pi - phi * h) / (1 - phi * h)).sum()), 0, top * (1 - 1e-13), xtol=1e-15)
    def kl(phi):
        f = phi * h
        return float((data * (f * (f / pi).log() + (1 - f) * ((1 - f) / (1 - pi)).log())).sum())
    found = minimize_scalar(kl, bounds=(0, top), method="bounded", options={"xatol": 1e-12}).x
    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), found

# %% wrong squares_over_data: least squares at the data too: x comes with the data's weights in the second number
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    top = float(1 / h.max())
    rest = lambda w: brentq(lambda phi: float((w * (pi - phi * h) / (1 - phi * h)).sum()), 0, top * (1 - 1e-13), xtol=1e-15)
    return rest(chance), (data * h * pi).sum() / (data * h * h).sum(), rest(data)

# %% wrong grid: a grid of two thousand phi over the range, three digits
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    grid = (torch.arange(2000, dtype=torch.float64) + 0.5) / 2000 / h.max()
    f = grid[:, None] * h
    log_q = pi * f.log() + (1 - pi) * (1 - f).log()
    squares = (chance * (pi * (1 - f) ** 2 + (1 - pi) * f**2)).sum(1)
    return grid[(log_q @ chance).argmax()], grid[squares.argmin()], grid[(log_q @ data).argmax()]

# %% wrong ends_at_99: the search ends at 0.99 of the range, away from log 0; felt where the largest h is nearly sure of its bit
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance

    def rest(weight):
        low, high = 0.01 / h.max(), 0.99 / h.max()
        for _ in range(60):
            phi = (low + high) / 2
            up = (weight * (pi / phi - (1 - pi) * h / (1 - phi * h))).sum() > 0
            low, high = (phi, high) if up else (low, phi)
        return phi

    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data)

# %% wrong newton_from_squares: eight Newton steps from the least-squares solution, clamped into the range; lost where that start is out of it or steep
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi = joint[:, 1] / chance
    squares = (joint[:, 1] * h).sum() / (chance * h * h).sum()
    top = 1 / h.max()

    def rest(w):
        phi = squares.clamp(max=0.999 * top)
        for _ in range(8):
            slope = (w * (pi / phi - (1 - pi) * h / (1 - phi * h))).sum()
            bend = -(w * (pi / phi**2 + (1 - pi) * h**2 / (1 - phi * h) ** 2)).sum()
            phi = (phi - slope / bend).clamp(0.001 * top, 0.999 * top)
        return phi

    return rest(chance), squares, rest(data)

# %% wrong unnormalized_h: h is scaled to a largest value of one at the start, and the answers are not scaled back
def three_targets(joint, h, data):
    chance = joint.sum(1)
    pi, h = joint[:, 1] / chance, h / h.max()
    rest = lambda w: brentq(lambda phi: float((w * (pi - phi * h) / (1 - phi * h)).sum()), 0, 1 - 1e-13, xtol=1e-15)
    return rest(chance), (joint[:, 1] * h).sum() / (chance * h * h).sum(), rest(data)
