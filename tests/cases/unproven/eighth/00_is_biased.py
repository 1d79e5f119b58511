import math
from collections.abc import Callable
from statistics import NormalDist

import torch
from torch import Tensor

# %% right merged_portions: draws eight portions in NumPy, merges counts, means and sums of squares by Chan's formula, and compares products, never quotients
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    import numpy as np

    truth = np.atleast_1d(np.asarray(torch.as_tensor(exact, dtype=torch.float64)))
    limit = NormalDist().inv_cdf(1 - 1e-10)
    count = 0
    for _ in range(8):
        portion = draw(1250).detach().double().numpy()
        portion = portion.reshape(len(portion), -1)
        base = portion[0].copy() if count == 0 else base
        moved = portion - base
        n, m, q = len(moved), moved.mean(0), ((moved - moved.mean(0)) ** 2).sum(0)
        if count == 0:
            count, center, squares = n, m, q
        else:
            gap = m - center
            squares = squares + q + gap ** 2 * count * n / (count + n)
            center = center + gap * n / (count + n)
            count += n
    se = np.sqrt(squares / (count * (count - 1)))
    distance = np.abs((base - truth) + center)
    return bool((distance > limit * se + 1e-12 * np.abs(truth)).any())

# %% wrong sum_of_squares_test: adds up the squared z-scores of all entries and compares with a chi-square limit, which is valid only if the entries of an estimate are independent
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g = draw(10_000)
    g = g.reshape(g.shape[0], -1)
    truth = torch.as_tensor(exact, dtype=g.dtype).reshape(-1)
    constant = g.amax(0) == g.amin(0)
    if bool((constant & ((g[0] - truth).abs() > 1e-12 * truth.abs())).any()):
        return True
    z = ((g.mean(0) - truth) / (g.std(0) / 100))[~constant]
    P = z.numel()
    if P == 0:
        return False
    # Wilson and Hilferty's approximation to the chi-square quantile at 1 - 1/4000
    q = NormalDist().inv_cdf(1 - 1 / 4000)
    limit = P * (1 - 2 / (9 * P) + q * math.sqrt(2 / (9 * P))) ** 3
    return bool((z ** 2).sum() > limit)

# %% wrong too_few_replicates: a limit of five standard errors on 4,000 replicates; the bias to be found lies at 6.3 standard errors, so about one in ten is missed
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    n = 4000
    g = draw(n)
    truth = torch.as_tensor(exact, dtype=g.dtype)
    se = (g - g[0]).std(0) / math.sqrt(n)
    distance = (g[0] - truth + (g - g[0]).mean(0)).abs()
    return bool((distance > 5 * se + 1e-12 * truth.abs()).any())

# %% wrong peeks_and_stops: tests after every 100 replicates at the limit for a single test and stops at the first alarm, so a hundred looks share what one look is allowed
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    start = None
    for n in range(100, 10_001, 100):
        new = draw(100).reshape(100, -1)
        if start is None:
            start = new[0].clone()
            first = second = torch.zeros_like(start)
            truth = torch.as_tensor(exact, dtype=new.dtype).reshape(-1)
            limit = NormalDist().inv_cdf(1 - 0.0005 / len(start))
        moved = new - start
        first, second = first + moved.sum(0), second + (moved ** 2).sum(0)
        se = ((second - first ** 2 / n).clamp(min=0) / (n * (n - 1))).sqrt()
        distance = (start - truth + first / n).abs()
        if bool((distance > limit * se + 1e-12 * truth.abs()).any()):
            return True
    return False

# %% wrong absolute_room: the room for rounding also has an absolute part of 1e-12 (as isclose has), so a constant 1e-13 passes for an exact 0
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    n = 10_000
    g = draw(n)
    truth = torch.as_tensor(exact, dtype=g.dtype)
    moved = g - g[0]
    mean = g[0] + moved.mean(0)
    se = moved.std(0) / math.sqrt(n)
    far = (mean - truth).abs() > 6 * se
    rounding = torch.isclose(mean, truth.expand_as(mean), rtol=1e-12, atol=1e-12)
    return bool((far & ~rounding).any())
