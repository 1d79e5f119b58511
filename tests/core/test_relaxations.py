"""Gumbel-softmax and straight-through: right for the objective they climb, and exactly how biased for the one that is meant."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from bits import UNREAD, Pairwise, bernoulli, categorical
from catalogue import flow, gaussian
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, gradients, gradients_of, mean_z, randn, worst_z
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
from course_vi.gradients import gumbel_softmax, straight_through
from course_vi.gradients.relaxations import harden, uniforms
from course_vi.models import Model, SigmoidBeliefNet

FAMILIES = {"BernoulliMeanField": bernoulli, "CategoricalMeanField": categorical}


def relaxed_value(p, q, temperature, step=0.1, far=30.0):
    """The relaxed ELBO as an integral over the density of l + noise, where the relaxed sample itself does not depend on l.

    Two bits, or one variable of three categories: the density of the differences of Gumbels, u_c = (l + g)_c - (l + g)_C, is
    (C - 1)! prod exp(-(u_c - l_c)) / (sum exp(-(u_c - l_c)))^C. Its derivative in l is the score's road: not the path's.
    """
    grid = torch.arange(-far, far, step, dtype=DOUBLE)
    u = torch.cartesian_prod(grid, grid)
    if isinstance(q, BernoulliMeanField):
        density = (
            (nn.functional.logsigmoid(u - q.logits) + nn.functional.logsigmoid(q.logits - u))
            .sum(-1)
            .exp()
        )
        z = (u / temperature).sigmoid()
    else:
        all_u = torch.cat([u, torch.zeros_like(u[:, :1])], -1)
        exponent = q.logits[0] - all_u
        density = (math.log(2.0) + exponent.sum(-1) - 3 * exponent.logsumexp(-1)).exp()
        z = (all_u / temperature).softmax(-1)
    return (density * (p.log_joint(UNREAD, z) - q(None, z))).sum() * step**2


def discrete_value(p, q, bound=elbo, num_samples=1):
    return exact.expected_bound(
        p.log_joint(UNREAD, q.states()), q(None, q.states()), bound, num_samples
    )


SMALL = {"BernoulliMeanField": lambda: bernoulli(2), "CategoricalMeanField": lambda: categorical(1)}


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("name", SMALL)
def test_unbiased_for_the_relaxed_model(name, temperature, evidence):
    q = SMALL[name]()
    p = Pairwise(q.dim)
    value = relaxed_value(p, q, temperature)
    exactly = gradients(value, q)
    estimator = partial(gumbel_softmax, temperature=temperature)
    z = worst_z(gradient_moments(estimator, p, q, UNREAD, 2, 40_000, elbo, generator(0)), exactly)
    found = estimator(
        p, replicate(q, 40_000), UNREAD.expand(40_000, 1), 1, generator=generator(1)
    ).detach()
    z = max(z, mean_z(found, value.detach()))
    assert z < LIMIT
    evidence(
        f"gradients.gumbel_softmax ({name}), value and gradient",
        "the relaxed ELBO: quadrature over the concrete density",
        z=z,
    )


def test_bias_and_variance_over_temperature(evidence):
    """Against enumeration of the states: the bias falls with the temperature, and the variance rises."""
    p, q = Pairwise(2), bernoulli(2)
    meant = gradients(discrete_value(p, q), q)["logits"]
    biases, variances = [], []
    for temperature in (2.0, 1.0, 0.5, 0.2, 0.1):
        climbed = gradients(relaxed_value(p, q, temperature, step=min(0.1, temperature / 2)), q)[
            "logits"
        ]
        biases.append(((climbed - meant).norm() / meant.norm()).item())
        moments = gradient_moments(
            partial(gumbel_softmax, temperature=temperature),
            p,
            q,
            UNREAD,
            1,
            20_000,
            elbo,
            generator(2),
        )
        variances.append(moments.variance["logits"].sum().item())
        evidence(
            f"gradients.gumbel_softmax at {temperature}: bias",
            "over the exact gradient's norm: enumeration",
            ratio=biases[-1],
        )
    assert biases == sorted(biases, reverse=True) and biases[0] > 1.0 and biases[-1] < 0.08
    assert variances == sorted(variances)


class Bump(Model):
    """log p = h sum_d z_d (1 - z_d): zero at every state, so that all the bits are fair; positive in between."""

    def __init__(self, height):
        super().__init__()
        self.height, self.latent_dim, self.data_dim = height, 2, 1

    def log_factors(self, x, z):
        return {"bump": self.height * (z * (1 - z)).sum(-1)}


def test_the_value_belongs_to_another_model():
    """Two models equal on all states, with the same evidence: their relaxed bounds differ, and one of them exceeds it."""
    q = bernoulli(2)
    evidence_of_both = math.log(4.0)
    flat, bumpy = (relaxed_value(Bump(height), q, 1.0).item() for height in (0.0, 4.0))
    assert torch.allclose(discrete_value(Bump(0.0), q), discrete_value(Bump(4.0), q))
    assert bumpy > evidence_of_both + 0.5 and bumpy > flat + 1.0
    found = gumbel_softmax(Bump(4.0), q, UNREAD, 4_000, generator=generator(0), temperature=1.0)
    assert found > evidence_of_both + 0.5
    hard = straight_through(Bump(4.0), q, UNREAD, 4_000, generator=generator(0))
    assert hard < evidence_of_both


@pytest.mark.parametrize("name", FAMILIES)
def test_hard_samples_are_exact(name, evidence):
    """The Gumbel-max trick: the frequency of every state."""
    q = FAMILIES[name]()
    density, u = uniforms(Pairwise(q.dim), q, UNREAD, 60_000, elbo, generator(0), None)
    z = harden(density, u)
    score = mean_z(
        (z.unsqueeze(1) == q.states()).all(-1).to(DOUBLE), q(None, q.states()).detach().exp()
    )
    assert score < LIMIT
    evidence(f"gradients.relaxations.harden ({name})", "the probability of each state", z=score)


def straight_through_mean(p, q):
    """The exact mean of the straight-through estimate: it reads the noise through the state alone, so one noise for each will do."""
    states = q.states()
    many, noise = replicate(q, len(states)), (1e-12 + states * (1 - 2e-12)).unsqueeze(0)
    value = straight_through(p, many, UNREAD.expand(len(states), 1), 1, noise=noise)
    assert torch.equal(value, p.log_joint(UNREAD, states) - many(None, states)), (
        "the value is the bound, at exact states"
    )
    (each,) = torch.autograd.grad(value.sum(), [many.logits])
    return torch.einsum("s,s...->...", q(None, states).detach().exp(), each)


def test_the_bias_of_straight_through(evidence):
    """Bit by bit: the mean slope of log p where the truth is a difference, times the derivative of the mean."""
    q, states = bernoulli(3), bernoulli(3).states()
    for p in (Pairwise(3), SigmoidBeliefNet((1, 3), scale=3.0, generator=generator(4)).double()):
        weight = q(None, states).detach().exp()
        at = states.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(p.log_joint(UNREAD, at).sum(), at)
        log_p = partial(p.log_joint, UNREAD)
        mean = q.distribution().mean.detach()
        wanted = torch.stack(
            [
                (
                    weight
                    * (
                        slopes[:, d]
                        - (log_p(flipped(states, d, 1.0)) - log_p(flipped(states, d, 0.0)))
                    )
                ).sum()
                * mean[d]
                * (1 - mean[d])
                for d in range(3)
            ]
        ).detach()
        meant = gradients(discrete_value(p, q), q)["logits"]
        bias = straight_through_mean(p, q) - meant
        error = (bias - wanted).abs().max()
        assert error < 1e-12 and bias.norm() > 0.2 * meant.norm()
        evidence(
            f"gradients.straight_through: bias ({type(p).__name__})",
            "slope minus difference of log p, over all states",
            error=error,
            ratio=bias.norm() / meant.norm(),
        )


def flipped(states, d, value):
    changed = states.clone()
    changed[:, d] = value
    return changed


@pytest.mark.parametrize("name", FAMILIES)
def test_straight_through_is_exact_where_log_p_is_linear_in_each_variable(name, evidence):
    q = FAMILIES[name]()
    p = Pairwise(q.dim)
    size = 1 if name == "BernoulliMeanField" else 3
    block = torch.block_diag(*[torch.ones(size, size)] * (q.dim // size)).bool()
    p.couplings = p.couplings.masked_fill(block, 0.0)  # no coupling of a variable with itself
    error = (straight_through_mean(p, q) - gradients(discrete_value(p, q), q)["logits"]).abs().max()
    assert error < 1e-12
    evidence(
        f"gradients.straight_through, log p linear in each variable ({name})",
        "enumeration of all states",
        error=error,
    )


def test_straight_through_with_a_temperature():
    """Values of the discrete model, slopes of the relaxed sample; and theta's gradient is exact."""
    q, model = bernoulli(2), SigmoidBeliefNet((1, 2), generator=generator(2)).double()
    u = torch.rand(3, 2, generator=generator(3), dtype=DOUBLE)
    found = gradients_of(
        partial(straight_through, temperature=0.4), model, q, UNREAD, num_samples=3, noise=u
    )
    soft = ((q.logits + u.log() - (1 - u).log()) / 0.4).sigmoid()
    hard = (u > 1 - q.logits.sigmoid()).to(DOUBLE)
    at = hard.clone().requires_grad_()
    (slopes,) = torch.autograd.grad((model.log_joint(UNREAD, at) - q(None, at)).sum(), at)
    (wanted,) = torch.autograd.grad((slopes * soft).sum() / 3, q.logits, retain_graph=True)
    wanted = wanted - (hard - q.logits.sigmoid()).mean(0)
    assert torch.allclose(found["logits"], wanted.detach(), atol=1e-14)
    for name, gradient in gradients(model.log_joint(UNREAD, hard).mean(), model).items():
        assert torch.allclose(found[f"p.{name}"], gradient, atol=1e-14)


@pytest.mark.parametrize("estimator", [gumbel_softmax, straight_through])
def test_amortized_and_other_bounds(estimator):
    """An encoder that writes logits gets the gradient of each datum's own; a seed reproduces; any bound."""
    x, p = randn(5, 1, seed=3), Pairwise(6)
    q = Amortized(CategoricalMeanField(2, 3), nn.Linear(1, 6)).double()
    value = estimator(p, q, x, 4, iwae, generator(0))
    assert value.shape == (5,) and torch.equal(value, estimator(p, q, x, 4, iwae, generator(0)))
    own = CategoricalMeanField(2, 3, q.distribution_parameters(x)["logits"])
    slopes = gradients(estimator(p, own, x, 4, iwae, generator(0)).sum(), own)["logits"].flatten(-2)
    assert torch.allclose(gradients(value.sum(), q)["encoder.weight"], slopes.mT @ x, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.integers(0, 3), max_size=2),
    st.integers(1, 3),
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
    ).to(dtype)
    p = Pairwise(q.dim)
    p.couplings, p.fields = p.couplings.to(dtype), p.fields.to(dtype)
    x = torch.zeros(*batch, 1, dtype=dtype)
    for estimator in (gumbel_softmax, straight_through, partial(straight_through, temperature=2.0)):
        value = estimator(p, q, x, num_samples)
        assert value.shape == torch.Size(batch) and value.dtype == dtype
        value.sum().backward()
        assert q.logits.grad.shape == shape and bool(q.logits.grad.isfinite().all())


def test_extremes():
    """Logits of +-10,000, a temperature of 1e-6, noise at the ends of its range: finite, and the right states."""
    for logits in (torch.tensor([1e4, -1e4]), torch.tensor([1e-6, 1e6])):
        q = BernoulliMeanField(2, logits)
        ends = torch.tensor([[1e-38, 1e-38], [1 - 2**-24, 1 - 2**-24]])
        for estimator in (
            partial(gumbel_softmax, temperature=1e-6),
            partial(gumbel_softmax, temperature=1e6),
            straight_through,
        ):
            value = estimator(Bump(1.0), q, UNREAD.float(), 2, noise=ends)
            (found,) = torch.autograd.grad(value, [q.logits])
            assert bool(value.isfinite()) and bool(found.isfinite().all())


def test_refusals():
    p, q = Pairwise(3), bernoulli()
    for estimator in (gumbel_softmax, straight_through):
        for bad in (0.0, -1.0, math.inf, math.nan):
            with pytest.raises(ValueError, match="temperature is .*; expected a positive number"):
                estimator(p, q, UNREAD, temperature=bad)
        with pytest.raises(TypeError, match="temperature is 'cold'"):
            estimator(p, q, UNREAD, temperature="cold")
        for other in (
            gaussian("MeanField"),
            flow(dim=3),
            Layered(
                Amortized(BernoulliMeanField(2), nn.Linear(1, 2)),
                Amortized(MeanField(1), nn.Linear(2, 2)),
            ).double(),
        ):
            with pytest.raises(
                TypeError,
                match=f"q is a {type(other).__name__}; expected BernoulliMeanField, CategoricalMeanField",
            ):
                estimator(p, other, UNREAD)
        with pytest.raises(ValueError, match=r"noise has shape \(2, 3\); expected \(4, 3\)"):
            estimator(p, q, UNREAD, 4, noise=torch.rand(2, 3, dtype=DOUBLE))
        with pytest.raises(ValueError, match=r"noise has entries outside \(0, 1\)"):
            estimator(p, q, UNREAD, 2, noise=randn(2, 3, seed=0))
        with pytest.raises(ValueError, match="q is over 6 latents, but p has 3"):
            estimator(p, categorical(), UNREAD)
