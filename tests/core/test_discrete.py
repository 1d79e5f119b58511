"""Discrete families: densities and samples against enumeration, the score function on them, and refusals."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from bits import UNREAD, Pairwise, bernoulli, categorical
from catalogue import gaussian
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z, randn, worst_z
from torch import nn

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments, replicate
from course_vi.families import (
    Amortized,
    BernoulliMeanField,
    CategoricalMeanField,
    Layered,
    MeanField,
)
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.gradients.estimator import draw_noise
from course_vi.learning.fit import fit
from course_vi.nets import mlp

FAMILIES = {"BernoulliMeanField": bernoulli, "CategoricalMeanField": categorical}


def test_densities_by_hand(evidence):
    q = bernoulli()
    p = torch.sigmoid(q.logits.detach())
    wanted = torch.stack(
        [
            torch.stack([p[d] if bit else 1 - p[d] for d, bit in enumerate(row)]).prod()
            for row in q.states().tolist()
        ]
    )
    error = (q(None, q.states()).exp() - wanted).abs().max()
    c = categorical()
    table = c.logits.detach().exp() / c.logits.detach().exp().sum(-1, keepdim=True)
    indices = exact.enumerate_categories((3, 3))
    other = (
        (c(None, c.states()).exp() - table[0, indices[:, 0]] * table[1, indices[:, 1]]).abs().max()
    )
    assert error < 1e-15 and other < 1e-15
    assert torch.equal(c.states().unflatten(-1, (2, 3)).argmax(-1), indices)
    evidence("families.BernoulliMeanField", "by hand, all states", error=error)
    evidence("families.CategoricalMeanField", "by hand, all states", error=other)


@pytest.mark.parametrize("name", FAMILIES)
def test_moments_and_entropy(name):
    q = FAMILIES[name]()
    density, states = q.distribution(), q.states()
    log_q = q(None, states).detach()
    assert (
        abs(log_q.logsumexp(0)) < 1e-14
        and abs(density.entropy() + (log_q.exp() * log_q).sum()) < 1e-14
    )
    mean = log_q.exp() @ states
    assert torch.allclose(density.mean, mean) and torch.allclose(
        density.variance, log_q.exp() @ (states - mean).square()
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_samples_have_the_right_frequencies(name, evidence):
    """Every state, and a batch whose rows differ; a seed reproduces."""
    q = FAMILIES[name]()
    z, states = q.sample(60_000, generator=generator(0)), q.states()
    assert torch.equal(z, q.sample(60_000, generator=generator(0))) and not z.requires_grad
    score = mean_z((z.unsqueeze(1) == states).all(-1).to(DOUBLE), q(None, states).detach().exp())
    many = replicate(q, 2)
    with torch.no_grad():
        many.logits[1].neg_()
    z = many.sample(30_000, generator=generator(1))
    assert z.shape == (30_000, 2, q.dim)
    score = max(score, mean_z(z, many.distribution().mean.detach()))
    assert score < LIMIT
    evidence(f"families.{name}: samples", "the probability of each state", z=score)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.integers(1, 3), max_size=2),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_shapes(num_samples, batch, dim, double, categories):
    dtype = DOUBLE if double else torch.float32
    shape = (*batch, dim, 3) if categories else (*batch, dim)
    q = (
        CategoricalMeanField(dim, 3, torch.zeros(shape))
        if categories
        else BernoulliMeanField(dim, torch.zeros(shape))
    )
    q = q.to(dtype)
    z = q.sample(num_samples)
    assert (
        z.shape == (num_samples, *batch, q.dim)
        and z.dtype == dtype
        and q.batch_shape == torch.Size(batch)
    )
    assert q(None, z).shape == (num_samples, *batch) == q.frozen_log_prob(z).shape
    assert q.distribution().entropy().shape == torch.Size(batch) and q.distribution().sample(
        (4,)
    ).shape == (4, *batch, q.dim)


def test_extreme_logits():
    logits = torch.tensor([1e4, -1e4, 0.0], dtype=torch.float32)
    q = BernoulliMeanField(3, logits)
    z = q.sample(100, generator=generator(0))
    assert (
        bool((z[:, 0] == 1).all())
        and bool((z[:, 1] == 0).all())
        and torch.allclose(q(None, z), torch.tensor(-0.6931472))
    )
    q(None, z).sum().backward()
    assert (
        bool(q.logits.grad.isfinite().all())
        and abs(q.distribution().entropy().item() - 0.6931472) < 1e-6
    )
    c = CategoricalMeanField(1, 3, logits[None])
    assert (
        c.sample(50, generator=generator(0)).tolist() == [[1.0, 0.0, 0.0]] * 50
        and c.distribution().entropy().item() == 0.0
    )


@pytest.mark.parametrize("bound, num_samples", [(elbo, 1), (elbo, 3), (iwae, 2), (iwae, 3)])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_score_function_is_unbiased(name, bound, num_samples, evidence):
    q = FAMILIES[name]()
    p = Pairwise(q.dim)
    states = q.states()
    wanted = exact.expected_bound(p.log_joint(UNREAD, states), q(None, states), bound, num_samples)
    exactly = gradients(wanted, q)
    moments = gradient_moments(
        score_function, p, q, UNREAD, num_samples, 40_000, bound, generator(2)
    )
    z = worst_z(moments, exactly)
    assert z < LIMIT
    evidence(
        f"gradients.score_function, {bound.__name__} ({name})",
        "exact gradient by enumeration of all K-tuples",
        z=z,
    )


def test_the_value_is_the_bound():
    p, q, x = Pairwise(3), bernoulli(), UNREAD
    z = q.draw((4,), generator(0))
    assert torch.equal(
        score_function(p, q, x, 4, iwae, generator(0)), iwae(p.log_joint(x, z) - q(None, z))
    )


def test_frozen_and_amortized(evidence):
    """An encoder that writes logits, its gradient against enumeration for each datum."""
    q = Amortized(BernoulliMeanField(2), mlp(1, 3, 2, generator(0))).double()
    c = Amortized(CategoricalMeanField(2, 3), mlp(1, 3, 6, generator(0))).double()
    x = randn(5, 1, seed=3)
    assert c.sample(4, x).shape == (4, 5, 6) and not c.reparametrized and c.noise_dim == 0
    p, states = Pairwise(2), exact.enumerate_binary(2, like=x).unsqueeze(1).expand(4, 5, 2)
    log_q = q(x, states)
    assert not q.frozen_log_prob(states, x).requires_grad and torch.allclose(
        q.frozen_log_prob(states, x), log_q, atol=1e-15
    )
    exactly = gradients(exact.expected_bound(p.log_joint(x, states), log_q, iwae, 2).sum(), q)
    rows = 20_000
    found = torch.stack(
        [
            torch.cat(
                [
                    part.flatten()
                    for part in gradients(
                        score_function(
                            p, q, x.expand(rows // 40, 5, 1), 2, iwae, generator(seed)
                        ).sum()
                        * 40
                        / rows,
                        q,
                    ).values()
                ]
            )
            for seed in range(60)
        ]
    )
    z = mean_z(found, torch.cat([part.flatten() for part in exactly.values()]))
    assert z < LIMIT
    evidence(
        "gradients.score_function, iwae, Amortized(BernoulliMeanField)",
        "exact gradient by enumeration",
        z=z,
    )


def test_layers_of_bits():
    q = Layered(
        Amortized(BernoulliMeanField(2), nn.Linear(1, 2)), Amortized(MeanField(1), nn.Linear(2, 2))
    ).double()
    x = randn(3, 1, seed=0)
    assert q.noise_dim == 0 and not q.reparametrized
    z = q.sample(4, x, generator(0))
    assert (
        z.shape == (4, 3, 3)
        and torch.equal(z, q.sample(4, x, generator(0)))
        and set(z[..., :2].unique().tolist()) <= {0.0, 1.0}
    )
    assert score_function(Pairwise(3), q, x, 4).shape == (3,)
    with pytest.raises(TypeError, match="q is a Layered"):
        reparametrized(Pairwise(3), q, x)


def test_fit_finds_independent_bits():
    """A target without couplings lies in the family: the best logits are its fields, and there leave-one-out has no variance."""
    p, q = Pairwise(2), BernoulliMeanField(2).double()
    p.couplings = torch.zeros(2, 2, dtype=DOUBLE)
    fit(
        p,
        q,
        UNREAD,
        partial(score_function, baseline="leave_one_out"),
        steps=400,
        num_samples=4,
        learning_rate=0.05,
        progress=False,
    )
    assert torch.allclose(q.logits.detach(), p.fields, atol=1e-3)


def test_refusals():
    p, q = Pairwise(3), bernoulli()
    for estimator in (reparametrized, sticking_the_landing, doubly_reparametrized):
        with pytest.raises(
            TypeError,
            match=r"q is a BernoulliMeanField, which has no z = t\(eps\): expected a reparametrizable family",
        ):
            estimator(p, q, UNREAD)
    with pytest.raises(
        ValueError, match="noise was given, but q is a BernoulliMeanField.*; expected noise=None"
    ):
        score_function(p, q, UNREAD, 2, noise=torch.zeros(2, 3))
    with pytest.raises(TypeError, match="BernoulliMeanField has no noise"):
        q.noise((3,))
    with pytest.raises(TypeError, match="BernoulliMeanField has no noise"):
        draw_noise(p, q, UNREAD, 1, elbo, None, None, pathwise=False)
    with pytest.raises(ValueError, match="q is over 6 latents, but p has 3"):
        score_function(p, categorical(), UNREAD)
    with pytest.raises(
        ValueError, match=r"logits has shape \(4,\); expected its last axis to have 3 entries"
    ):
        BernoulliMeanField(3, torch.zeros(4))
    with pytest.raises(ValueError, match=r"logits has shape \(3, 2\); expected \(\*B, 2, 3\)"):
        CategoricalMeanField(2, 3, torch.zeros(3, 2))
    with pytest.raises(ValueError, match="categories is 1; expected 2 or more"):
        CategoricalMeanField(2, 1)
    with pytest.raises(ValueError, match="z has shape"):
        q(None, torch.zeros(5, 4))
    assert gaussian("MeanField").draw((2,), generator(0)).shape == (2, 3)
