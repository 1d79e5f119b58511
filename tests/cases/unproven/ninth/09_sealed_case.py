import itertools
import math

import torch
from torch import Tensor

NAMES = ("biased", "noisy", "another target")


def _expected(x: float, loc: float, scale: float, eps: Tensor, weight: Tensor) -> Tensor:
    """Means of the three gradients over weighted pairs of noise, eps (2, G), weight (G): (3, 2), in the order of NAMES."""
    out = []
    for name in NAMES:
        m = torch.tensor(float(loc), dtype=torch.float64, requires_grad=True)
        log_s = torch.tensor(math.log(float(scale)), dtype=torch.float64, requires_grad=True)
        z = m + log_s.exp() * eps
        mq, sq = (m.detach(), log_s.detach()) if name == "biased" else (m, log_s)
        log_w = -0.5 * z.square() - 0.5 * (x - z).square() + 0.5 * ((z - mq) / sq.exp()).square() + sq
        bound = log_w.mean(0) if name == "another target" else torch.logsumexp(log_w, 0)
        out.append(torch.stack(torch.autograd.grad((weight * bound).sum(), (m, log_s))))
    return torch.stack(out)


def _grid() -> tuple[Tensor, Tensor]:
    z = torch.linspace(-7, 7, 301, dtype=torch.float64)
    w = (-0.5 * z.square()).exp()
    w = w / w.sum()
    a, b = torch.meshgrid(z, z, indexing="ij")
    return torch.stack([a.reshape(-1), b.reshape(-1)]), torch.outer(w, w).reshape(-1)


def _match(cost: Tensor) -> list[str]:
    best = min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[i, j]) for i, j in enumerate(order)))
    return [NAMES[j] for j in best]


# %% wrong loudest_is_noisy: calls the one with the largest spread noisy because its description says so, and tells only the other two by their means
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    spread = draws.var(1).sum(-1)
    loud = int(spread.argmax())
    se = draws.std(1) / draws.shape[1] ** 0.5
    cost = (((draws.mean(1)[:, None] - _expected(x, loc, scale, *_grid())) / se[:, None]) ** 2).sum(-1)
    cost[:, 1] = 1e12
    cost[loud] = 1e12
    cost[loud, 1] = 0.0
    return _match(cost)


# %% wrong mean_parameter_only: compares the gradients for m with their exact means and ignores those for log s, though some cases differ in log s alone
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    se = draws[..., 0].std(1) / draws.shape[1] ** 0.5
    cost = ((draws[..., 0].mean(1)[:, None] - _expected(x, loc, scale, *_grid())[:, 0]) / se[:, None]) ** 2
    return _match(cost)


# %% wrong rough_means_and_raw_distances: finds the three means from forty simulated pairs instead of a grid, and compares distances without dividing by standard errors
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    g = torch.Generator().manual_seed(0)
    eps = torch.randn(2, 40, generator=g, dtype=torch.float64)
    expected = _expected(x, loc, scale, eps, torch.full((40,), 1 / 40, dtype=torch.float64))
    cost = (draws.mean(1)[:, None] - expected).square().sum(-1)
    return _match(cost)
