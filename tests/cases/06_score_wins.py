import math

import numpy as np
import torch


def predicted(frequency_times_s, s):
    t = frequency_times_s**2
    twice = math.exp(-2 * t)
    return torch.tensor(
        [t / s**2 / 2 * (1 - twice), (1 + (1 - 4 * t) * twice) / (2 * s**2)], dtype=torch.float64
    )


# %% wrong not_centred: A wave that does not know m; its mean gradient is zero (right before one was asked for).
def score_wins(m, s):
    w = 6 / s
    return lambda z: torch.cos(w * z), predicted(6.0, s)


# %% wrong class_and_list: The target an object, the prediction a list; no gradient (right before one was asked for).
class Wave:
    def __init__(self, m, s):
        self.m, self.w = m, 8.0 / s

    def __call__(self, z):
        return torch.sin(self.w * (z - self.m))


def score_wins(m, s):
    # sin: pathwise w cos(8 e), score sin(8 e) e / s, by a fine sum
    e = np.linspace(-12, 12, 200_001)
    q = np.exp(-(e**2) / 2) / np.sqrt(2 * np.pi) * (e[1] - e[0])
    var = lambda v: float((q * v**2).sum() - (q * v).sum() ** 2)
    return [Wave(m, s), [var(8 / s * np.cos(8 * e)), var(np.sin(8 * e) * e / s)]]


# %% wrong partial: A functools.partial as the target; no gradient (right before one was asked for).
from functools import partial


def wave(z, m, w):
    return torch.cos(w * (z - m))


def score_wins(m, s):
    return partial(wave, m=m, w=6 / s), predicted(6.0, s).float()


# %% wrong centred_on_batch: Centred on the mean of what it is given: not entry by entry.
def score_wins(m, s):
    return lambda z: torch.cos(6 / s * (z - z.mean())), predicted(6.0, s)


# %% wrong centred_on_range: Centred on the middle of the range it is given.
def score_wins(m, s):
    return lambda z: torch.cos(6 / s * (z - (z.max() + z.min()).detach() / 2)), predicted(6.0, s)


# %% wrong centred_on_median: Centred on the median of what it is given.
def score_wins(m, s):
    return lambda z: torch.cos(6 / s * (z - z.median().detach())), predicted(6.0, s)


# %% wrong mirror: Half the distance to the entry at the other end: right only on a symmetric grid.
def score_wins(m, s):
    return lambda z: torch.cos(3 / s * (z - z.flip(0))), predicted(6.0, s)


# %% wrong first_and_last: Measured from the middle of the first and the last entry.
def score_wins(m, s):
    return lambda z: torch.cos(6 / s * (z - 0.5 * (z[..., :1] + z[..., -1:]).detach())), predicted(
        6.0, s
    )


# %% wrong mean_removed: The mean of the values is taken away: not entry by entry.
def score_wins(m, s):
    def f(z):
        y = torch.cos(6 / s * (z - m))
        return y - y.mean().detach()

    return f, predicted(6.0, s)


# %% wrong wide_only: The frequency is high enough for s above one only.
def score_wins(m, s):
    w = 6 / max(s, 1.0)
    return lambda z: torch.cos(w * (z - m)), predicted(w * s, s)
