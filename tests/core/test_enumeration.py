"""Enumeration: grids, the exact K-sample bound of a discrete latent, and finite distributions."""

from __future__ import annotations

import itertools
import math
from functools import partial

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn

from course_vi import exact
from course_vi.bounds import elbo, iwae, jackknife, renyi, thermodynamic
from course_vi.distributions import Enumerated

BOUNDS = [elbo, iwae, partial(renyi, alpha=0.5), partial(thermodynamic, betas=(0.0, 0.3, 1.0))]


def test_grids():
    assert exact.enumerate_categories((2, 3, 2)).tolist() == [
        list(v) for v in itertools.product(range(2), range(3), range(2))
    ]
    assert exact.enumerate_binary(3).tolist() == [
        list(v) for v in itertools.product(range(2), repeat=3)
    ]
    assert exact.enumerate_binary(1).tolist() == [[0], [1]] and exact.enumerate_categories(
        (1, 1)
    ).tolist() == [[0, 0]]
    assert exact.enumerate_binary(10, like=torch.zeros(1, dtype=DOUBLE)).dtype == DOUBLE
    for call in (
        partial(exact.enumerate_binary, 23),
        partial(exact.enumerate_categories, ()),
        partial(exact.enumerate_binary, 0),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()
    with pytest.raises(TypeError, match="sizes is 2.0"):
        exact.enumerate_categories((2.0,))


def test_expected_bound_by_hand(evidence):
    """Two states, two samples: four tuples written out; and the mean of the weight, which is the evidence for every q and K."""
    q, p = torch.tensor([0.3, 0.7], dtype=DOUBLE), torch.tensor([0.2, 0.05], dtype=DOUBLE)
    w = (p / q).tolist()
    wanted = sum(q[i] * q[j] * math.log((w[i] + w[j]) / 2) for i in range(2) for j in range(2))
    error = abs(exact.expected_bound(p.log(), q.log(), iwae, 2) - wanted)
    elbo_error = abs(
        exact.expected_bound(p.log(), q.log(), elbo, 3) - (q * (p.log() - q.log())).sum()
    )
    mean = exact.expected_bound(p.log(), q.log(), lambda log_w: log_w.exp().mean(0), 4, chunk=5)
    error = max(error, elbo_error, abs(mean - p.sum()))
    assert error < 1e-15 * 10
    evidence(
        "exact.expected_bound", "two states by hand; the mean weight is the evidence", error=error
    )


@pytest.mark.parametrize("bound", BOUNDS)
def test_expected_bound_and_its_gradient_in_batches(bound, evidence):
    """Against brute force by itertools, column by column, and central differences."""
    logits, log_p = randn(3, 2, seed=0).requires_grad_(), randn(3, 2, seed=1)

    def value(logits):
        return exact.expected_bound(log_p, logits.log_softmax(0), bound, 3, chunk=7)

    log_q = logits.detach().log_softmax(0)
    brute = torch.zeros(2, dtype=DOUBLE)
    for states in itertools.product(range(3), repeat=3):
        index = list(states)
        brute += log_q[index].sum(0).exp() * bound(log_p[index] - log_q[index])
    error = (value(logits) - brute).abs().max()
    assert error < 1e-14
    evidence("exact.expected_bound", "brute force by itertools", error=error)
    assert torch.autograd.gradcheck(value, (logits,))


def test_the_bound_climbs_and_the_jackknife_mean_is_a_sum():
    log_p, log_q = randn(4, seed=3), randn(4, seed=4).log_softmax(0)
    climbing = [exact.expected_bound(log_p, log_q, iwae, k).item() for k in (1, 2, 3, 4)]
    assert climbing == sorted(climbing) and climbing[-1] < log_p.logsumexp(0)
    combined = exact.expected_bound(log_p, log_q, partial(jackknife, order=1), 4).item()
    assert combined == pytest.approx(4 * climbing[3] - 3 * climbing[2], abs=1e-12)


def test_a_state_that_q_never_visits():
    log_q = torch.tensor([0.0, -math.inf], dtype=DOUBLE, requires_grad=True)
    value = exact.expected_bound(torch.tensor([-1.0, -2.0], dtype=DOUBLE), log_q, iwae, 2)
    assert value.item() == -1.0
    value.backward()
    assert bool(log_q.grad.isfinite().all())


def test_refusals():
    with pytest.raises(ValueError, match=r"log_q adds up to \[0.5\d*\] over 2 states; expected 1"):
        exact.expected_bound(torch.zeros(2), torch.tensor([0.25, 0.25]).log(), elbo, 1)
    with pytest.raises(ValueError, match="num_samples is 12 with 4 states: 16777216 tuples"):
        exact.expected_bound(torch.zeros(4), torch.full((4,), 0.25).log(), elbo, 12)
    with pytest.raises(ValueError, match="states and log_weights have shapes"):
        Enumerated(exact.enumerate_binary(2), torch.zeros(3))


def test_finite_distributions(evidence):
    states, log_weights = (
        exact.enumerate_binary(2, like=torch.zeros(1, dtype=DOUBLE)),
        randn(4, 3, seed=0),
    )
    p = Enumerated(states, log_weights)
    assert p.batch_shape == (3,) and p.event_shape == (2,)
    probs = log_weights.softmax(0)
    for b in range(3):
        at = p.log_prob(states.unsqueeze(1).expand(4, 3, 2))[:, b]
        assert torch.allclose(at.exp(), probs[:, b], atol=1e-15)
    assert torch.allclose(p.mean[:, 0], probs[2] + probs[3]) and torch.allclose(
        p.entropy(), -(probs * probs.log()).sum(0)
    )
    assert p.log_prob(torch.full((3, 2), 0.5, dtype=DOUBLE)).tolist() == [-math.inf] * 3
    z = p.draw((40_000, 3), generator(0))
    assert torch.equal(z, p.draw((40_000, 3), generator(0))) and z.shape == (40_000, 3, 2)
    hits = (z.unsqueeze(-2) == states).all(-1).to(DOUBLE)  # (draws, batch, state)
    score = mean_z(hits, probs.mT)
    assert score < LIMIT
    evidence("distributions.Enumerated.draw", "its own probabilities", z=score)
