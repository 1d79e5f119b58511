r"""Abilities and difficulties (Rasch 1960): is it worse for z to be Bayesian about many theta?

.. math:: z_n \sim N(0, 1), \quad \theta_d \sim N(0, 1), \quad x_{nd} \sim \mathrm{Bernoulli}(\sigma(z_n - \theta_d))

Answers are made with known abilities z. Given the difficulties theta, the posterior of one ability is a sum on a line, so that what is
compared is what is done about theta alone: learned by maximum likelihood, or integrated over.
"""

from __future__ import annotations

from typing import NamedTuple

import pyro
import pyro.distributions as dist
import torch
from pyro.ops.stats import gelman_rubin
from torch import Tensor
from torch.nn.functional import logsigmoid

from course_vi.experiments.hamiltonian import hamiltonian

__all__ = [
    "Answers",
    "ability",
    "answers",
    "integrated",
    "learned",
    "log_joint",
    "log_likelihood",
    "rasch",
]

LINE = torch.linspace(-6.0, 6.0, 241, dtype=torch.float64)
FAR = 8.0  # a question that all get right has no finite difficulty of maximum likelihood


class Answers(NamedTuple):
    """What was asked and what is true: ``x: (N, D)`` zeros and ones, ``z: (N,)``, ``theta: (D,)``."""

    x: Tensor
    z: Tensor
    theta: Tensor


def answers(people: int, questions: int, seed: int) -> Answers:
    """Answers of people whose abilities are known."""
    source = torch.Generator().manual_seed(seed)
    z = torch.randn(people, generator=source, dtype=torch.float64)
    theta = torch.randn(questions, generator=source, dtype=torch.float64)
    right = (z.unsqueeze(-1) - theta).sigmoid()
    x = (torch.rand(right.shape, generator=source, dtype=torch.float64) < right).double()
    return Answers(x, z, theta)


def rasch(x: Tensor) -> None:
    """The model in Pyro: two plates that cross, and every cell an answer."""
    people = pyro.plate("people", x.shape[0], dim=-2)
    questions = pyro.plate("questions", x.shape[1], dim=-1)
    with people:
        z = pyro.sample("z", dist.Normal(x.new_zeros(x.shape[0], 1), 1.0))
    with questions:
        theta = pyro.sample("theta", dist.Normal(x.new_zeros(x.shape[1]), 1.0))
    with people, questions:
        pyro.sample("x", dist.Bernoulli(logits=z - theta), obs=x)


def log_likelihood(x: Tensor, theta: Tensor, z: Tensor) -> Tensor:
    """log p(x_n | z, theta) for abilities ``z: (G,)`` and ``theta: (*, D)``: ``(*, N, G)``."""
    logits = z - theta.unsqueeze(-1)  # (*, D, G)
    return x @ logsigmoid(logits) + (1 - x) @ logsigmoid(-logits)


def learned(x: Tensor) -> Tensor:
    """theta of maximum likelihood, every z summed out: ``(D,)``."""
    raw = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    log_prior = dist.Normal(0.0, 1.0).log_prob(LINE)
    climber = torch.optim.LBFGS([raw], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        climber.zero_grad()
        loss = -(log_likelihood(x, FAR * raw.tanh(), LINE) + log_prior).logsumexp(-1).sum()
        loss.backward()
        return loss

    climber.step(closure)
    return (FAR * raw.tanh()).detach()


def log_joint(x: Tensor, at: Tensor) -> Tensor:
    """log p(x, z, theta) for ``at: (C, N + D)``, abilities first: ``(C,)``. The same as that of ``rasch``."""
    z, theta = at.split([x.shape[0], x.shape[1]], -1)
    logits = z.unsqueeze(-1) - theta.unsqueeze(-2)
    said = logsigmoid(torch.where(x > 0, logits, -logits)).sum((-1, -2))
    return said + dist.Normal(0.0, 1.0).log_prob(at).sum(-1)


def integrated(x: Tensor, seed: int, chains: int = 32, draws: int = 150) -> tuple[Tensor, float]:
    """Draws of theta from the posterior of (theta, z), ``(draws * chains, D)``, and the largest R-hat of any theta."""
    source = torch.Generator().manual_seed(seed)
    start = torch.randn(chains, sum(x.shape), generator=source, dtype=x.dtype)
    found = hamiltonian(
        lambda at: log_joint(x, at), start, draws, warm_up=120, leapfrogs=6, generator=source
    ).draws[..., x.shape[0] :]
    agreement = gelman_rubin(found, chain_dim=1, sample_dim=0).max()
    return found.flatten(0, 1), float(agreement)


def ability(asked: Answers, theta: Tensor) -> dict[str, float]:
    """How well the posterior of z under these theta, ``(S, D)`` or ``(D,)``, an average over S, says what z is.

    Returns:
        ``score``: mean log density at the true z; ``error``: root mean square of the posterior means' errors; ``covered``: how many of
        the true z lie within the central nine tenths.
    """
    theta = theta.reshape(-1, theta.shape[-1])
    log_prior = dist.Normal(0.0, 1.0).log_prob(LINE)
    weight = (log_likelihood(asked.x, theta, LINE) + log_prior).softmax(-1).mean(0)  # (N, G)
    mean, below = weight @ LINE, weight.cumsum(-1) - 0.5 * weight
    place = ((asked.z - LINE[0]) / (LINE[1] - LINE[0])).clamp(0, len(LINE) - 1.001)
    left = place.long().unsqueeze(-1)
    part = (place - place.floor()).unsqueeze(-1)

    def at_truth(values: Tensor) -> Tensor:
        return ((1 - part) * values.gather(-1, left) + part * values.gather(-1, left + 1))[:, 0]

    log_density = at_truth((weight / (LINE[1] - LINE[0])).log())
    level = at_truth(below)
    return {
        "score": float(log_density.mean()),
        "error": float((mean - asked.z).square().mean().sqrt()),
        "covered": float(((level > 0.05) & (level < 0.95)).double().mean()),
    }
