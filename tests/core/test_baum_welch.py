"""Baum-Welch by enumeration of every path, and as plain EM where a chain has one step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, generator, randn

from course_vi import exact
from course_vi.learning import baum_welch, em
from course_vi.learning.baum_welch import chain_free_energy
from course_vi.models import ConjugateToy, GaussianHMM, GaussianMixture, HiddenMarkovModel


def hidden(gaussian=False, states=2, steps=4, seed=0):
    emission = (
        torch.stack([randn(states, seed=seed + 2), randn(states, seed=seed + 3).exp()], -1)
        if gaussian
        else randn(states, 3, seed=seed + 2).softmax(-1)
    )
    initial, transition = (
        randn(states, seed=seed).softmax(-1),
        randn(states, states, seed=seed + 1).softmax(-1),
    )
    return (GaussianHMM if gaussian else HiddenMarkovModel)(initial, transition, emission, steps)


@pytest.mark.parametrize("gaussian", [False, True])
def test_free_energy_and_m_step_by_enumeration(gaussian, evidence):
    """All 16 paths: F for a q that is *another* chain's posterior; tight for its own; and flat in theta after an M-step."""
    model, other = hidden(gaussian), hidden(gaussian, seed=9)
    x = model.sample(5, generator(0))[0]
    paths = (
        exact.enumerate_binary(4, like=model.initial_logits.detach()).unsqueeze(1).expand(16, 5, 4)
    )
    joint, log_q = model.log_joint(x, paths), other.posterior(x).log_prob(paths)
    wanted = (log_q.exp() * (joint - log_q)).sum()
    worst = max(
        abs(chain_free_energy(model, x, other.marginals(x)) - wanted).item(),
        abs(chain_free_energy(model, x, model.marginals(x)) - model.log_evidence(x).sum()).item(),
    )
    q = model.marginals(x)
    states, pairs = q.states.detach(), q.pairs.detach()
    baum_welch(model, x, 1)
    slope = torch.autograd.grad(
        chain_free_energy(model, x, q._replace(states=states, pairs=pairs)),
        list(model.parameters()),
    )
    flat = max(part.abs().max().item() for part in slope)
    assert worst < 1e-10 and flat < 1e-10
    evidence(
        f"learning.baum_welch, {type(model).__name__}",
        "enumeration of paths; slope after M",
        error=max(worst, flat),
    )


def test_one_step_is_a_mixture(evidence):
    """T = 1: the very steps of EM for a mixture of Gaussians in one dimension."""
    x = torch.cat([randn(30, 1, seed=0) - 1, 2 * randn(30, 1, seed=1) + 2])
    chain = hidden(gaussian=True, steps=1)
    mixture = GaussianMixture(
        chain.initial_logits.detach().softmax(-1),
        chain.loc.detach().unsqueeze(-1),
        (2 * chain.log_scale.detach()).exp().view(2, 1, 1),
    )
    mine, theirs = baum_welch(chain, x, 7), em(mixture, x, 7)
    worst = max(
        (mine.free_energy - theirs.free_energy).abs().max(),
        (chain.loc - mixture.locs[:, 0]).abs().max(),
    )
    assert worst < 1e-9
    evidence("learning.baum_welch, one step", "learning.em", error=worst)


def test_the_end_is_a_maximum():
    model = hidden()
    x = hidden(seed=5).sample(60, generator(0))[0]
    found = baum_welch(model, x, 2000)
    slope = torch.autograd.grad(model.log_evidence(x).sum(), list(model.parameters()))
    assert max(part.abs().max().item() for part in slope) < 0.05 and bool(
        (found.free_energy.diff() > -1e-8).all()
    )


@settings(max_examples=12, deadline=None)
@given(
    gaussian=st.booleans(),
    states=st.integers(1, 3),
    steps=st.integers(1, 4),
    seed=st.integers(0, 20),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_free_energy_never_falls(gaussian, states, steps, seed, dtype):
    model = hidden(gaussian, states, steps, seed).to(dtype)
    x = model.sample(30, generator(seed))[0]
    found = baum_welch(model, x, 5)
    assert found.free_energy.dtype == dtype and bool(found.free_energy.isfinite().all())
    assert bool(
        (
            found.free_energy.diff()
            > -1e3 * torch.finfo(dtype).eps * (1 + found.free_energy.abs().max())
        ).all()
    )


def test_refusals():
    model = hidden()
    with pytest.raises(TypeError, match="p is a ConjugateToy; expected a HiddenMarkovModel"):
        baum_welch(ConjugateToy(), torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"x has shape \(0, 4\)"):
        baum_welch(model, torch.zeros(0, 4, dtype=DOUBLE))
    with pytest.raises(ValueError, match="NaN"):
        baum_welch(hidden(gaussian=True), torch.full((2, 4), torch.nan, dtype=DOUBLE))
    with pytest.raises(ValueError, match="state 0 has collapsed|state 1 has collapsed"):
        baum_welch(hidden(gaussian=True), torch.ones(2, 4, dtype=DOUBLE), 5)
