r"""A state space model with unknown scales: a level that wanders, seen with noise.

.. math:: \log s \sim N(-1, 1), \quad \log r \sim N(-1, 1), \quad z_1 \sim N(0, 1), \quad z_t \mid z_{t-1}, s \sim N(z_{t-1}, s^2), \quad
          y_t \mid z_t, r \sim N(z_t, r^2).

Given (s, r) everything is Gaussian, so that every exact answer is a sum over a grid of two axes.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Normal

from course_vi.experiments.county_rates import Moments
from course_vi.graph import BayesNet, plate
from course_vi.graph.model import NetModel
from course_vi.models import Model

__all__ = ["WanderingLevel", "nile"]


def nile(dtype: torch.dtype = torch.float64) -> Tensor:
    """The yearly flow of the Nile at Aswan, 1871 to 1970, with mean 0 and standard deviation 1: ``(100,)``."""
    from statsmodels.datasets import nile as home

    flow = torch.tensor(home.load_pandas().data["volume"].to_numpy(), dtype=torch.float64)
    return ((flow - flow.mean()) / flow.std()).to(dtype)


class WanderingLevel(Model):
    r"""The model above. A datum is the series, ``(T,)``; the event is :math:`z = (z_1, \dots, z_T, \log s, \log r)`.

    Args:
        steps: T.
        centred: whether the family speaks of levels. If not, of the first one and of how many s each step is long; ``place`` leads
            from these latents to levels.

    >>> WanderingLevel(3).log_joint(torch.zeros(3), torch.zeros(7, 5)).shape
    torch.Size([7])
    """

    shown = ("centred",)

    def __init__(self, steps: int, centred: bool = True) -> None:
        super().__init__()
        self.centred, self.data_dim, self.latent_dim = centred, steps, steps + 2

    def place(self, z: Tensor) -> Tensor:
        """The levels, log s and log r that these latents stand for, ``(*B, T + 2)``."""
        if self.centred:
            return z
        moves = torch.cat([z[..., :1], z[..., -2:-1].exp() * z[..., 1:-2]], -1)
        return torch.cat([moves.cumsum(-1), z[..., -2:]], -1)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        level, log_s, log_r = self.place(z)[..., :-2], z[..., -2], z[..., -1]
        moves = (
            (level[..., 1:] - level[..., :-1]) * (-log_s.unsqueeze(-1)).exp()
            if self.centred
            else z[..., 1:-2]
        )
        seen = (x - level) * (-log_r.unsqueeze(-1)).exp()
        half = 0.5 * math.log(2 * math.pi)
        width = log_s if self.centred else torch.zeros_like(log_s)
        return {
            "scales": Normal(-1.0, 1.0).log_prob(z[..., -2:]).sum(-1),
            "first": Normal(0.0, 1.0).log_prob(level[..., 0]),
            "moves": -0.5 * moves.square().sum(-1) - (self.data_dim - 1) * (width + half),
            "likelihood": -0.5 * seen.square().sum(-1) - self.data_dim * (log_r + half),
        }

    def as_net(self, copies: int = 1) -> NetModel:
        """The same model, centred, as a graph: what ``families.ASVI`` reads. One node for each level, so it is slow.

        Args:
            copies: so many of it side by side, in a plate around it all.
        """
        zero, one, each = torch.zeros_like(self.unit), torch.ones_like(self.unit), plate("copy", copies)  # fmt: skip
        scope = {"Normal": Normal}
        recipes: dict[str, Any] = {
            "log_s": lambda: Normal(-one, one),
            "log_r": lambda: Normal(-one, one),
            "z0": lambda: Normal(zero, one),
        }
        times = range(self.data_dim)
        for t in times:  # the names of a recipe's arguments are its parents
            if t:
                move = f"lambda z{t - 1}, log_s: Normal(z{t - 1}, log_s.exp())"
                recipes[f"z{t}"] = eval(move, scope)
            recipes[f"y{t}"] = eval(f"lambda z{t}, log_r: Normal(z{t}, log_r.exp())", scope)
        return BayesNet(**{name: each(recipe) for name, recipe in recipes.items()}).as_model(
            observed=[f"y{t}" for t in times],
            latent=[*(f"z{t}" for t in times), "log_s", "log_r"],
        )

    def posterior_moments(self, x: Tensor, points: int = 81) -> Moments:
        """Exact means, standard deviations and log evidence, of the levels, log s and log r, by sums over a grid.

        Args:
            points: on each axis, log s from -5 to 1 and log r from -2 to 0.6.
        """
        x, count = x.double(), self.data_dim
        log_s = torch.linspace(-5.0, 1.0, points, dtype=torch.float64)
        log_r = torch.linspace(-2.0, 0.6, points, dtype=torch.float64)
        time = torch.arange(count, dtype=torch.float64)
        together = torch.minimum(time.unsqueeze(-1), time)
        loc, squares, log_p = [], [], []
        for one in log_s:  # Gaussian given both: y = level + noise, all r at once
            prior = 1.0 + (2 * one).exp() * together
            values, vectors = torch.linalg.eigh(prior)
            total = values + (2 * log_r).exp().unsqueeze(-1)  # (points, T)
            turned = vectors.T @ x
            log_p.append(
                -0.5 * (turned.square() / total + total.log() + math.log(2 * math.pi)).sum(-1)
                + Normal(-1.0, 1.0).log_prob(one)
                + Normal(-1.0, 1.0).log_prob(log_r)
            )
            mean = (values * turned / total) @ vectors.T
            kept = values - values.square() / total
            loc.append(mean)
            squares.append(kept @ vectors.square().T + mean.square())
        log_joint = torch.cat(log_p)
        weight = log_joint.softmax(0)
        pair = torch.cartesian_prod(log_s, log_r)
        first = torch.cat([torch.cat(loc), pair], -1).T @ weight
        second = torch.cat([torch.cat(squares), pair.square()], -1).T @ weight
        cell = math.log(float((log_s[1] - log_s[0]) * (log_r[1] - log_r[0])))
        return Moments(
            first, (second - first.square()).sqrt(), float(log_joint.logsumexp(0) + cell)
        )
