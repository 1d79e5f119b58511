"""The deep Markov model: with affine nets it is LinearGaussianSSM; the structured family can be its posterior, and then nothing varies."""

from __future__ import annotations

import math

import pytest
import torch
from blocks import GaussianConditionals, block_z
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn
from torch import nn

from course_vi import exact
from course_vi.bounds import iwae
from course_vi.distributions import DiagonalNormal
from course_vi.families import Ancestral, Conditionals, markov_posterior
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.learning import fit
from course_vi.models import DeepMarkovModel, LinearGaussianSSM


def linear(steps=4, p=2, d=2):
    """A deep Markov model with affine nets, and the state space model it is."""
    a, c = 0.8 * torch.linalg.qr(randn(d, d, seed=0))[0], randn(p, d, seed=1)
    moves, start = 0.3 * randn(d, seed=2), randn(d, seed=3)
    model = DeepMarkovModel(
        steps, p, d, transition=nn.Linear(d, 2 * d), emission=nn.Linear(d, p, bias=False)
    ).double()
    with torch.no_grad():
        model.transition.weight.copy_(torch.cat([a, torch.zeros_like(a)]))
        model.transition.bias.copy_(torch.cat([torch.zeros(d, dtype=DOUBLE), moves]))
        model.emission.weight.copy_(c)
        (
            model.initial_loc.copy_(start),
            model.initial_log_scale.fill_(0.2),
            model.output.log_scale.fill_(-0.4),
        )
    eye = torch.eye(p, dtype=DOUBLE), torch.eye(d, dtype=DOUBLE)
    return model, LinearGaussianSSM(
        a,
        c,
        torch.diag((2 * moves).exp()),
        math.exp(-0.8) * eye[0],
        start,
        math.exp(0.4) * eye[1],
        steps,
    )


def posterior_family(kalman):
    """The exact posterior of the state space model, state by state."""
    x = torch.zeros(kalman.data_dim, dtype=DOUBLE)
    posterior = kalman.posterior(x)
    root = torch.stack(
        [
            posterior.transport(unit) - posterior.mean
            for unit in torch.eye(kalman.latent_dim, dtype=DOUBLE)
        ],
        1,
    )
    gain = torch.stack(
        [kalman.posterior(unit).mean - posterior.mean for unit in torch.eye(len(x), dtype=DOUBLE)],
        1,
    )
    return Ancestral(
        GaussianConditionals((kalman.d,) * kalman.steps, gain, posterior.mean, root @ root.mT)
    )


@pytest.mark.parametrize("sizes", [(4, 2, 2), (3, 1, 2), (1, 2, 1)])
def test_affine_nets_are_a_state_space_model(sizes, evidence):
    model, kalman = linear(*sizes)
    x, z = model.sample(5, generator(0))
    z = z + randn(7, *z.shape, seed=1)
    error = (model.log_joint(x, z) - kalman.log_joint(x, z)).abs().max().item()
    q = posterior_family(kalman)
    worst = 0.0
    for estimator, options in (
        (sticking_the_landing, {}),
        (doubly_reparametrized, {"bound": iwae}),
    ):
        value = estimator(model, q, x, num_samples=3, generator=generator(1), **options)
        worst = max(
            worst,
            (value - kalman.log_evidence(x)).abs().max().item(),
            *(part.abs().max().item() for part in gradients(value.sum(), q).values()),
        )
    assert error < 1e-12 and worst < 1e-9
    evidence("models.DeepMarkovModel, affine nets: log joint", "LinearGaussianSSM", error=error)
    evidence(
        "families.Ancestral at the posterior of a state space model: bound and leak",
        "Kalman evidence; zero",
        error=worst,
    )


def test_theta_climbs_the_kalman_evidence(evidence):
    model, kalman = linear(3, 1, 1)
    x = model.sample(1, generator(0))[0][0]
    found = block_z(
        sticking_the_landing,
        model,
        posterior_family(kalman),
        x,
        _moved(model, kalman, x),
        model,
        copies=500,
    )
    assert found < LIMIT
    evidence(
        "models.DeepMarkovModel: gradient of theta at the posterior",
        "gradient of the Kalman evidence",
        z=found,
    )


def _moved(model, kalman, x):
    """The gradient of the Kalman evidence in the parameters of the deep Markov model (one dimension), by the chain rule."""
    named = gradients(kalman.log_evidence(x), kalman)
    move = (named["transition_root"] * kalman.transition_root).sum()  # d root = root d log scale
    wanted = {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}
    wanted["transition.weight"][0] = named["transition"][0]
    wanted["transition.bias"][1], wanted["emission.weight"][:] = move, named["emission"]
    wanted["initial_loc"][:], wanted["initial_log_scale"][:] = (
        named["initial_loc"],
        (named["initial_root"] * kalman.initial_root).sum(),
    )
    wanted["output.log_scale"][:] = (named["emission_root"] * kalman.emission_root).sum()
    wanted["transition.weight"][1], wanted["transition.bias"][0] = _expected_slopes(
        kalman, kalman.smooth(x)
    )
    return wanted


def _expected_slopes(kalman, smoothed):
    """What the state space model has no name for, the log scale's slope and the mean's shift: E[sum_t z_{t-1} (r_t^2 / q - 1)] and
    E[sum_t r_t / q] under the smoother, with r_t = z_t - a z_{t-1}, by Gauss-Hermite."""
    means, own, cross = (
        smoothed.loc[:, 0].detach(),
        smoothed.covariance[:, 0, 0].detach(),
        smoothed.cross[:, 0, 0].detach(),
    )
    a, q = kalman.transition.item(), kalman.transition_root.item() ** 2
    points, weights = exact.gauss_hermite(16, like=means)
    first, second = torch.cartesian_prod(points, points).unbind(-1)
    weight, slope, shift = torch.outer(weights, weights).flatten(), 0.0, 0.0
    for t in range(len(means) - 1):
        before = means[t] + own[t].sqrt() * first
        after = (
            means[t + 1]
            + cross[t] / own[t].sqrt() * first
            + (own[t + 1] - cross[t] ** 2 / own[t]).sqrt() * second
        )
        rest = after - a * before
        slope = slope + (weight * before * (rest**2 / q - 1)).sum()
        shift = shift + (weight * rest / q).sum()
    return slope, shift


class PriorMoves(Conditionals):
    """z_1 is inferred, by a Gaussian of its own; the moves are the model's."""

    def __init__(self, model):
        super().__init__()
        self.sizes, self.model = (model.state_dim,) * model.steps, model.requires_grad_(False)
        self.loc, self.log_scale = (
            nn.Parameter(torch.zeros(model.state_dim, dtype=DOUBLE)) for _ in range(2)
        )

    def begin(self, x):
        return None

    def step(self, level, memory, previous):
        return (
            DiagonalNormal(self.loc, self.log_scale)
            if previous is None
            else self.model.move(previous)
        ), memory


def test_noise_at_transitions_must_be_inferred(monkeypatch):
    """The best q(z_1) with the model's own moves: a gap of nats that grows with the length, where the structured family has none."""
    monkeypatch.delenv("COURSE_VI_SMOKE", raising=False)
    gaps = []
    for steps in (1, 3, 6):
        model, kalman = linear(steps, 2, 1)
        x, q = model.sample(1, generator(2))[0][0], Ancestral(PriorMoves(model))
        fit(model, q, x, steps=200, num_samples=50, learning_rate=0.05, progress=False)
        gaps.append(
            (
                kalman.log_evidence(x) - reparametrized(model, q, x, 20_000, generator=generator(0))
            ).item()
        )
    assert abs(gaps[0]) < 0.05 and gaps[1] > 0.5 and gaps[2] > gaps[1] + 0.5


def test_samples(evidence):
    model, kalman = linear(3, 1, 2)
    both = torch.cat(model.sample(40_000, generator(0)), -1)
    reference = torch.cat(kalman.sample(400_000, generator(1)), -1).detach()
    score = max(
        mean_z(both, reference.mean(0)),
        mean_z(
            both.unsqueeze(-1) * both.unsqueeze(-2),
            (reference.unsqueeze(-1) * reference.unsqueeze(-2)).mean(0),
        ),
    ) / math.sqrt(1.1)
    assert score < LIMIT and not both.requires_grad
    evidence(
        "models.DeepMarkovModel.sample",
        "LinearGaussianSSM: moments of ten times as many samples",
        z=score,
    )


def test_nets_by_quadrature(evidence):
    """Two steps of one state and one bit each: the probabilities of all series add up to one; gradients of the exact ELBO."""
    model = DeepMarkovModel(
        2, 1, 1, hidden=4, generator=generator(0), likelihood="bernoulli"
    ).double()
    q = markov_posterior(2, 1, 1, hidden=4, generator=generator(1)).double()
    with torch.no_grad():
        for parameter in (*model.parameters(), *q.parameters()):
            parameter.mul_(2.0)
    points, weights = exact.gauss_hermite(40, like=model.initial_loc)
    eps, weight = torch.cartesian_prod(points, points), torch.outer(weights, weights).flatten()
    first = model.initial_loc + model.initial_log_scale.exp() * eps[:, :1]
    z = torch.cat([first, model.move(first).transport(eps[:, 1:])], -1)
    series = exact.enumerate_binary(2, like=z)
    factors = [model.log_factors(row, z)["emission"].exp() for row in series]
    probabilities = torch.stack([(weight * factor).sum() for factor in factors])
    error = abs(probabilities.sum().item() - 1)
    drawn = model.sample(40_000, generator(3))[0]
    score = mean_z((drawn.unsqueeze(1) == series).all(-1).double(), probabilities.detach())
    assert error < 1e-10 and score < LIMIT
    evidence(
        "models.DeepMarkovModel, bits",
        "quadrature: probability of each series",
        error=error,
        z=score,
    )
    x = series[1]
    paths = q.transport(eps, x)
    both = nn.ModuleDict({"p": model, "q": q})
    wanted = gradients((weight * (model.log_joint(x, paths) - q(x, paths))).sum(), both)
    for estimator in (reparametrized, sticking_the_landing, score_function):
        score = block_z(estimator, model, q, x, wanted, both, copies=200)
        assert score < LIMIT, estimator.__name__
        evidence(
            f"families.markov_posterior, {estimator.__name__}",
            "gradient of the exact ELBO, by quadrature",
            z=score,
        )


@settings(max_examples=10, deadline=None)
@given(
    steps=st.integers(1, 4),
    d=st.integers(1, 2),
    k=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dtype=st.sampled_from([torch.float32, DOUBLE]),
    seed=st.integers(0, 999),
)
def test_shapes_and_the_future_only(steps, d, k, batch, dtype, seed):
    """q(z_t | ...) reads x_t and later: changing x_1 changes the first state's density, and no later one's given the state before it."""
    model = DeepMarkovModel(steps, 2, d, hidden=4, generator=generator(seed)).to(dtype)
    q = markov_posterior(steps, 2, d, hidden=4, generator=generator(seed + 1)).to(dtype)
    x = randn(*batch, steps * 2, seed=seed).to(dtype)
    value = reparametrized(model, q, x, k, generator=generator(seed))
    assert value.shape == batch and value.dtype == dtype and value.isfinite().all()
    other = x.clone()
    other[..., :2] += 1.0
    memories = q.net.begin(x), q.net.begin(other)
    assert not torch.equal(memories[0][0], memories[1][0])
    assert all(
        torch.equal(one, two) for one, two in zip(memories[0][1:], memories[1][1:], strict=True)
    )


def test_refusals():
    model, q = DeepMarkovModel(3, 2, 1), markov_posterior(3, 2, 1)
    with pytest.raises(
        ValueError, match=r"x has shape \(5, 5\); expected its last axis to have 6 entries"
    ):
        reparametrized(model, q, torch.zeros(5, 5))
    with pytest.raises(ValueError, match="q is over 4 latents, but p has 3"):
        reparametrized(model, markov_posterior(4, 2, 1), torch.zeros(5, 6))
    with pytest.raises(ValueError, match="x has 6 entries that are NaN"):
        fit(model, q, torch.full((1, 6), math.nan), steps=1, progress=False)
    with pytest.raises(ValueError, match="steps is 0"):
        DeepMarkovModel(0, 2, 1)
