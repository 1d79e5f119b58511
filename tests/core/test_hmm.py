"""The hidden Markov model against enumeration of every sequence of states."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from torch.distributions import Categorical, Normal

from course_vi.models import GaussianHMM, HiddenMarkovModel


def discrete(steps: int = 5, states: int = 3, symbols: int = 4) -> HiddenMarkovModel:
    return HiddenMarkovModel(
        randn(states, seed=0).softmax(-1),
        (2 * randn(states, states, seed=1)).softmax(-1),
        (2 * randn(states, symbols, seed=2)).softmax(-1),
        steps,
    )


def gaussian(steps: int = 5, states: int = 3) -> GaussianHMM:
    emission = torch.stack([2 * randn(states, seed=3), 0.5 + randn(states, seed=4).square()], -1)
    return GaussianHMM(
        randn(states, seed=0).softmax(-1),
        (2 * randn(states, states, seed=1)).softmax(-1),
        emission,
        steps,
    )


def everything(states: int, steps: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product(range(states), repeat=steps)), dtype=DOUBLE)


def by_hand(model: HiddenMarkovModel, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """log p(x, z) for one series and one path, a step at a time."""
    density = (
        (lambda s: Normal(model.loc[s], model.log_scale[s].exp()))
        if isinstance(model, GaussianHMM)
        else (lambda s: Categorical(logits=model.emission_logits[s]))
    )
    total, before = 0.0, None
    for datum, state in zip(x, z.long(), strict=True):
        chain = Categorical(
            logits=model.initial_logits if before is None else model.transition_logits[before]
        )
        total, before = total + chain.log_prob(state) + density(state).log_prob(datum), state
    return total


@pytest.mark.parametrize(
    "model, x",
    [
        (discrete(), torch.randint(0, 4, (2, 5), generator=generator(0)).double()),
        (gaussian(4), randn(2, 4, seed=5)),
        (discrete(1), torch.tensor([[2.0], [0.0]], dtype=DOUBLE)),
    ],
)
def test_forward_backward_by_enumeration(model, x, evidence):
    paths, steps = everything(3, model.steps), model.steps
    wanted = torch.stack(
        [torch.stack([by_hand(model, series, path) for series in x]) for path in paths]
    ).detach()  # (paths, B)
    joint = model.log_joint(x, paths.unsqueeze(1).expand(-1, 2, -1))
    log_p, posterior = wanted.logsumexp(0), wanted.softmax(0)
    chain, found = model.posterior(x), model.marginals(x)
    errors = [
        joint - wanted,
        model.log_evidence(x) - log_p,
        chain.log_prob(paths.unsqueeze(1).expand(-1, 2, -1)).exp() - posterior,
        model.forward_messages(x)[:, 0]
        + model.backward_messages(x)[:, 0]
        - (found.states[:, 0].log() + log_p.unsqueeze(-1)),
    ]
    for t, s in itertools.product(range(steps), range(3)):
        errors.append(found.states[:, t, s] - posterior[paths[:, t] == s].sum(0))
        if t + 1 < steps:
            errors += [
                found.pairs[:, t, s, r]
                - posterior[(paths[:, t] == s) & (paths[:, t + 1] == r)].sum(0)
                for r in range(3)
            ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-11
    assert torch.equal(model.most_likely(x).double(), paths[wanted.argmax(0)])
    evidence(
        f"models.{type(model).__name__}",
        "enumeration of all paths: evidence, marginals, posterior",
        error=worst,
    )


def test_samples_by_enumeration(evidence):
    """Paths, then symbols; and paths of the posterior: the probability of every sequence."""
    model, paths = discrete(3, 2, 2), everything(2, 3)
    x, z = model.sample(40_000, generator(0))
    both = (
        torch.stack([(model.log_joint(symbols, paths)).exp() for symbols in paths], 1)
        .flatten()
        .detach()
    )
    index = (
        (z * torch.tensor([4.0, 2, 1])).sum(-1) * 8 + (x * torch.tensor([4.0, 2, 1])).sum(-1)
    ).long()
    score = mean_z(torch.nn.functional.one_hot(index, 64).double(), both)
    datum = torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 1.0]], dtype=DOUBLE)
    draws = model.posterior(datum).sample((40_000,), generator(1))
    index = (draws * torch.tensor([4.0, 2, 1])).sum(-1).long()
    exactly = model.log_joint(datum, paths.unsqueeze(1).expand(-1, 2, -1)).softmax(0).mT.detach()
    score = max(score, mean_z(torch.nn.functional.one_hot(index, 8).double(), exactly))
    assert score < LIMIT and draws.shape == (40_000, 2, 3)
    means, hidden = gaussian(2).sample(40_000, generator(2))
    model = gaussian(2)
    score = max(score, mean_z(means - model.loc.detach()[hidden.long()], 0.0))
    assert score < LIMIT
    evidence("models.HiddenMarkovModel.sample", "enumeration of all paths", z=score)


def test_the_slope_of_the_evidence():
    """Fisher's identity, exactly: the slope of log p(x) is the posterior mean of the slope of log p(x, z)."""
    model, paths = discrete(4), everything(3, 4)
    x = torch.tensor([0.0, 3.0, 1.0, 1.0], dtype=DOUBLE)
    slope = torch.autograd.grad(model.log_evidence(x), list(model.parameters()))
    joint = model.log_joint(x, paths)
    fisher = torch.autograd.grad(
        (joint.detach().softmax(0) * joint).sum(), list(model.parameters())
    )
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(slope, fisher, strict=True))


def test_ten_thousand_steps(evidence):
    """Against the other classical recursion: probabilities in numpy, rescaled at every step, no logarithms inside."""
    model = discrete(10_000)
    x, _ = model.sample(1, generator(0))
    initial, transition, emission = (
        logits.detach().softmax(-1).numpy() for logits in model.parameters()
    )
    forward, scales = np.empty((10_000, 3)), np.empty(10_000)
    likelihood = emission.T[x[0].long().numpy()]
    for t in range(10_000):
        step = likelihood[t] * (initial if t == 0 else forward[t - 1] @ transition)
        scales[t] = step.sum()
        forward[t] = step / scales[t]
    smoothed, backward = forward.copy(), np.ones(3)
    for t in range(9_998, -1, -1):
        backward = transition @ (likelihood[t + 1] * backward) / scales[t + 1]
        smoothed[t] *= backward
    with torch.no_grad():
        found = model.marginals(x).states[0]
        error = (model.log_evidence(x)[0] - np.log(scales).sum()).abs() / 10_000
    assert error < 1e-12 and (found - torch.as_tensor(smoothed)).abs().max() < 1e-9
    evidence(
        "models.HiddenMarkovModel, 10,000 steps",
        "the rescaled recursions in numpy; error per step",
        error=error,
    )


def test_impossible_moves_and_data():
    """A left-to-right chain: zeros in the tables are allowed; data without an explanation has log-probability -inf."""
    ahead = torch.tensor([[0.5, 0.5], [0.0, 1.0]], dtype=DOUBLE)
    model = HiddenMarkovModel(
        torch.tensor([1.0, 0.0], dtype=DOUBLE), ahead, torch.eye(2, dtype=DOUBLE), steps=3
    )
    assert model.log_evidence(torch.tensor([0.0, 0, 1], dtype=DOUBLE)).item() == pytest.approx(
        math.log(0.25)
    )
    assert model.log_evidence(torch.tensor([0.0, 1, 0], dtype=DOUBLE)).item() == -torch.inf


@pytest.mark.parametrize(
    "run, message",
    [
        (
            lambda: HiddenMarkovModel(torch.ones(2), torch.eye(2), torch.eye(2), 3),
            "initial has rows",
        ),
        (
            lambda: HiddenMarkovModel(torch.tensor([0.5, 0.5]), torch.eye(3), torch.eye(2), 3),
            "transition has shape",
        ),
        (
            lambda: HiddenMarkovModel(torch.tensor([0.5, 0.5]), torch.eye(2), torch.eye(3), 3),
            "emission has shape",
        ),
        (
            lambda: HiddenMarkovModel(torch.tensor([0.5, 0.5]), torch.eye(2), torch.eye(2), 0),
            "steps is 0",
        ),
        (
            lambda: GaussianHMM(torch.tensor([0.5, 0.5]), torch.eye(2), -torch.ones(2, 2), 3),
            "positive scales",
        ),
        (lambda: discrete().log_evidence(torch.zeros(4)), "x has shape"),
        (
            lambda: discrete().log_evidence(torch.tensor([0.0, 1, 2, 3, 4])),
            "x has entries that are no whole number from 0 to 3",
        ),
        (
            lambda: discrete().log_joint(torch.zeros(5), torch.full((1, 5), 0.5)),
            "z has entries that are no whole number",
        ),
        (
            lambda: gaussian().log_evidence(torch.full((5,), torch.nan)),
            "x has 5 entries that are NaN",
        ),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()
