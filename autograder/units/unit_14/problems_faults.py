"""Losses of Pyro, and of the unit's own, on a small model of bits: what a learner's enumeration says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pyro
import pyro.distributions as dist
import torch
from pyro import poutine
from pyro.infer import RenyiELBO, Trace_ELBO, TraceGraph_ELBO
from torch import Tensor

from autograder.protocol.problems import driver
from autograder.units.unit_14.problems_hierarchy import doubles

__all__ = ["Bits", "ScoreBound", "loss_of"]


class Bits(NamedTuple):
    """D bits that all rows share: z ~ Bernoulli, y_n ~ N(level_n + slopes_n . z + bend prod z, 1); the guide's bits are independent.

    Attributes:
        prior, logits: ``(D)``, of the model and of the guide.
        slopes: ``(N, D)``.
        level, y: ``(N)``.
    """

    prior: Tensor
    logits: Tensor
    slopes: Tensor
    level: Tensor
    y: Tensor

    def model(self, rows: Tensor) -> None:
        z = pyro.sample("z", dist.Bernoulli(logits=self.prior).to_event(1))
        with pyro.plate("rows", len(self.y), subsample=rows):
            mean = self.level[rows] + self.slopes[rows] @ z + z.prod()
            pyro.sample("y", dist.Normal(mean, 1.0), obs=self.y[rows])

    def guide(self, rows: Tensor) -> None:
        logits = pyro.param("logits", lambda: self.logits.clone())
        pyro.sample("z", dist.Bernoulli(logits=logits).to_event(1))


class ScoreBound:
    """A loss that nobody has seen: the K-sample bound with its score-function gradient, right, or with a fault that is asked for.

    Args:
        value: is added to the bound that is told.
        score, path: factors of the two parts of the gradient; one each where it is right.
        first: is added to the log weight of the first particle, so that the order of particles matters.
    """

    def __init__(
        self,
        alpha: float,
        particles: int,
        value: float = 0.0,
        score: float = 1.0,
        path: float = 1.0,
        first: float = 0.0,
    ) -> None:
        self.alpha, self.num_particles = alpha, particles
        self.value, self.score, self.path, self.first = value, score, path, first

    def loss_and_grads(self, model: Any, guide: Any, *args: Any) -> float:
        joint, density = [], []
        for _ in range(self.num_particles):
            guided = poutine.trace(guide).get_trace(*args)
            modelled = poutine.trace(poutine.replay(model, trace=guided)).get_trace(*args)
            joint.append(torch.as_tensor(modelled.log_prob_sum()))
            density.append(torch.as_tensor(guided.log_prob_sum()))
        joint[0] = joint[0] + self.first
        log_q = torch.stack(density)
        log_w = torch.stack(joint) - log_q
        if self.alpha == 1:
            bound = log_w.mean()
        else:
            order = 1 - self.alpha
            bound = ((order * log_w).logsumexp(0) - torch.tensor(float(len(log_w))).log()) / order
        surrogate = self.path * bound + self.score * bound.detach() * log_q.sum()
        if self.path or self.score:  # else there is nothing to add
            (-surrogate).backward()
        return -float(bound.detach() + self.value)


def loss_of(kind: str, alpha: float, particles: int, faults: Any = (0.0, 1.0, 1.0, 0.0)) -> Any:
    """A loss by its name: of Pyro's own ``trace``, ``graph`` and ``renyi``, or ``own``."""
    if kind == "own":
        return ScoreBound(alpha, particles, *map(float, faults))
    if kind == "renyi":
        return RenyiELBO(alpha=alpha, num_particles=particles)
    losses = {"trace": Trace_ELBO, "graph": TraceGraph_ELBO}
    return losses[kind](num_particles=particles)


@driver("faults/table")
def faults_table(
    examine: Callable[..., Any],
    kind: str,
    alpha: float,
    particles: int,
    faults: Tensor,
    prior: Tensor,
    logits: Tensor,
    slopes: Tensor,
    level: Tensor,
    y: Tensor,
    batches: Tensor,
) -> Any:
    """The learner's table for one loss; ``batches: (S, B)``, row numbers; -1 fills up those of fewer rows."""
    with doubles():
        bits = Bits(prior, logits, slopes, level, y)
        loss = loss_of(kind, alpha, particles, faults)
        rows = [each[each >= 0] for each in batches]
        return examine(loss, alpha, particles, bits.model, bits.guide, torch.arange(len(y)), rows)
