"""The mixture of Bernoullis by enumeration of its pixels and its clusters; EM on it by slopes, and on real digits."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from sklearn.datasets import load_digits
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily

from course_vi import exact
from course_vi.learning import em
from course_vi.learning.em import e_step, free_energy, hard_e_step, m_step
from course_vi.models import BernoulliMixture


def mixture(clusters=3, pixels=4, floor=1e-4):
    return BernoulliMixture(
        randn(clusters, seed=0).softmax(-1),
        (1.5 * randn(clusters, pixels, seed=1)).sigmoid(),
        floor,
    )


def everything(pixels=4):
    return exact.enumerate_binary(pixels, like=torch.zeros(1, dtype=DOUBLE))


def test_against_torch(evidence):
    model, x = mixture(), everything()
    theirs = MixtureSameFamily(
        Categorical(logits=model.logits), Independent(Bernoulli(logits=model.pixel_logits), 1)
    )
    z = torch.tensor([0.0, 2.0, 1.0], dtype=DOUBLE).view(3, 1, 1).expand(3, 16, 1)
    bayes = model.log_joint(x, z) - model.posterior(x).log_prob(z) - model.log_evidence(x)
    named = model.prior().log_prob(z) + model.likelihood(z).log_prob(x) - model.log_joint(x, z)
    worst = max(
        (model.log_evidence(x) - theirs.log_prob(x)).abs().max(),
        bayes.abs().max(),
        named.abs().max(),
        model.log_evidence(x).logsumexp(0).abs(),
    )
    assert worst < 1e-12
    evidence("models.BernoulliMixture", "torch MixtureSameFamily; Bayes' rule", error=worst)


def test_missing_pixels_by_enumeration(evidence):
    """For every set of seen pixels: p(x_seen) and E[x | x_seen] by adding up all completions, which the formula never does."""
    model, every, worst = mixture(), everything(), 0.0
    joint = model.log_evidence(every).exp()
    for seen in itertools.product([False, True], repeat=4):
        mask = torch.tensor(seen)
        for x in every[[0, 5, 11]]:
            same = ((every == x) | ~mask).all(-1).double() * joint
            hidden = torch.where(
                mask, x, torch.full_like(x, torch.nan)
            )  # what was not seen is not read, be it NaN
            worst = max(
                worst,
                abs(model.log_evidence(hidden, mask) - same.sum().log()).item(),
                (model.complete(hidden, mask) - (same @ every) / same.sum()).abs().max().item(),
            )
    assert worst < 1e-12
    evidence(
        "models.BernoulliMixture: missing pixels, completion",
        "enumeration of all completions",
        error=worst,
    )


def test_samples(evidence):
    model = mixture()
    x, z = model.sample(30_000, generator(0))
    seen = (x.unsqueeze(1) == everything()).all(-1).double()
    score = max(
        mean_z(seen, model.log_evidence(everything()).exp().detach()),
        mean_z(
            torch.nn.functional.one_hot(z[:, 0].long(), 3).double(),
            model.logits.detach().softmax(-1),
        ),
    )
    assert score < LIMIT
    evidence("models.BernoulliMixture.sample", "its exact evidence", z=score)


def test_em(evidence):
    """F is tight after E, flat in theta after M, and never falls; at the end the likelihood itself is flat."""
    x = mixture().sample(300, generator(1))[0]
    model = BernoulliMixture(torch.full((2,), 0.5, dtype=DOUBLE), randn(2, 4, seed=5).sigmoid())
    m_step(model, x, e_step(model, x))
    q = e_step(model, x)
    tight = abs(free_energy(model, x, q) - model.log_evidence(x).sum()).item()
    m_step(model, x, q)
    slope = max(
        part.abs().max().item()
        for part in torch.autograd.grad(free_energy(model, x, q), list(model.parameters()))
    )
    found = em(model, x, 3000)
    flat = max(
        part.abs().max().item()
        for part in torch.autograd.grad(model.log_evidence(x).sum(), list(model.parameters()))
    )
    assert (
        tight < 1e-10
        and slope < 1e-10
        and flat < 1e-3
        and bool((found.free_energy.diff() > -1e-9).all())
    )
    evidence(
        "learning.em, mixture of Bernoullis",
        "definitions: tight after E, flat after M",
        error=max(tight, slope),
    )


def test_the_floor_is_a_constrained_maximum():
    """Pixels that are always off: the floor is where F is largest among what is allowed, so F does not fall there either."""
    x = torch.cat([torch.zeros(20, 2), torch.ones(20, 1).repeat(1, 2)]).double()
    model = BernoulliMixture(
        torch.full((2,), 0.5, dtype=DOUBLE),
        torch.tensor([[0.3, 0.4], [0.6, 0.5]], dtype=DOUBLE),
        floor=0.01,
    )
    found = em(model, x, 30)
    assert torch.allclose(model.pixel_logits.sigmoid().min(), torch.tensor(0.01, dtype=DOUBLE))
    assert bool((found.free_energy.diff() > -1e-9).all()) and bool(
        model.log_evidence(torch.tensor([[0.0, 1.0]], dtype=DOUBLE)).isfinite()
    )


def test_digits_are_completed():
    """Half a digit: a mixture of twenty clusters guesses the lower half better than the mean image does."""
    digits = torch.as_tensor(load_digits().data, dtype=DOUBLE)
    x = (digits > 7).double()
    train, test = x[:1500], x[1500:]
    first = train[torch.randperm(1500, generator=generator(0))[:20]]
    model = BernoulliMixture(torch.full((20,), 0.05, dtype=DOUBLE), 0.25 + 0.5 * first, floor=0.01)
    found = em(model, train, 60, tolerance=1e-4)
    assert bool((found.free_energy.diff() > -1e-8).all())
    seen = torch.arange(64) < 32
    guess = model.complete(test, seen)[:, 32:].clamp(0.01, 0.99)
    base = train.mean(0)[32:].clamp(0.01, 0.99).expand_as(guess)
    loss = [torch.nn.functional.binary_cross_entropy(p, test[:, 32:]) for p in (guess, base)]
    assert loss[0] < 0.85 * loss[1]


@settings(max_examples=15, deadline=None)
@given(
    samples=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3), (0,)]),
    clusters=st.integers(1, 3),
    pixels=st.integers(1, 4),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_shapes(samples, batch, clusters, pixels, dtype):
    model, x = mixture(clusters, pixels).to(dtype), torch.ones(*batch, pixels, dtype=dtype)
    assert model.log_joint(x, torch.zeros(samples, *batch, 1, dtype=dtype)).shape == (
        samples,
        *batch,
    )
    assert model.log_evidence(x).shape == batch and model.log_evidence(x).dtype == dtype
    seen = torch.zeros(pixels, dtype=torch.bool)
    nothing = model.log_evidence(x, seen)  # of no pixel at all: probability one
    assert model.complete(x, seen).shape == x.shape and torch.allclose(
        nothing, torch.zeros(batch, dtype=dtype), atol=1e-6
    )


def test_hard_steps():
    x = mixture().sample(100, generator(1))[0]
    model = mixture(2)
    found = em(model, x, 20, expectation=hard_e_step)
    assert bool((found.free_energy.diff() > -1e-9).all()) and bool(
        ((found.responsibilities == 0) | (found.responsibilities == 1)).all()
    )


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: BernoulliMixture(torch.ones(2), torch.ones(2, 3)), "weights are no probabilities"),
        (
            lambda: BernoulliMixture(torch.ones(1), torch.ones(2, 3)),
            "weights and probabilities have shapes",
        ),
        (
            lambda: BernoulliMixture(torch.ones(1), 2 * torch.ones(1, 3)),
            "probabilities has entries outside",
        ),
        (lambda: mixture(floor=0.5), "floor is 0.5; expected a number between 0 and 0.5"),
        (
            lambda: mixture().log_evidence(torch.tensor([0.0, 1.0, 1.0, torch.nan], dtype=DOUBLE)),
            "x has 1 entries that are NaN",
        ),
        (
            lambda: mixture().log_evidence(torch.zeros(4, dtype=DOUBLE), torch.ones(3)),
            "seen has shape",
        ),
        (
            lambda: mixture().log_joint(torch.zeros(4, dtype=DOUBLE), torch.full((1, 1), 5.0)),
            "no whole number from 0 to 2",
        ),
    ],
)
def test_refusals(run, message):
    with pytest.raises(ValueError, match=message):
        run()
