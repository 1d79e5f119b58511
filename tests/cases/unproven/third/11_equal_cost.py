import math

import numpy as np
import torch
from torch import Tensor


def moments(x):
    return x.square().mean().item(), x.pow(4).mean().item()


def shrink(second, fourth, batch, rate):
    """E (1 - 2 r q)^2 for the batch's mean q of x^2."""
    return (1 - 2 * rate * second) ** 2 + 4 * rate**2 * (fourth - second**2) / batch


# %% right closed_form: powers of the two factors per step, and their logarithms for the number of data
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    second, fourth = moments(x)
    factor = shrink(second, fourth, batch, rate)
    table = second / 4 * abs(1 - 2 * rate) ** (2 * budget // len(x))
    encoder = second / 4 * factor ** (budget // batch)
    return table, encoder, 2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor)


# %% right pairs_and_steps: NumPy; every pair of data for E q^2, the table's rows moved one step at a time, and the square of the distance carried along by a loop
def equal_cost(x, budget, batch, rate):
    data = np.asarray(x, dtype=float)
    rows = np.zeros_like(data)
    for _ in range(budget // len(data)):
        rows = rows + rate * -2 * (rows - data / 2)
    factor = 1 / batch * np.mean((1 - 2 * rate * data**2) ** 2) + (1 - 1 / batch) * np.mean(np.multiply.outer(1 - 2 * rate * data**2, 1 - 2 * rate * data**2))
    d2 = 0.25
    for _ in range(budget // batch):
        d2 = d2 * factor
    per_evaluation = math.log(factor) / batch
    return float(np.mean((rows - data / 2) ** 2)), float(np.mean(data**2) * d2), math.log((1 - 2 * rate) ** 2) / per_evaluation


# %% right log_space_and_brentq: logarithms of the gaps, moments of the batch's mean from its exact cumulants, and a root finder for the number of data
def equal_cost(x, budget, batch, rate):
    from scipy.optimize import brentq

    squares = torch.as_tensor(x).detach().double() ** 2
    spread, mean = squares.var(correction=0) / batch, squares.mean()
    encoder_rate = torch.log((1 - 2 * rate * mean) ** 2 + (2 * rate) ** 2 * spread).item() / batch     # of the log gap, per evaluation
    table_rate = lambda n: math.log((1 - 2 * rate) ** 2) / n
    n = 1 / brentq(lambda v: v * math.log((1 - 2 * rate) ** 2) - encoder_rate, -1e3, 1e3, xtol=1e-18, rtol=1e-15)
    start = math.log(mean.item() / 4)
    return math.exp(start + budget * table_rate(len(x))), math.exp(start + budget * encoder_rate), n


# %% wrong without_replacement: the batch's variance carries the factor (N - B)/(N - 1), as if no datum could come twice; right for batches of one
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    n = len(x)
    correction = max(n - batch, 0) / (n - 1) if n > 1 else 0.0
    factor = (1 - 2 * rate * second) ** 2 + 4 * rate**2 * (fourth - second**2) / batch * correction
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // n), second / 4 * factor ** (budget // batch),
            2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor))


# %% wrong sample_variance: the variance of x^2 is divided by N - 1, as torch.var does by default
def equal_cost(x, budget, batch, rate):
    second = x.square().mean().item()
    factor = (1 - 2 * rate * second) ** 2 + 4 * rate**2 * x.square().var().item() / batch
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor))


# %% wrong break_even_of_the_mean_path: both gaps are right, the number of data forgets the noise of the batches
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    factor = shrink(second, fourth, batch, rate)
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            batch * math.log(abs(1 - 2 * rate)) / math.log(abs(1 - 2 * rate * second)))


# %% wrong logs_of_whole_gaps: the number of data from the ratio of the logarithms of the gaps, with the starting gap left in them; right where the mean of x^2 is 4
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    table = second / 4 * (1 - 2 * rate) ** (2 * budget // len(x))
    encoder = second / 4 * shrink(second, fourth, batch, rate) ** (budget // batch)
    return table, encoder, len(x) * math.log(table) / math.log(encoder)


# %% wrong factor_cut_at_zero: a step beyond the middle (rate above one half) is taken to land on it
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    factor = shrink(second, fourth, batch, rate)
    own = max(1 - 2 * rate, 1e-12)
    return (second / 4 * own ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            2 * batch * math.log(own) / math.log(factor))


# %% wrong gaussian_fourth_moment: the mean of x^4 is taken to be three times the square of that of x^2
def equal_cost(x, budget, batch, rate):
    second = x.square().mean().item()
    factor = shrink(second, 3 * second**2, batch, rate)
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor))


# %% wrong gradient_flow: exponentials of the rate in place of powers, for the table and the break-even; right for small rates
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    factor = shrink(second, fourth, batch, rate)
    return (second / 4 * math.exp(-4 * rate * budget / len(x)), second / 4 * factor ** (budget // batch),
            -4 * batch * rate / math.log(factor))


# %% wrong whole_data_only: the break-even is rounded up to the next whole datum
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    factor = shrink(second, fourth, batch, rate)
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            float(math.ceil(2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor))))


# %% wrong batch_no_larger_than_the_data: a batch of more than N data is cut down to N before its variance is taken
def equal_cost(x, budget, batch, rate):
    second, fourth = moments(x)
    factor = shrink(second, fourth, min(batch, len(x)), rate)
    return (second / 4 * (1 - 2 * rate) ** (2 * budget // len(x)), second / 4 * factor ** (budget // batch),
            2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor))


# %% wrong ten_thousand_races: the encoder's gap is the mean of 10,000 simulated races, and the break-even is read off it
def equal_cost(x, budget, batch, rate):
    generator = torch.Generator().manual_seed(0)
    second, d = x.square().mean().item(), torch.full((10_000,), -0.5, dtype=torch.float64)
    for _ in range(budget // batch):
        chosen = torch.randint(len(x), (10_000, batch), generator=generator)
        d = d * (1 - 2 * rate * x[chosen].square().mean(-1))
    encoder = second * d.square().mean().item()
    table = second / 4 * (1 - 2 * rate) ** (2 * budget // len(x))
    return table, encoder, 2 * budget * math.log(abs(1 - 2 * rate)) / math.log(4 * encoder / second)
