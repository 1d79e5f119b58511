# %% right derived: The quadratic for s^2, and its larger root.
import torch


def best_scale(x, m):
    d2 = (m - x / 2) ** 2
    half = 3 + 4 * d2
    v = (half + (half**2 - 8).sqrt()) / 8
    second = 2 * v / (4 * v - 1).sqrt() * (2 * d2 / (4 * v - 1)).exp()
    return torch.stack([v.sqrt(), second - 1])


# %% right bisection: The slope of the log of the second moment has one zero beyond s^2 = 1/4; datum by datum.
import math

import torch


def best_scale(x, m):
    found = []
    for a, b in zip(x.reshape(-1).tolist(), m.reshape(-1).tolist()):
        d2 = (b - a / 2) ** 2

        def slope(u):
            return 1 / (u + 1) - 1 / (2 * u) - 2 * d2 / u**2

        low, high = 1e-9, 10.0 + 8 * d2
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(middle) < 0 else (low, middle)
        u = (low + high) / 2
        v = (u + 1) / 4
        found.append([math.sqrt(v), math.expm1(math.log(2 * v) - math.log(u) / 2 + 2 * d2 / u)])
    return torch.tensor(found, dtype=torch.float64).T.reshape(2, *x.shape)


# %% right search: The second moment by quadrature of posterior^2 / q, and a search over log s.
import numpy as np
from scipy.optimize import minimize_scalar


def best_scale(x, m):
    x, m = np.asarray(x, dtype=float), np.asarray(m, dtype=float)
    out = np.zeros((2, *x.shape))
    for index in np.ndindex(x.shape):
        centre, place = x[index] / 2, m[index]

        def log_second(log_s):
            v = np.exp(2 * log_s)
            precision = 4 - 1 / v
            if precision <= 0:
                return 1e6
            peak = (4 * centre - place / v) / precision
            z = peak + np.linspace(-12, 12, 1201) / np.sqrt(precision)
            log_f = -2 * (z - centre) ** 2 - np.log(np.pi) + (z - place) ** 2 / (2 * v) + np.log(2 * np.pi * v) / 2
            top = log_f.max()
            return top + np.log(np.trapezoid(np.exp(log_f - top), z))

        best = minimize_scalar(log_second, bounds=(np.log(0.5001), np.log(60.0)), method="bounded", options={"xatol": 1e-10})
        out[:, *index] = np.exp(best.x), np.expm1(best.fun)
    return out


# %% wrong posterior, from right derived: The posterior's own scale.
# diagnosis: posterior_scale
#-     v = (half + (half**2 - 8).sqrt()) / 8
#+     v = 0.5 + 0 * half


# %% wrong matched, from right derived: The second moment of the posterior around m: the best for the other divergence.
# diagnosis: moment_matched
#-     v = (half + (half**2 - 8).sqrt()) / 8
#+     v = 0.5 + d2


# %% wrong smaller, from right derived: The smaller root.
# diagnosis: other_root
#-     v = (half + (half**2 - 8).sqrt()) / 8
#+     v = (half - (half**2 - 8).sqrt()) / 8


# %% wrong at_x, from right derived: The posterior is thought to be centred at the datum.
# diagnosis: centre_x
#-     d2 = (m - x / 2) ** 2
#+     d2 = (m - x) ** 2


# %% wrong at_zero, from right derived: The posterior is thought to be centred at zero.
# diagnosis: centre_prior
#-     d2 = (m - x / 2) ** 2
#+     d2 = m**2


# %% wrong squared, from right derived: s^2 for s.
# diagnosis: variance_for_scale
#-     return torch.stack([v.sqrt(), second - 1])
#+     return torch.stack([v, second - 1])


# %% wrong one_more, from right derived: The second moment for the variance.
# diagnosis: second_moment
#-     return torch.stack([v.sqrt(), second - 1])
#+     return torch.stack([v.sqrt(), second])


# %% wrong absolute, from right derived: The variance of w, not divided by p^2.
# diagnosis: not_relative
#-     return torch.stack([v.sqrt(), second - 1])
#+     return torch.stack([v.sqrt(), (second - 1) * (-x**2 / 2).exp() / (4 * torch.pi)])


# %% wrong distance, from right derived: The distance is not squared.
# diagnosis: shift_not_squared
#-     d2 = (m - x / 2) ** 2
#+     d2 = (m - x / 2).abs()


# %% wrong rows, from right derived: The variance comes first.
# diagnosis: row_2_again
#-     return torch.stack([v.sqrt(), second - 1])
#+     return torch.stack([second - 1, v.sqrt()])
