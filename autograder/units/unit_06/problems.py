"""Problems and drivers of unit 06: maps and their densities, a model that is not Gaussian, a learner's own target, Gamma draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Size, Tensor

from autograder.protocol.by_datum import RowMeanField, told_apart
from autograder.protocol.problems import driver, problem
from autograder.protocol.pullback import pull_back
from autograder.protocol.watch import watched
from course_vi.models import ConjugateToy
from course_vi.models.base import Model

__all__: list[str] = []


class LogCosh(Model):
    """z ~ N(0, I), log p(x | z) = -sum log cosh(x - z): not normalized, and no slope of it is linear in z."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.latent_dim = self.data_dim = dim

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        prior = ConjugateToy(self.latent_dim).log_factors(x, z)["prior"]
        return {"prior": prior, "likelihood": -torch.cosh(x - z).log().sum(-1)}


@problem("logcosh/mean_field")
def logcosh_mean_field(loc: Tensor, log_scale: Tensor, x: Tensor) -> dict[str, Any]:
    """p: LogCosh(D); q: MeanField with ``loc, log_scale: (*B, D)``; x ``(*B, D)``."""
    x = told_apart(x)
    q = RowMeanField(loc.shape[-1], loc, log_scale).at(x)
    return {
        "p": LogCosh(loc.shape[-1]),
        "q": q,
        "x": x,
        "loc": q.loc,
        "log_scale": q.log_scale,
        "learn": dict(q.named_parameters()),
    }


def _slopes(value: Tensor, parameters: tuple[Tensor, ...], batch: Size) -> list[Tensor]:
    """The gradients of ``value``, ``(K, *B)`` or ``(*B)``, datum by datum; zeros for what it does not depend on."""
    found = pull_back(value, parameters, batch, retain_graph=True)
    return [
        torch.zeros_like(parameter) if slope is None else slope
        for slope, parameter in zip(found, parameters, strict=True)
    ]


@driver("map/pair")
def map_pair(
    learner: Callable[..., Any], loc: Tensor, log_scale: Tensor, eps: Tensor, weight: Tensor
) -> dict[str, Any]:
    """(z, log q), and the gradients of ``(weight * z).sum()`` and ``(weight[..., 0] * log_q).sum()`` in loc and log_scale, side by side."""
    loc, log_scale = loc.requires_grad_(), log_scale.requires_grad_()
    pair = learner(loc, log_scale, eps)
    if isinstance(pair, Tensor) and pair.dim():
        pair = list(pair)
    if not (
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and all(isinstance(item, Tensor) for item in pair)
    ):
        raise TypeError(
            f"it returned a {type(pair).__name__}; expected a pair of tensors, (z, log_q)"
        )
    z, log_q = pair
    slopes = []
    for value, by, batch in ((z, weight, loc.shape), (log_q, weight[..., 0], loc.shape[:-1])):
        weighted = (
            by * value if value.shape == by.shape else value
        )  # a result of another shape is for the check to tell
        slopes.append(torch.cat(_slopes(weighted, (loc, log_scale), batch), -1))
    return {"z": z, "log_q": log_q, "slope_z": slopes[0], "slope_q": slopes[1]}


@driver("three_ways/rows")
def three_ways_rows(
    learner: Callable[..., Tensor],
    loc: Tensor,
    log_scale: Tensor,
    x: Tensor,
    eps: Tensor,
    model: str,
) -> dict[str, Any]:
    """The rows of an answer, ``(3, *B)``, and the gradient of each in (loc, log_scale), ``(3, *B, 2 D)``."""
    loc, log_scale = loc.requires_grad_(), log_scale.requires_grad_()
    p = {"toy": ConjugateToy, "logcosh": LogCosh}[model](loc.shape[-1])
    value = learner(p, loc, log_scale, x, eps)
    if not isinstance(value, Tensor) or value.dim() == 0 or value.shape[0] != 3:
        return {"value": value, "slopes": torch.zeros(0)}
    slopes = torch.stack(
        [torch.cat(_slopes(row, (loc, log_scale), x.shape[:-1]), -1) for row in value]
    )
    return {"value": value, "slopes": slopes}


@driver("target/on_a_grid")
def target_on_a_grid(
    learner: Callable[..., Any], m: float, s: float, eps: Tensor, cut: Tensor, single: Tensor
) -> dict[str, Any]:
    """The learner's f and its derivative at z = m + s eps, and the two variances that go with it.

    Asked again, f gets the entries of z that are named by ``cut`` in one tensor, and each of those of ``single`` alone.
    """
    pair = learner(m, s)
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and callable(pair[0])):
        raise TypeError(
            f"it returned a {type(pair).__name__}; expected a pair: a function f, and two predicted variances"
        )
    f, predicted = pair
    f = watched(f)
    z = (m + s * eps).requires_grad_()
    value, still = _entries(f, z), z.detach()
    return {
        "value": value,
        "slope": _slopes(value, (z,), z.shape)[0],
        "again": _entries(f, still.clone()),
        "cut": _entries(f, still[cut]),
        "single": torch.cat([_entries(f, still[place : place + 1]) for place in single.tolist()]),
        "predicted": torch.as_tensor(predicted),
    }


def _entries(f: Callable[[Tensor], Any], z: Tensor) -> Tensor:
    """f(z), if it is a tensor of the shape of z."""
    value = f(z)
    if not isinstance(value, Tensor) or value.shape != z.shape:
        actual = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(
            f"f gave {actual} for a tensor of shape {tuple(z.shape)}; expected one number for each entry"
        )
    return value


@driver("gamma/pullback")
def gamma_pullback(
    learner: Callable[..., Tensor], concentration: Tensor, rate: Tensor, g: Tensor, weight: Tensor
) -> dict[str, Any]:
    """z, and the gradient of ``(weight * z).sum()`` in concentration and in rate: each draw has a weight of its own."""
    concentration, rate = concentration.requires_grad_(), rate.requires_grad_()
    z = learner(concentration, rate, g)
    if not isinstance(z, Tensor):
        raise TypeError(f"it returned a {type(z).__name__}; expected a tensor")
    weighted = weight * z if z.shape == weight.shape else z
    both = _slopes(weighted, (concentration, rate), concentration.shape)
    return {"z": z, "concentration": both[0], "rate": both[1]}


@driver("edges/estimates")
def edges_estimates(
    learner: Callable[..., Any],
    loc: float,
    log_scale: float,
    wave: Tensor,
    places: Tensor,
    heights: Tensor,
    eps: Tensor,
    share: float,
) -> Any:
    """Two estimates of the gradient of the mean of f, a line and a wave with jumps, over z = loc + exp(log_scale) eps, eps exponential.

    Args:
        eps: of the standard exponential distribution, ``(R,)``.
        share: of the slope of f that backward is told; its heights stay as they are.
    """
    level, rise, height, turn, phase = wave

    def f(z: Tensor) -> Tensor:
        smooth = level + rise * z + height * torch.sin(turn * z + phase)
        told = smooth.detach() + share * (smooth - smooth.detach())
        return told + (heights * (z.detach().unsqueeze(-1) > places)).sum(-1)

    at = (torch.as_tensor(value, dtype=eps.dtype) for value in (loc, log_scale))
    return learner(f, places, heights, *at, eps)
