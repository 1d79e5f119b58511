# %% right formula: The derivation by hand: a row's distance shrinks by 1 - 2r, the weight's by 1 - 2r q with a q for each batch.
import math


def equal_cost(x, budget, batch, rate):
    square, fourth = (x**2).mean(), (x**4).mean()
    row = (1 - 2 * rate) ** 2
    weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
    table = square / 4 * row ** (budget / len(x))
    encoder = square / 4 * weight ** (budget / batch)
    return table, encoder, batch * math.log(row) / weight.log()


# %% right recursion: The expected square of the distance, step by step, in plain Python.
import math


def equal_cost(x, budget, batch, rate):
    data = x.tolist()
    n = len(data)
    q = [v * v for v in data]
    mean = math.fsum(q) / n
    variance = math.fsum((v - mean) ** 2 for v in q) / n / batch

    distance = [v / 2 for v in data]
    for _ in range(budget // n):
        distance = [d - 2 * rate * d for d in distance]
    table = math.fsum(d * d for d in distance) / n

    second = 0.25
    for _ in range(budget // batch):
        second = second - 4 * rate * mean * second + 4 * rate**2 * (mean**2 + variance) * second
    factor = 1 - 4 * rate * mean + 4 * rate**2 * (mean**2 + variance)
    return [table, mean * second, 2 * batch * math.log(abs(1 - 2 * rate)) / math.log(factor)]


# %% right pairs: The mean over batches through the mean over pairs of data, in NumPy.
import numpy as np
import torch


def equal_cost(x, budget, batch, rate):
    q = np.square(x.numpy())
    same, other = np.mean((1 - 2 * rate * q) ** 2), np.mean(np.outer(1 - 2 * rate * q, 1 - 2 * rate * q))
    factor = same / batch + other * (batch - 1) / batch
    gaps = q.mean() * 0.25 * np.array([(1 - 2 * rate) ** (2 * (budget // len(q))), factor ** (budget // batch)])
    return gaps[0], torch.tensor(gaps[1]), batch * 2 * np.log(np.abs(1 - 2 * rate)) / np.log(factor)


# %% right logs: Both gaps by their logarithms, with torch's own variance.
import torch


def equal_cost(x, budget, batch, rate):
    r = torch.tensor(float(rate), dtype=x.dtype)
    q = x.square()
    per_row = 2 * (1 - 2 * r).abs().log()
    per_batch = ((1 - 2 * r * q.mean()).square() + (2 * r).square() * q.var(unbiased=False) / batch).log()
    steps = torch.tensor([budget / x.numel(), budget / batch], dtype=x.dtype)
    start = (q.mean() / 4).log()
    table, encoder = (start + steps * torch.stack([per_row, per_batch])).exp()
    return table, encoder, batch * per_row / per_batch


# %% wrong batch_noise, from right formula: The mean weight is followed; its square has a mean of its own, larger by the noise of the batches.
# diagnosis: batch_noise
#-     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
#+     weight = (1 - 2 * rate * square) ** 2


# %% wrong one_datum, from right formula: The spread of x^2 itself, as if a batch held one datum.
# diagnosis: one_datum
#-     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
#+     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2)


# %% wrong all_on_each, from right formula: Each row, and the encoder, take as many steps as there are evaluations: nobody pays.
# diagnosis: all_on_each
#-     table = square / 4 * row ** (budget / len(x))
#-     encoder = square / 4 * weight ** (budget / batch)
#+     table = square / 4 * row**budget
#+     encoder = square / 4 * weight**budget


# %% wrong batch_steps, from right formula: Equal steps in place of equal cost: the table takes budget / B steps.
# diagnosis: batch_steps
#-     table = square / 4 * row ** (budget / len(x))
#+     table = square / 4 * row ** (budget / batch)


# %% wrong table_steps, from right formula: Equal steps the other way round: the encoder takes budget / N.
# diagnosis: table_steps
#-     encoder = square / 4 * weight ** (budget / batch)
#+     encoder = square / 4 * weight ** (budget / len(x))


# %% wrong not_squared, from right formula: The distance shrinks by 1 - 2r in a step, and so "the gap does".
# diagnosis: not_squared
#-     row = (1 - 2 * rate) ** 2
#+     row = abs(1 - 2 * rate)


# %% wrong flow, from right formula: Gradient flow: e^(-4 r t) for a row, where steps are finite.
# diagnosis: flow
#-     row = (1 - 2 * rate) ** 2
#+     row = math.exp(-4 * rate)


# %% wrong slope, from right formula: The slope of (m - x/2)^2 is taken for m - x/2.
# diagnosis: slope
#-     row = (1 - 2 * rate) ** 2
#-     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
#+     row = (1 - rate) ** 2
#+     weight = (1 - rate * square) ** 2 + rate**2 * (fourth - square**2) / batch


# %% wrong no_replacement, from right formula: The correction for batches without replacement, which make less noise.
# diagnosis: no_replacement
#-     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
#+     spread = (fourth - square**2) / batch * (len(x) - batch) / max(len(x) - 1, 1)
#+     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * spread


# %% wrong unbiased_variance, from right logs: torch's var divides by N - 1 unless told; the batches come from these N data.
# diagnosis: unbiased_variance
#-     per_batch = ((1 - 2 * r * q.mean()).square() + (2 * r).square() * q.var(unbiased=False) / batch).log()
#+     spread = q.var() if len(q) > 1 else 0.0
#+     per_batch = ((1 - 2 * r * q.mean()).square() + (2 * r).square() * spread / batch).log()


# %% wrong batch_sum, from right formula: The gradient is summed over the batch, which multiplies the step by B.
# diagnosis: batch_sum
#-     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
#+     rate = rate * batch
#+     weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch


# %% wrong weight_alone, from right formula: The expected square of the weight's error, without the x^2 that it is multiplied by.
# diagnosis: weight_alone
#-     encoder = square / 4 * weight ** (budget / batch)
#+     encoder = weight ** (budget / batch) / 4


# %% wrong upside_down, from right formula: The two logarithms are exchanged.
# diagnosis: upside_down
#-     return table, encoder, batch * math.log(row) / weight.log()
#+     return table, encoder, batch * weight.log() / math.log(row)


# %% wrong batches, from right formula: How many batches make up the data set, in place of how many data.
# diagnosis: batches
#-     return table, encoder, batch * math.log(row) / weight.log()
#+     return table, encoder, math.log(row) / weight.log()


# %% wrong simulated, from right formula: The encoder's gap is measured over 500 runs, not predicted.
# diagnosis: value
import math

import torch


def equal_cost(x, budget, batch, rate):
    square, fourth = (x**2).mean(), (x**4).mean()
    row = (1 - 2 * rate) ** 2
    weight = (1 - 2 * rate * square) ** 2 + 4 * rate**2 * (fourth - square**2) / batch
    table = square / 4 * row ** (budget / len(x))
    a, generator = torch.zeros(500, dtype=x.dtype), torch.Generator().manual_seed(0)
    for _ in range(budget // batch):
        q = x[torch.randint(len(x), (500, batch), generator=generator)].square().mean(-1)
        a = a + rate * q * (1 - 2 * a)
    return table, ((a - 0.5) ** 2).mean() * square, batch * math.log(row) / weight.log()
