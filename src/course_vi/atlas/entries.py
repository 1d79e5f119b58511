"""The rows of the atlas: every gradient estimator of the core, in each of its variants, with what it claims."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from course_vi import gradients
from course_vi.atlas.problems import Problem
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import replicate
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.nets import mlp

__all__ = ["BOUNDS", "ENTRIES", "PLAIN", "Entry"]

BOUNDS: dict[str, Bound] = {"elbo": elbo, "iwae": iwae}
PLAIN = {
    True: "reparametrized",
    False: "score_function",
}  # what costs are measured in, with a path and without
STEPS, SIDE_BY_SIDE = 150, 32


class Entry(NamedTuple):
    """How to make an estimator for a problem and a bound, what it is called on the chart, and whether it claims to have no bias.

    Attributes:
        kind: ``"score"``, ``"baseline"``, ``"path"`` or ``"relaxed"``: its colour.
        extra: of the bound alone.
    """

    label: str
    kind: str
    make: Callable[[Problem, Bound, int, int], Estimator]
    unbiased: bool = True


def _as_it_is(estimator: Estimator) -> Callable[[Problem, Bound, int, int], Estimator]:
    return lambda problem, bound, num_samples, seed: estimator


def _running_mean(problem: Problem, bound: Bound, num_samples: int, seed: int) -> Estimator:
    estimator, source = gradients.RunningMean(0.98), torch.Generator().manual_seed(seed)
    for _ in range(STEPS):
        estimator(*problem[:3], num_samples, bound=bound, generator=source)
    return estimator.eval()


def _taught(
    make: Callable[[Problem], nn.Module],
) -> Callable[[Problem, Bound, int, int], Estimator]:
    """An estimator after 150 steps of Adam on its own parameters; the parameters of q are held meanwhile."""

    def made(problem: Problem, bound: Bound, num_samples: int, seed: int) -> Estimator:
        p, q, x, _ = problem
        estimator = make(problem).double()
        many = replicate(q, SIDE_BY_SIDE).requires_grad_(False) if q.replicable else q
        rows = x.expand(SIDE_BY_SIDE, *x.shape) if p.local else x
        optimizer = torch.optim.Adam(estimator.parameters(), lr=0.03)
        source = torch.Generator().manual_seed(seed)
        for _ in range(STEPS):
            value = estimator(p, many, rows, num_samples, bound=bound, generator=source)
            grads = torch.autograd.grad(-value.mean(), list(estimator.parameters()))
            for parameter, gradient in zip(estimator.parameters(), grads, strict=True):
                parameter.grad = gradient
            optimizer.step()
        return estimator.requires_grad_(False)

    return made


def _network(inputs: int) -> nn.Module:
    return mlp(inputs, 8, 1, torch.Generator().manual_seed(0))


ENTRIES: dict[str, Entry] = {
    "score_function": Entry("score function", "score", _as_it_is(gradients.score_function)),
    "RunningMean": Entry("score, running mean", "baseline", _running_mean),
    "LearnedBaseline": Entry(
        "score, learned baseline",
        "baseline",
        _taught(lambda problem: gradients.LearnedBaseline(_network(problem.p.data_dim))),
    ),
    "score_function, leave one out": Entry(
        "score, leave one out",
        "baseline",
        _as_it_is(partial(gradients.score_function, baseline="leave_one_out")),
    ),
    "score_function, optimal constant": Entry(
        "score, best constant",
        "baseline",
        _as_it_is(partial(gradients.score_function, baseline="optimal_constant")),
    ),
    "rao_blackwellized": Entry("Rao-Blackwell", "score", _as_it_is(gradients.rao_blackwellized)),
    "rao_blackwellized, leave one out": Entry(
        "Rao-Blackwell, leave one out",
        "baseline",
        _as_it_is(partial(gradients.rao_blackwellized, baseline="leave_one_out")),
    ),
    "vimco": Entry("VIMCO", "baseline", _as_it_is(gradients.vimco)),
    "disarm": Entry("DisARM", "baseline", _as_it_is(gradients.disarm)),
    "Rebar": Entry("REBAR", "baseline", _taught(lambda problem: gradients.Rebar())),
    "Relax": Entry(
        "RELAX",
        "baseline",
        _taught(lambda problem: gradients.Relax(_network(problem.q.dim))),
    ),
    "gumbel_softmax": Entry(
        r"Gumbel-softmax, $\tau = 0.5$", "relaxed", _as_it_is(gradients.gumbel_softmax), False
    ),
    "gumbel_softmax, cold": Entry(
        r"Gumbel-softmax, $\tau = 0.1$",
        "relaxed",
        _as_it_is(partial(gradients.gumbel_softmax, temperature=0.1)),
        False,
    ),
    "straight_through": Entry(
        "straight through", "relaxed", _as_it_is(gradients.straight_through), False
    ),
    "straight_through, warm": Entry(
        r"straight through, $\tau = 0.5$",
        "relaxed",
        _as_it_is(partial(gradients.straight_through, temperature=0.5)),
        False,
    ),
    "reparametrized": Entry("reparametrized", "path", _as_it_is(gradients.reparametrized)),
    "analytic_kl": Entry("analytic KL", "path", _as_it_is(gradients.analytic_kl)),
    "sticking_the_landing": Entry(
        "sticking the landing", "path", _as_it_is(gradients.sticking_the_landing)
    ),
    "doubly_reparametrized": Entry(
        "doubly reparametrized", "path", _as_it_is(gradients.doubly_reparametrized)
    ),
}
