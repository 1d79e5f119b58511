"""Hidden Markov models as other people's data need them: scan and loop, impossible moves, missing data, lengths, vectors."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from torch.distributions import MultivariateNormal

from course_vi.learning import baum_welch
from course_vi.models import GaussianHMM, HiddenMarkovModel, MultivariateGaussianHMM
from course_vi.models.tractable import markov_messages as messages


def tables(steps: int, states: int, seed: int = 0, spread: float = 1.0):
    """Log pi, log A and log B_j(x_t), with a graph."""
    made = (
        randn(states, seed=seed).log_softmax(-1),
        randn(states, states, seed=seed + 1).log_softmax(-1),
        spread * randn(2, steps, states, seed=seed + 2),
    )
    return [part.requires_grad_() for part in made]


@pytest.mark.parametrize("steps, states", [(1, 3), (2, 2), (3, 4), (64, 3), (101, 8), (200, 16)])
def test_the_scan_is_the_loop(steps, states, evidence):
    """Messages both ways and the evidence, and their slopes in every argument."""
    parts = tables(steps, states)
    pairs = [
        (messages.forward_loop(*parts), messages.forward_scan(*parts)),
        (messages.backward_loop(*parts[1:]), messages.backward_scan(*parts[1:])),
        (messages.evidence_loop(*parts), messages.evidence_scan(*parts)),
    ]
    worst = 0.0
    for loop, scan in pairs:
        weights = randn(*loop.shape, seed=9)
        nothing = 0.0 * sum(part.sum() for part in parts)  # T = 1: beta depends on none of them
        slopes = [
            torch.autograd.grad((weights * v).sum() + nothing, parts, retain_graph=True)
            for v in (loop, scan)
        ]
        worst = max(worst, ((loop - scan).abs().max() / (1 + loop.abs().max())).item())
        for a, b in zip(*slopes, strict=True):
            worst = max(worst, ((a - b).abs().max() / (1 + a.abs().max())).item())
    assert worst < 1e-12
    evidence(
        "models.tractable.markov_messages: scan",
        "the loop: values and slopes, relative",
        error=worst,
    )


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_hopeless_for_a_while(dtype):
    """A chain that must be in a state 1,000 nats worse than the other for ten steps, and then in its opposite: no underflow."""
    initial = torch.tensor([0.5, 0.5], dtype=dtype).log()
    stay = messages.possible(torch.eye(2, dtype=dtype).log())
    terms = torch.zeros(20, 2, dtype=dtype)
    terms[:10, 1], terms[10:, 0] = -1000.0, -1001.0
    wanted = math.log(0.5) - 10_000.0
    for way in (messages.evidence_loop, messages.evidence_scan):
        assert way(initial, stay, terms).item() == pytest.approx(wanted, rel=1e-6)
    swap = torch.tensor([[-900.0, 0.0], [0.0, -900.0]], dtype=dtype)
    assert torch.allclose(
        messages.forward_loop(initial, swap, terms), messages.forward_scan(initial, swap, terms)
    )


@pytest.mark.parametrize("kind", ["gaussian", "discrete"])
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize("loop", [False, True])
def test_left_to_right_slopes(kind, dtype, loop, monkeypatch):
    """States that cannot be reached at some step: every gradient is finite, and Fisher's identity holds."""
    initial = torch.tensor([1.0, 0, 0], dtype=dtype)
    ahead = torch.tensor([[0.9, 0.1, 0], [0, 0.9, 0.1], [0, 0, 1.0]], dtype=dtype)
    if kind == "gaussian":
        model = GaussianHMM(
            initial, ahead, torch.tensor([[0.0, 1], [1, 1], [2, 1]], dtype=dtype), 6
        )
        x = torch.tensor([0.1, -0.2, 0.9, 1.1, 2.2, 1.8], dtype=dtype)
    else:  # an emission that is impossible, too
        table = torch.tensor([[0.5, 0.5, 0], [0.2, 0.8, 0], [0.1, 0.2, 0.7]], dtype=dtype)
        model = HiddenMarkovModel(initial, ahead, table, 6)
        x = torch.tensor([0.0, 1, 1, 0, 2, 2], dtype=dtype)
    if loop:
        monkeypatch.setattr(HiddenMarkovModel, "_few", lambda self, terms: False)
    slope = torch.autograd.grad(model.log_evidence(x), list(model.parameters()))
    assert all(bool(part.isfinite().all()) for part in slope)
    paths = torch.tensor(list(itertools.product(range(3), repeat=6)), dtype=dtype)
    joint = model.log_joint(x, paths)
    possible = joint > -math.inf
    assert torch.allclose(joint.logsumexp(0), model.log_evidence(x))
    fisher = torch.autograd.grad(
        (joint.detach().softmax(0)[possible] * joint[possible]).sum(), list(model.parameters())
    )
    for a, b in zip(slope, fisher, strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-6)
    messages_too = torch.autograd.grad(model.marginals(x).states[2, 1], list(model.parameters()))
    assert all(bool(part.isfinite().all()) for part in messages_too)


def test_what_was_not_seen_is_summed_out(evidence):
    """Missing symbols: the sum over every symbol they might have been. What stands there is not read."""
    model = HiddenMarkovModel(
        randn(3, seed=0).softmax(-1),
        randn(3, 3, seed=1).softmax(-1),
        randn(3, 2, seed=2).softmax(-1),
        4,
    )
    seen = torch.tensor([[True, False, True, False], [True, True, True, True]])
    x = torch.tensor([[1.0, math.nan, 0.0, 7.0], [0.0, 1.0, 1.0, 0.0]], dtype=DOUBLE)
    filled = torch.tensor(
        [[1.0, a, 0.0, b] for a, b in itertools.product((0.0, 1.0), repeat=2)], dtype=DOUBLE
    )
    every = model.log_evidence(filled)
    states = (every.softmax(0)[:, None, None] * model.marginals(filled).states).sum(0)
    errors = [
        model.log_evidence(x, seen)[0] - every.logsumexp(0),
        model.log_evidence(x, seen)[1] - model.log_evidence(x[1]),
        model.marginals(x, seen).states[0] - states,
    ]
    short = model.of_length(2)
    first = torch.tensor([True, True, False, False])
    errors += [
        model.log_evidence(x[1], first) - short.log_evidence(x[1, :2]),
        model.marginals(x[1], first).states[:2] - short.marginals(x[1, :2]).states,
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-14 and short.transition_logits is model.transition_logits
    assert (short.steps, short.data_dim, short.latent_dim, model.steps) == (2, 2, 2, 4)
    evidence("models.HiddenMarkovModel, missing data", "the sum over what was missing", error=worst)


def test_baum_welch_of_several_lengths(evidence):
    """Series filled up at their ends: each of its own length in a sum of expected counts, by hand."""

    def make():
        rows = randn(2, 2, seed=1).softmax(-1)
        return HiddenMarkovModel(
            randn(2, seed=0).softmax(-1), rows, randn(2, 3, seed=2).softmax(-1), 5
        )

    model, lengths = make(), (5, 3, 2)
    x = torch.randint(0, 3, (3, 5), generator=generator(0)).double()
    seen = torch.arange(5) < torch.tensor(lengths).unsqueeze(-1)
    pairs, first, symbols = torch.zeros(2, 2), torch.zeros(2), torch.zeros(2, 3)
    for series, length in zip(x, lengths, strict=True):
        found = model.of_length(length).marginals(series[:length])
        first, pairs = first + found.states[0].detach(), pairs + found.pairs.sum(0).detach()
        kinds = torch.nn.functional.one_hot(series[:length].long(), 3).double()
        symbols = symbols + found.states.detach().mT @ kinds
    done = baum_welch(model, x, 1, seen=seen)
    errors = [
        model.initial_logits.softmax(-1) - first / first.sum(),
        model.transition_logits.softmax(-1) - pairs / pairs.sum(-1, keepdim=True),
        model.emission_logits.softmax(-1) - symbols / symbols.sum(-1, keepdim=True),
        done.free_energy[0] - make().log_evidence(x, seen).sum(),
    ]
    worst = max(error.abs().max().item() for error in errors)
    assert worst < 1e-13
    assert bool((baum_welch(model, x, 50, seen=seen).free_energy.diff() > -1e-10).all())
    evidence(
        "learning.baum_welch, several lengths", "expected counts of each series alone", error=worst
    )


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_baum_welch_has_a_finite_free_energy(dtype):
    """Most symbols come once: probabilities leave single precision, and F stays finite and is log p(x)."""
    x = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1, 1, 2]
    x = torch.tensor(
        [x + [3, 31, 31, 2, 32, 12, 4, 5, 60, 0, 2, 1, 3, 4, 5, 81, 32, 2, 1]], dtype=dtype
    )
    emission = torch.rand(2, 82, generator=generator(0)).softmax(-1).to(dtype)
    model = HiddenMarkovModel(
        torch.tensor([0.6, 0.4], dtype=dtype),
        torch.tensor([[0.7, 0.3], [0.4, 0.6]], dtype=dtype),
        emission / emission.sum(-1, keepdim=True),
        steps=39,
    )
    found = baum_welch(model, x, 400)
    assert bool(found.free_energy.isfinite().all())
    assert found.free_energy[-1].item() == pytest.approx(model.log_evidence(x).item(), rel=1e-5)


def test_baum_welch_says_when_the_free_energy_falls(monkeypatch):
    """The watchdog: an M-step that moves the wrong way."""
    model = HiddenMarkovModel(
        torch.tensor([0.5, 0.5]), torch.eye(2) * 0.6 + 0.2, torch.eye(2) * 0.8 + 0.1, 20
    ).double()
    x = model.sample(5, generator(0))[0]

    def wrong(self, x, weights):
        self.emission_logits.copy_(self.emission_logits.flip(-1))

    monkeypatch.setattr(HiddenMarkovModel, "maximize_emission", wrong)
    with pytest.raises(RuntimeError, match="the M-step took F from"):
        baum_welch(model, x, 5)


def vectors(steps: int = 3) -> MultivariateGaussianHMM:
    roots = 0.5 * randn(2, 2, 2, seed=4) + 0.8 * torch.eye(2)
    return MultivariateGaussianHMM(
        randn(2, seed=0).softmax(-1),
        randn(2, 2, seed=1).softmax(-1),
        (2 * randn(2, 2, seed=3), roots @ roots.mT),
        steps,
    )


def test_vectors_by_enumeration(evidence):
    model = vectors()
    x, _ = model.sample(4, generator(0))
    paths = torch.tensor(list(itertools.product(range(2), repeat=3)))
    covariance = model.root @ model.root.mT
    by_hand = torch.stack(
        [
            model.initial_logits.log_softmax(-1)[path[0]]
            + model.transition_logits.log_softmax(-1)[path[:-1], path[1:]].sum()
            + MultivariateNormal(model.loc[path], covariance[path])
            .log_prob(x.view(4, 3, 2))
            .sum(-1)
            for path in paths
        ]
    )
    joint = model.log_joint(x, paths.double().unsqueeze(1).expand(-1, 4, -1))
    worst = max(
        (joint - by_hand).abs().max(), (model.log_evidence(x) - by_hand.logsumexp(0)).abs().max()
    )
    assert worst < 1e-12 and model.data_dim == 6 and x.shape == (4, 6)
    seen = torch.tensor([True, False, True])
    off = model.emission_log_prob(x)
    off = torch.stack([off[:, 0], torch.zeros_like(off[:, 1]), off[:, 2]], 1)
    known = messages.evidence_loop(
        model.initial_logits.log_softmax(-1), model.transition_logits.log_softmax(-1), off
    )
    assert torch.allclose(model.log_evidence(x, seen), known)
    draws, states = vectors().sample(40_000, generator(1))
    off = (draws.view(-1, 3, 2) - model.loc.detach()[states.long()]).flatten(0, 1)
    mine = off[(states.long() == 0).flatten()]
    exactly = covariance[0].detach()
    score = max(mean_z(mine, 0.0), mean_z(mine.unsqueeze(-1) * mine.unsqueeze(-2), exactly))
    assert score < LIMIT
    evidence(
        "models.MultivariateGaussianHMM",
        "enumeration of all paths; means and covariances",
        error=worst,
        z=score,
    )


def test_vectors_of_one_number():
    """p = 1 is ``GaussianHMM``: evidence, and Baum-Welch step for step."""
    emission = torch.tensor([[-1.0, 0.7], [2.0, 1.3]], dtype=DOUBLE)
    rows = torch.tensor([[0.8, 0.2], [0.4, 0.6]], dtype=DOUBLE)
    start = torch.tensor([0.3, 0.7], dtype=DOUBLE)
    one = GaussianHMM(start, rows, emission, 30)
    other = MultivariateGaussianHMM(
        start, rows, (emission[:, :1], emission[:, 1:, None].square()), 30
    )
    x, _ = one.sample(6, generator(0))
    first, second = baum_welch(one, x, 10), baum_welch(other, x, 10)
    assert torch.allclose(first.free_energy, second.free_energy, rtol=1e-12)
    assert torch.allclose(one.loc, other.loc[:, 0])
    with pytest.raises(ValueError, match="has collapsed"):
        baum_welch(other, torch.ones(2, 30, dtype=DOUBLE), 5)


@pytest.mark.parametrize(
    "emission, message",
    [
        ((torch.zeros(2, 3), torch.eye(3)), r"emission has shapes \(2, 3\) and \(3, 3\)"),
        ((torch.zeros(2, 2), -torch.eye(2).expand(2, 2, 2)), "not positive definite"),
    ],
)
def test_refusals(emission, message):
    half = torch.tensor([0.5, 0.5])
    with pytest.raises(ValueError, match=message):
        MultivariateGaussianHMM(half, half.expand(2, 2), emission, 3)
    with pytest.raises(ValueError, match="seen has shape"):
        vectors().log_evidence(torch.zeros(6, dtype=DOUBLE), torch.ones(6).bool())
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        x = torch.tensor([0.0, math.nan, 0, 0, 0, 0], dtype=DOUBLE)
        vectors().log_evidence(x, torch.tensor([True, False, False]))
    with pytest.raises(ValueError, match="steps is 0"):
        vectors().of_length(0)
