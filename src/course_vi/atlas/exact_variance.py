"""Mean and variance of an estimator itself, without sampling error, where its noise can be summed over.

The library's own estimator is asked at every node, so nothing is derived anew.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from course_vi import exact
from course_vi.atlas.problems import Problem
from course_vi.diagnostics import gradient_samples, replicate
from course_vi.families import BernoulliMeanField
from course_vi.gradients.bound_structure import Bound, is_linear
from course_vi.gradients.estimator import Estimator

__all__ = ["exact_mean_and_variance"]

MOST = 30_000  # nodes
AGREE = 1e-6  # of two quadratures
PATHS = ("reparametrized", "analytic_kl", "sticking_the_landing", "doubly_reparametrized")
DRAWN = ("score_function", "RunningMean", "LearnedBaseline", "rao_blackwellized", "vimco")


def exact_mean_and_variance(
    problem: Problem,
    entry: str,
    estimator: Estimator,
    bound: Bound,
    num_samples: int,
    names: list[str],
) -> tuple[Tensor, Tensor] | None:
    """Mean and variance of each entry of the gradient, ``(P,)``; None where there are too many nodes, or two grids do not agree."""
    if not problem.q.replicable:
        return None
    ask = partial(_weighted, problem, estimator, bound=bound, names=names)
    if problem.q.reparametrized:
        if problem.nodes != "quadratic":
            return None  # no polynomial: Gauss and Hermite would not be exact
        return _gauss_hermite(problem, entry, bound, num_samples, ask)
    if entry.split(",")[0] in DRAWN:
        return _over_states(problem, estimator, bound, num_samples)
    if isinstance(problem.q, BernoulliMeanField) and entry in ("disarm", "straight_through"):
        cells = _three_cells(problem.q) if entry == "disarm" else _two_cells(problem.q)
        draws = num_samples // 2 if entry == "disarm" else num_samples
        return _over_cells(*cells, draws, num_samples, ask)
    return None


def _weighted(
    problem: Problem,
    estimator: Estimator,
    noise: Tensor,
    weight: Tensor,
    num_samples: int,
    bound: Bound,
    names: list[str],
) -> tuple[Tensor, Tensor]:
    """Mean and variance of one estimate over given noises ``(K, N, noise)`` of weights ``(N,)``."""
    asked: Any = partial(estimator, noise=noise)
    drawn = gradient_samples(asked, *problem[:3], num_samples, len(weight), bound, None, "batch")
    return _moments(torch.cat([drawn[name].flatten(1) for name in names], 1), weight)


def _moments(each: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    mean = weight @ each
    return mean, weight @ (each - mean).square()


def _gauss_hermite(
    problem: Problem, entry: str, bound: Bound, num_samples: int, ask: Any
) -> tuple[Tensor, Tensor] | None:
    """A path estimate of a linear bound is a mean over K: one sample will do. The others need all K noises."""
    alone = entry in PATHS and is_linear(bound, num_samples)
    samples, size = (1 if alone else num_samples), problem.q.noise_dim
    answers = []
    for order in (9, 11) if samples * size < 5 else (5, 6):
        if order ** (samples * size) > MOST:
            return None
        points, weights = exact.gauss_hermite(order)
        eps = torch.cartesian_prod(*[points] * (samples * size)).reshape(-1, samples, size)
        weight = torch.cartesian_prod(*[weights] * (samples * size)).reshape(len(eps), -1).prod(-1)
        answers.append(ask(eps.transpose(0, 1), weight, samples))
    rough, fine = answers
    if any(
        float((a - b).norm()) > AGREE * (1e-9 + float(b.norm()))
        for a, b in zip(rough, fine, strict=True)
    ):
        return None
    return fine[0], fine[1] / (num_samples if alone else 1)


def _over_states(
    problem: Problem, estimator: Estimator, bound: Bound, num_samples: int
) -> tuple[Tensor, Tensor] | None:
    """Every K-tuple of states, forced on a replicate of q of its own."""
    p, q, x, _ = problem
    states = q.states()  # type: ignore[operator]
    if len(states) ** num_samples > MOST:
        return None
    codes = exact.enumerate_categories((len(states),) * num_samples)
    tuples: Any = states[codes].transpose(0, 1)  # (K, T, D)
    many: Any = replicate(q, len(codes))
    plain = many.distribution

    def forced(x: Tensor | None = None) -> Any:
        density = plain(x)
        density.draw = lambda shape, generator=None: tuples
        return density

    many.distribution = forced
    value = estimator(p, many, x.expand(len(codes), *x.shape), num_samples, bound=bound)
    (each,) = torch.autograd.grad(value.sum(), [many.logits])
    return _moments(each.flatten(1), q(x, states).detach()[codes].sum(-1).exp())


def _two_cells(q: BernoulliMeanField) -> tuple[Tensor, Tensor]:
    """For each bit a u that gives 0 and one that gives 1, ``(D, 2)``, with their probabilities."""
    on = q.logits.detach().sigmoid()
    return torch.stack([(1 - on) / 2, 1 - on / 2], -1), torch.stack([1 - on, on], -1)


def _three_cells(q: BernoulliMeanField) -> tuple[Tensor, Tensor]:
    """For each bit a u of each of the three cells that an antithetic pair tells apart, ``(D, 3)``, with their probabilities."""
    on = q.logits.detach().sigmoid()
    edge = torch.minimum(on, 1 - on)
    middle = torch.full_like(edge, 0.5)
    return (
        torch.stack([edge / 2, middle, 1 - edge / 2], -1),
        torch.stack([edge, 1 - 2 * edge, edge], -1),
    )


def _over_cells(
    places: Tensor, chances: Tensor, draws: int, num_samples: int, ask: Any
) -> tuple[Tensor, Tensor] | None:
    dim, cells = places.shape
    if cells ** (dim * draws) > MOST:
        return None
    codes = exact.enumerate_categories((cells,) * (dim * draws)).reshape(-1, draws, dim)
    bits = torch.arange(dim)
    weight = chances[bits, codes].prod(-1).prod(-1)
    return ask(places[bits, codes].transpose(0, 1), weight, num_samples)
