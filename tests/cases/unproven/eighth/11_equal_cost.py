import math

import numpy as np
import torch
from torch import Tensor

# %% right factors_in_numpy: the two factors of a step in NumPy, each less one, so that the break-even keeps its digits for small rates; infinity where a factor is zero
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    squares = np.square(np.asarray(x.detach().cpu(), dtype=np.float64))
    second, fourth = squares.mean(), np.square(squares).mean()
    pair = second**2 + (fourth - second**2) / batch
    with np.errstate(divide="ignore", invalid="ignore"):
        table = np.log1p(-4 * rate + 4 * rate**2)
        encoder = np.log1p(-4 * rate * second + 4 * rate**2 * pair)
        even = np.divide(batch * table, encoder)
    start = second / 4
    gap = start * (1 - 2 * rate) ** (2 * (budget // len(squares)))
    return float(gap), float(start * (1 - 4 * rate * second + 4 * rate**2 * pair) ** (budget // batch)), float(even)


# %% wrong without_replacement: the variance of a batch's mean gets the factor (N - B)/(N - 1) of drawing without replacement, though a datum may come twice
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    n, square = len(x), x.square()
    second = square.mean().item()
    variance = square.var(unbiased=False).item() / batch * max(n - batch, 0) / max(n - 1, 1)
    factor = (1 - 2 * rate * second) ** 2 + 4 * rate**2 * variance
    table = (1 - 2 * rate) ** (2 * (budget // n)) * second / 4
    encoder = factor ** (budget // batch) * second / 4
    return table, encoder, 2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor)


# %% wrong small_rates: the break-even is taken from the first order in the rate, where the logarithm of a factor is what it lacks of one
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    n, square = len(x), x.square()
    second = square.mean().item()
    variance = square.var(unbiased=False).item() / batch
    factor = (1 - 2 * rate * second) ** 2 + 4 * rate**2 * variance
    table = (1 - 2 * rate) ** (2 * (budget // n)) * second / 4
    encoder = factor ** (budget // batch) * second / 4
    return table, encoder, batch * (1 - (1 - 2 * rate) ** 2) / (1 - factor)


# %% wrong table_climbs_the_mean: a row of the table moves by the slope of the mean ELBO, as a loss averaged over the data would have it, so that its step is N times too small
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    n, square = len(x), x.square()
    second = square.mean().item()
    variance = square.var(unbiased=False).item() / batch
    factor = (1 - 2 * rate * second) ** 2 + 4 * rate**2 * variance
    table = (1 - 2 * rate / n) ** (2 * (budget // n)) * second / 4
    encoder = factor ** (budget // batch) * second / 4
    return table, encoder, 2 * batch * math.log(abs(1 - 2 * rate / n)) / math.log(factor)


# %% wrong noise_added_at_the_end: follows the mean of a and adds the variance that the steps bring, each as if it were the only one, to first order
def equal_cost(x: Tensor, budget: int, batch: int, rate: float) -> tuple[float, float, float]:
    n, square = len(x), x.square()
    second = square.mean().item()
    variance = square.var(unbiased=False).item() / batch
    steps, shrink = budget // batch, 1 - 2 * rate * second
    factor = shrink**2 + 4 * rate**2 * variance
    squared = shrink ** (2 * steps) + steps * 4 * rate**2 * variance * shrink ** (2 * steps - 2)
    table = (1 - 2 * rate) ** (2 * (budget // n)) * second / 4
    return table, squared * second / 4, 2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor)
