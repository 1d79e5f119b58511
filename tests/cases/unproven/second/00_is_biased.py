import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def _two_axes(samples: Tensor, exact) -> tuple[Tensor, Tensor]:
    if samples.ndim == 1:
        samples = samples.unsqueeze(-1)
    return samples, torch.as_tensor(exact, dtype=torch.float64).reshape(-1)


# %% right one_batch: all 10,000 replicates at once, a limit of 5.5 standard errors, room for rounding
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    distance = (g.mean(0) - a).abs()
    limit = 5.5 * g.std(0) / 100 + 1e-12 * a.abs()
    return bool((distance > limit).any())


# %% right in_portions: twenty portions of 500, NumPy, and the normal quantile that Bonferroni leaves to each entry
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    parts = [np.asarray(draw(500), dtype=np.float64).reshape(500, -1) for _ in range(20)]
    g = np.concatenate(parts)
    a = np.asarray(exact, dtype=np.float64).reshape(-1)
    n, P = g.shape
    q = float(torch.special.ndtri(torch.tensor(1 - 0.0003 / (2 * P), dtype=torch.float64)))
    q += 0.4
    for j in range(P):
        shift = g[0, j]                                   # differences from the first replicate: no rounding for constants
        d = g[:, j] - shift
        se = d.std(ddof=1) / math.sqrt(n)
        if abs(d.mean() + (shift - a[j])) > q * se + 1e-12 * abs(a[j]):
            return True
    return False


# %% right two_stages: two halves must both be suspicious, on the same side
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    verdicts = []
    for _ in range(2):
        g, a = _two_axes(draw(5_000), exact)
        d = g.mean(0) - a
        limit = 4.0 * g.std(0) / math.sqrt(5_000) + 1e-12 * a.abs()
        verdicts.append((d > limit).long() - (d < -limit).long())
    return bool((verdicts[0] * verdicts[1] > 0).any())


# %% wrong three_sigma: calls everything beyond three standard errors biased
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    return bool(((g.mean(0) - a).abs() > 3 * g.std(0) / 100 + 1e-12 * a.abs()).any())


# %% wrong limit_for_one_entry: 3.5 standard errors are enough for one number, and not for sixty
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    return bool(((g.mean(0) - a).abs() > 3.5 * g.std(0) / 100 + 1e-12 * a.abs()).any())


# %% wrong too_few_replicates: a thousand replicates put a bias of 0.1 at 3.2 standard errors, below the limit
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(1_000), exact)
    return bool(((g.mean(0) - a).abs() > 4.4 * g.std(0) / math.sqrt(1_000) + 1e-12 * a.abs()).any())


# %% wrong over_budget: confirms a suspicion with 10,000 more replicates than are allowed
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    for limit in (3.0, 5.0):
        g, a = _two_axes(draw(10_000), exact)
        if not bool(((g.mean(0) - a).abs() > limit * g.std(0) / 100 + 1e-12 * a.abs()).any()):
            return False
    return True


# %% wrong upwards_only: sees a bias upwards and not one downwards
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    return bool((g.mean(0) - a > 5.5 * g.std(0) / 100 + 1e-12 * a.abs()).any())


# %% wrong division: 0 / 0 and rounding over rounding for entries without noise
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    z = (g.mean(0) - a) / (g.std(0) / 100)
    return bool((z.abs() > 5.5).any())


# %% wrong eps_in_se: 1e-12 is added to the standard error, an absolute number next to answers of any size
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    z = (g.mean(0) - a) / (g.std(0) / 100 + 1e-12)
    return bool((z.abs() > 5.5).any())


# %% wrong allclose_first: whatever torch.isclose calls close passes, a biased estimator of small spread included
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    mean = g.mean(0)
    beyond = (mean - a).abs() > 5.5 * g.std(0) / 100
    return bool((beyond & ~torch.isclose(mean, a)).any())


# %% wrong noiseless_skipped: entries without noise are never called biased
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    noisy = g.std(0) > 1e-14 * g.abs().amax(0)
    return bool(((g.mean(0) - a).abs() > 5.5 * g.std(0) / 100)[noisy].any())


# %% wrong pooled_spread: one spread for all entries, so that a quiet entry hides behind a loud one
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    spread = g.var(0).mean().sqrt()
    return bool(((g.mean(0) - a).abs() > 5.5 * spread / 100 + 1e-12 * a.abs()).any())


# %% wrong chi_square: adds the squares of the z-scores as if the entries did not share their noise
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    se = g.std(0) / 100
    d = (g.mean(0) - a).abs()
    still = se <= 1e-13 * a.abs() + 1e-300
    if bool((d[still] > 1e-12 * a.abs()[still]).any()):
        return True
    z2 = (d[~still] / se[~still]).square().sum()
    P = int((~still).sum())
    return P > 0 and float(z2) > P + 3.5 * math.sqrt(2 * P) + 12


# %% wrong peeking: tests after every hundred, each time with the limit for a single test
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    seen = []
    for _ in range(100):
        g, a = _two_axes(draw(100), exact)
        seen.append(g)
        g = torch.cat(seen)
        q = torch.special.ndtri(torch.tensor(1 - 0.001 / (2 * g.shape[1]), dtype=torch.float64))
        if bool(((g.mean(0) - a).abs() > q * g.std(0) / math.sqrt(len(g)) + 1e-12 * a.abs()).any()):
            return True
    return False


# %% wrong winsorized: pulls outliers in before averaging, and finds a bias in skewed noise that has none
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000), exact)
    m, s = g.mean(0), g.std(0)
    g = torch.minimum(torch.maximum(g, m - 2 * s), m + 2 * s)
    return bool(((g.mean(0) - a).abs() > 5.5 * g.std(0) / 100 + 1e-12 * a.abs()).any())


# %% wrong single_precision: averages in float32, which cannot tell 100.00001 from 100
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    g, a = _two_axes(draw(10_000).float(), exact)
    d = (g.mean(0).double() - a).abs()
    return bool((d > 5.5 * g.std(0).double() / 100 + 1e-12 * a.abs()).any())
