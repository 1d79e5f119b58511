import math
from collections.abc import Callable

import torch
from torch import Tensor


def _limit(P: int, level: float = 0.001) -> float:
    normal = torch.distributions.Normal(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))
    return float(-normal.icdf(torch.tensor(0.4 * level / P, dtype=torch.float64)))


def _as_table(g) -> Tensor:
    g = torch.as_tensor(g, dtype=torch.float64)
    return g.unsqueeze(-1) if g.dim() == 1 else g


# %% wrong peeks_as_it_goes: looks at z after every 250 draws and stops at the first alarm with the limit for one look; forty looks, the first at skewed noise from few draws, give many more false alarms
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    exact = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    seen = []
    for _ in range(40):
        seen.append(_as_table(draw(250)))
        g = torch.cat(seen)
        n, P = g.shape
        off = (g.mean(0) - exact).abs()
        se = g.std(0) / math.sqrt(n)
        if bool((off > _limit(P) * se + 1e-12 * exact.abs()).any()):
            return True
    return False


# %% wrong sum_of_squared_scores: adds up the squared z-scores of all entries and compares with a chi-square quantile, which needs independent entries; where they share their noise it alarms in a fifth of the calls
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    exact = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    g = _as_table(draw(10_000))
    n, P = g.shape
    off = (g.mean(0) - exact).abs()
    spread = g.std(0)
    constant = spread <= 1e-12 * g[0].abs()
    if bool((constant & ((g[0] - exact).abs() > 1e-12 * exact.abs())).any()):
        return True
    if bool(constant.all()):
        return False
    z = (off / (spread / math.sqrt(n)))[~constant]
    k = z.numel()
    h = 2 / (9 * k)                                       # Wilson and Hilferty
    quantile = k * (1 - h + _limit(1, 0.001) * math.sqrt(h)) ** 3
    return bool(z.square().sum() > quantile)


# %% wrong close_is_equal: calls an entry right if torch.isclose says that mean and answer agree, to spare the entries without noise; a bias of a tenth of a spread of 1e-8, or in an entry whose mean is large against its spread, passes
def is_biased(draw: Callable[[int], Tensor], exact: float | Tensor) -> bool:
    exact = torch.as_tensor(exact, dtype=torch.float64).reshape(-1)
    g = _as_table(draw(10_000))
    n, P = g.shape
    mean = g.mean(0)
    se = g.std(0) / math.sqrt(n)
    same = torch.isclose(mean, exact.expand_as(mean))
    return bool((((mean - exact).abs() > _limit(P) * se) & ~same).any())
