# %% right closed_form: Three lines of algebra for each family.
import math

import torch


def best_baseline(a, c, log_rate, logit):
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    poisson = [c + a * (rate + 1), 2 * (a * rate) ** 2]
    exponential = [c + 3 * a / rate, 4 * (a / rate) ** 2]
    bit = [c + a * (1 - p), 0.0]
    return torch.tensor([poisson, exponential, bit], dtype=torch.float64)


# %% right sums: Sums over the states, and Gauss and Laguerre's rule for the exponential.
import numpy as np
import torch
from scipy.stats import poisson


def left(f, s, w):
    b = (w * f * s**2).sum() / (w * s**2).sum()
    g = (f - b) * s
    return [b, (w * g**2).sum() - (w * g).sum() ** 2]


def best_baseline(a, c, log_rate, logit):
    rate = np.exp(log_rate)
    z = np.arange(400.0)
    rows = [left(a * z + c, z - rate, poisson.pmf(z, rate))]
    u, w = np.polynomial.laguerre.laggauss(20)
    rows.append(left(a * u / rate + c, 1 - u, w))
    p = 1 / (1 + np.exp(-logit))
    bits = np.array([0.0, 1.0])
    rows.append(left(a * bits + c, bits - p, np.array([1 - p, p])))
    return torch.from_numpy(np.array(rows))


# %% right moments: From the second, third and fourth moments of the score.
import torch


def best_baseline(a, c, log_rate, logit):
    rate = torch.as_tensor(log_rate, dtype=torch.float64).exp()
    p = torch.as_tensor(logit, dtype=torch.float64).sigmoid()
    v = p * (1 - p)
    families = [(rate, 1.0, (rate, rate, rate + 3 * rate**2)),
                (1 / rate, -1 / rate, (1.0, -2.0, 9.0)),
                (p, 1.0, (v, v * (1 - 2 * p), v * (1 - 3 * v)))]
    rows = []
    for mean, slope, (m2, m3, m4) in families:
        h = a * slope
        level = -h * m3 / m2
        variance = h**2 * m4 + 2 * h * level * m3 + level**2 * m2 - (h * m2) ** 2
        rows.append([float(c + a * mean - level), float(variance)])
    return rows


# %% wrong mean, from right sums: The mean of f is the baseline, unweighted.
# diagnosis: baseline_is_mean
#-     b = (w * f * s**2).sum() / (w * s**2).sum()
#+     b = (w * f).sum()


# %% wrong no_level, from right closed_form: c has no gradient, so it is left out of the baselines.
# diagnosis: level_forgotten
#-     poisson = [c + a * (rate + 1), 2 * (a * rate) ** 2]
#-     exponential = [c + 3 * a / rate, 4 * (a / rate) ** 2]
#-     bit = [c + a * (1 - p), 0.0]
#+     poisson = [a * (rate + 1), 2 * (a * rate) ** 2]
#+     exponential = [3 * a / rate, 4 * (a / rate) ** 2]
#+     bit = [a * (1 - p), 0.0]


# %% wrong second_moment, from right sums: A mean of squares is given as a variance.
# diagnosis: second_moment
#-     return [b, (w * g**2).sum() - (w * g).sum() ** 2]
#+     return [b, (w * g**2).sum()]


# %% wrong root, from right sums: A standard deviation.
# diagnosis: standard_deviation
#-     return [b, (w * g**2).sum() - (w * g).sum() ** 2]
#+     return [b, max((w * g**2).sum() - (w * g).sum() ** 2, 0.0) ** 0.5]


# %% wrong rate_itself, from right sums: The scores are those of the rate and of the probability.
# diagnosis: own_parameter
#-     rows = [left(a * z + c, z - rate, poisson.pmf(z, rate))]
#+     rows = [left(a * z + c, z / rate - 1, poisson.pmf(z, rate))]
#@@
#-     rows.append(left(a * u / rate + c, 1 - u, w))
#+     rows.append(left(a * u / rate + c, (1 - u) / rate, w))


# %% wrong rate_as_mean, from right closed_form: The exponential is given by its mean, as in SciPy.
# diagnosis: rate_as_mean
#-     exponential = [c + 3 * a / rate, 4 * (a / rate) ** 2]
#+     exponential = [c + 3 * a * rate, 4 * (a * rate) ** 2]


# %% wrong bit_turned, from right closed_form: The weight of a state's value is its own probability: that is the mean.
# diagnosis: baseline_is_mean
#-     bit = [c + a * (1 - p), 0.0]
#+     v = p * (1 - p)
#+     bit = [c + a * p, (a * (1 - 2 * p)) ** 2 * v]


# %% wrong no_baseline, from right sums: The variance is that of the plain estimate.
# diagnosis: variance_without_baseline
#-     g = (f - b) * s
#+     g = f * s


# %% wrong columns, from right sums: The variance comes first.
# diagnosis: order_swapped
#-     return [b, (w * g**2).sum() - (w * g).sum() ** 2]
#+     return [(w * g**2).sum() - (w * g).sum() ** 2, b]


# %% wrong rows, from right closed_form: The bit comes first.
# diagnosis: rows_swapped
#-     return torch.tensor([poisson, exponential, bit], dtype=torch.float64)
#+     return torch.tensor([bit, poisson, exponential], dtype=torch.float64)


# %% wrong few_terms, from right sums: The sum over the counts stops at five.
# diagnosis: value
#-     z = np.arange(400.0)
#+     z = np.arange(6.0)
