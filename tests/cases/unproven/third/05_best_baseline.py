import math

import numpy as np
import torch
from torch import Tensor


def sigma(l):
    return 1 / (1 + math.exp(-l)) if l > 0 else math.exp(l) / (1 + math.exp(l))


def from_sums(z, weights, score, a, c):
    """Best b and what is left, from points and weights that add up to one."""
    f = a * z + c
    total = lambda v: float(np.sum(weights * v))
    best = total(f * score**2) / total(score**2)
    return [best, total((f - best) ** 2 * score**2) - total((f - best) * score) ** 2]


# %% right on_paper: central moments of the Poisson, factorials for the exponential, two values for the bit
def best_baseline(a: float, c: float, log_rate: float, logit: float) -> Tensor:
    rate = math.exp(log_rate)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], [3 * a / rate + c, 4 * a**2 / rate**2], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% right sums_and_quadrature: a long Poisson sum with log weights, Gauss-Laguerre points for the waiting time, two states of the bit
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    z = np.arange(0, int(rate + 60 * math.sqrt(rate) + 200), dtype=float)
    weights = np.exp(z * log_rate - rate - np.array([math.lgamma(v + 1) for v in z]))
    poisson = from_sums(z, weights, z - rate, a, c)
    u, w = np.polynomial.laguerre.laggauss(12)
    waiting = from_sums(u / rate, w, 1 - u, a, c)
    p, q = sigma(logit), sigma(-logit)
    best = (a * p * q**2 / (p * q**2 + q * p**2)) + c
    values = (a + c - best) * q, -(c - best) * p
    return np.array([poisson, waiting, [best, p * q * (values[0] - values[1]) ** 2]]).tolist()


# %% right parabola_through_three_points: variances at three baselines by autograd scores, and the lowest point of the parabola through them
def best_baseline(a, c, log_rate, logit):
    r, l = torch.tensor(log_rate, dtype=torch.float64), torch.tensor(logit, dtype=torch.float64)
    counts = torch.arange(0.0, float(math.exp(log_rate)) * 4 + 300, dtype=torch.float64)
    u, w = (torch.as_tensor(v) for v in np.polynomial.laguerre.laggauss(10))
    bits = torch.tensor([0.0, 1.0], dtype=torch.float64)
    families = ((counts, lambda t: counts * t - t.exp() - torch.lgamma(counts + 1), r, None),
                (u / r.exp(), lambda t: t - t.exp() * (u / r.exp()), r, w),
                (bits, lambda t: bits * torch.nn.functional.logsigmoid(t) + (1 - bits) * torch.nn.functional.logsigmoid(-t), l, None))
    rows = []
    for z, log_q, at, weights in families:
        score = torch.func.jacfwd(log_q)(at)
        weights = log_q(at).exp() if weights is None else weights
        scale = abs(a) * (1 + float((weights * z).sum())) + 1e-3
        f = a * (z - (weights * z).sum())

        def left(b):
            g = (f - b) * score
            return (weights * (g - (weights * g).sum()) ** 2).sum()

        low, mid, high = left(-scale), left(0.0), left(scale)
        b = -scale * (high - low) / (2 * (high - 2 * mid + low))
        rows.append(torch.stack([b + a * (weights * z).sum() + c, left(b)]))
    return torch.stack(rows)


# %% wrong fifty_counts: the Poisson sum ends at 50, which is too early for large rates
def best_baseline(a, c, log_rate, logit):
    rate, z = math.exp(log_rate), np.arange(0.0, 50.0)
    weights = np.exp(z * log_rate - rate - np.array([math.lgamma(v + 1) for v in z]))
    return torch.tensor([from_sums(z, weights, z - rate, a, c), [3 * a / rate + c, 4 * a**2 / rate**2], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong grid_in_z: the waiting time is integrated on a grid from 0 to 20, whatever its rate
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    z = (np.arange(200_000) + 0.5) * 1e-4
    waiting = from_sums(z, rate * np.exp(-rate * z) * 1e-4, 1 - rate * z, a, c)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], waiting, [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong gradient_in_the_rate: the variances are those of the gradient in lambda, not in its logarithm; right at rate one
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2], [3 * a / rate + c, 4 * a**2 / rate**4], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong mean_of_f_for_the_bit: the last baseline is the mean of f with its variance; right at logit zero
def best_baseline(a, c, log_rate, logit):
    rate, p, q = math.exp(log_rate), sigma(logit), sigma(-logit)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], [3 * a / rate + c, 4 * a**2 / rate**2], [a * p + c, a**2 * p * q * (q - p) ** 2]], dtype=torch.float64)


# %% wrong normal_fourth_moment: the Poisson's fourth central moment is taken as three times the squared variance
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    return torch.tensor([[a * (rate + 1) + c, a**2 * (2 * rate**2 - rate)], [3 * a / rate + c, 4 * a**2 / rate**2], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong two_quadrature_points: two Gauss-Laguerre points: exact for the baseline, one degree short for the variance
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    u, w = np.polynomial.laguerre.laggauss(2)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], from_sums(u / rate, w, 1 - u, a, c), [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong size_of_the_slope: |a| where a belongs: the best constant lies on the wrong side for falling f
def best_baseline(a, c, log_rate, logit):
    rate, a = math.exp(log_rate), abs(a)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], [3 * a / rate + c, 4 * a**2 / rate**2], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)


# %% wrong cautious_probability: the bit's probability is clamped to 0.01 and 0.99
def best_baseline(a, c, log_rate, logit):
    rate, p = math.exp(log_rate), min(max(sigma(logit), 0.01), 0.99)
    return torch.tensor([[a * (rate + 1) + c, 2 * a**2 * rate**2], [3 * a / rate + c, 4 * a**2 / rate**2], [a * (1 - p) + c, 0.0]], dtype=torch.float64)


# %% wrong a_million_samples: baselines and variances are estimated from a million draws
def best_baseline(a, c, log_rate, logit):
    generator, rate = np.random.default_rng(0), math.exp(log_rate)
    n = 1_000_000
    counts, waits, bits = generator.poisson(rate, n).astype(float), generator.exponential(1 / rate, n), (generator.random(n) < sigma(logit)).astype(float)
    return torch.tensor([from_sums(z, 1 / n, s, a, c) for z, s in ((counts, counts - rate), (waits, 1 - rate * waits), (bits, bits - sigma(logit)))], dtype=torch.float64)


# %% wrong variance_grows_with_a: the variance is proportional to |a| in place of its square; right for slopes of one
def best_baseline(a, c, log_rate, logit):
    rate = math.exp(log_rate)
    return torch.tensor([[a * (rate + 1) + c, 2 * abs(a) * rate**2], [3 * a / rate + c, 4 * abs(a) / rate**2], [a * sigma(-logit) + c, 0.0]], dtype=torch.float64)
