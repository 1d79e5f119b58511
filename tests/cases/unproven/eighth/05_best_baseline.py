import torch
from torch import Tensor

# %% right laws_as_points: each family is a list of points, weights and scores (a long sum, Gauss-Laguerre, two states), and one formula does all rows
import math

import numpy as np


def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    count = np.arange(int(rate + 40 * math.sqrt(rate) + 80))
    log_weight = count * log_rate - rate - np.array([math.lgamma(k + 1.0) for k in count])
    u, laguerre = np.polynomial.laguerre.laggauss(12)
    laws = [
        (count, np.exp(log_weight), count - rate),
        (u / rate, laguerre, 1 - u),
        (np.array([0.0, 1.0]), np.array([1 - p, p]), np.array([-p, 1 - p])),
    ]
    rows = []
    for z, weight, score in laws:
        f = a * z + c
        best = np.dot(weight, f * score**2) / np.dot(weight, score**2)
        g = (f - best) * score
        rows.append([best, np.dot(weight, (g - np.dot(weight, g)) ** 2)])
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong thirty_terms: sums the Poisson over a fixed thirty counts, enough for the example and not for a large rate
import math


def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate, p = math.exp(log_rate), torch.tensor(logit, dtype=torch.float64).sigmoid()
    z = torch.arange(30, dtype=torch.float64)
    weight = (z * log_rate - rate - torch.lgamma(z + 1)).exp()
    s, f = z - rate, a * z + c
    best = (weight * f * s**2).sum() / (weight * s**2).sum()
    g = (f - best) * s
    left = (weight * g**2).sum() - (weight * g).sum() ** 2
    return torch.tensor([[best, left], [3 * a / rate + c, 4 * a**2 / rate**2], [a * (1 - p) + c, 0.0]], dtype=torch.float64)

# %% wrong rate_instead_of_its_log: differentiates the exponential in the rate itself; the best constant is the same, and only the variance is off by the squared rate
import math


def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    # exponential: s = 1 / rate - z, E s^2 = 1 / rate^2, E z s^2 = 3 / rate^3
    return torch.tensor(
        [[a * (1 + rate) + c, 2 * a**2 * rate**2], [3 * a / rate + c, 4 * a**2 / rate**4], [a * (1 - p) + c, 0.0]],
        dtype=torch.float64,
    )

# %% wrong normal_moments: takes a Poisson count for a normal one with the same mean and variance, whose third moment is zero (the variance comes out right by luck)
import math


def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    third, fourth = 0.0, 3 * rate**2
    best = a * (rate + third / rate) + c
    left = a**2 * (fourth - rate**2)
    return torch.tensor([[best, left], [3 * a / rate + c, 4 * a**2 / rate**2], [a * (1 - p) + c, 0.0]], dtype=torch.float64)

# %% wrong perfectly_correlated: f is a linear function of the score in every row, so the student concludes that a control variate takes all of the variance away everywhere, as for one bit
import math


def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate, p = math.exp(log_rate), 1 / (1 + math.exp(-logit))
    correlation = 1.0                                   # of f and s, up to the sign of a
    second = [a**2 * (rate + 3 * rate**2), 9 * a**2 / rate**2, a**2 * p * (1 - p)]
    best = [a * (1 + rate) + c, 3 * a / rate + c, a * (1 - p) + c]
    return torch.tensor([[b, v * (1 - correlation**2)] for b, v in zip(best, second)], dtype=torch.float64)
