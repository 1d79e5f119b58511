import math

import numpy as np
import torch
from torch import Tensor


def closed(a, c, logit):
    p = 1 / (1 + math.exp(-logit))
    v = p * (1 - p)
    return torch.tensor([v * (a / 2 + c), v * a * (p - 0.5), v**2 * a**2 * v], dtype=torch.float64)


def logistic(noise):
    tail = np.exp(-np.abs(noise))
    return tail / (1 + tail) ** 2


def moments(a, c, logit, temperatures, density=logistic):
    """Bias and variance of one bent gradient at each temperature, with t = (l + noise) / temperature on an even grid."""
    t = np.linspace(-45, 45, 4501)
    y = 1 / (1 + np.exp(-t))
    slope, step = (a * y + c) * y * (1 - y), t[1] - t[0]
    tau = np.atleast_1d(np.asarray(temperatures, dtype=float))[:, None]
    weight = density(tau * t - logit) * step
    mean, square = weight @ slope, (weight @ slope**2) / tau[:, 0]
    return mean - float(closed(a, c, logit)[0]), square - mean**2


def error_of(a, c, logit, samples, of=moments):
    def error(temperatures):
        bias, variance = of(a, c, logit, temperatures)
        return bias**2 + variance / samples

    return error


def scan(error, low=0.05, high=5.0):
    """The least of an error on a log scale: a coarse scan, then closer around each of its valleys."""
    taus = np.geomspace(low, high, 500)
    values = error(taus)
    valleys = [i for i in range(len(taus)) if values[i] <= values[max(i - 1, 0)] and values[i] <= values[min(i + 1, len(taus) - 1)]]
    found = []
    for i in sorted(valleys, key=lambda i: values[i])[:6]:
        near, far = taus[max(i - 1, 0)], taus[min(i + 1, len(taus) - 1)]
        for _ in range(5):
            fine = np.linspace(near, far, 21)
            e = error(fine)
            k = int(e.argmin())
            near, far = fine[max(k - 1, 0)], fine[min(k + 1, 20)]
        found.append((float(e[k]), float(fine[k])))
    return min(found)[1]

# %% right all_temperatures_at_once: a matrix of densities times a vector of slopes gives every temperature's moments, and the scan zooms into each valley
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    bias, variance = moments(a, c, logit, temperature)
    return closed(a, c, logit), torch.tensor([bias[0], variance[0]]), scan(error_of(a, c, logit, samples))

# %% wrong where_the_lines_cross: takes the temperature at which the size of the bias is nearest to the standard error, as the figure suggests, in place of the least squared error
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    bias, variance = moments(a, c, logit, temperature)

    def apart(temperatures):
        b, v = moments(a, c, logit, temperatures)
        return np.abs(np.log(np.abs(b) + 1e-300) - 0.5 * np.log(v / samples))

    return closed(a, c, logit), torch.tensor([bias[0], variance[0]]), scan(apart)

# %% wrong the_other_range: looks for the best temperature between 0.1 and 3, the range of the argument, where 0.05 to 5 was asked for
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    bias, variance = moments(a, c, logit, temperature)
    return closed(a, c, logit), torch.tensor([bias[0], variance[0]]), scan(error_of(a, c, logit, samples), 0.1, 3.0)

# %% wrong a_grid_in_the_noise: integrates over the noise with steps of a quarter, good at warm temperatures, and too coarse for the narrow peak at cold ones
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    def coarse(a, c, logit, temperatures):
        noise = np.linspace(-30, 30, 241)
        tau = np.atleast_1d(np.asarray(temperatures, dtype=float))[:, None]
        t = np.clip((logit + noise) / tau, -500, 500)
        y = 1 / (1 + np.exp(-t))
        g = (a * y + c) * y * (1 - y) / tau
        weight = logistic(noise) * 0.25
        mean = g @ weight
        return mean - float(closed(a, c, logit)[0]), g**2 @ weight - mean**2

    bias, variance = coarse(a, c, logit, temperature)
    return closed(a, c, logit), torch.tensor([bias[0], variance[0]]), scan(error_of(a, c, logit, samples, coarse))

# %% wrong one_gumbel: perturbs the logit of a bit with Gumbel noise, as for categories, and forgets that a difference of two Gumbels is logistic
def straight_through(a: float, c: float, logit: float, temperature: float, samples: int) -> tuple[Tensor, Tensor, float]:
    def gumbel(noise):
        noise = np.clip(noise, -500, None)
        return np.exp(-noise - np.exp(-noise))

    def of(a, c, logit, temperatures):
        return moments(a, c, logit, temperatures, gumbel)

    bias, variance = of(a, c, logit, temperature)
    return closed(a, c, logit), torch.tensor([bias[0], variance[0]]), scan(error_of(a, c, logit, samples, of))
