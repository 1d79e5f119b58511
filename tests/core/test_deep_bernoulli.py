"""Deep and doubly deep Bernoulli models against SciPy's quadrature, Gauss-Hermite, the two Bernoullis and their own samples."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from scipy.integrate import quad
from torch import nn

from course_vi import exact
from course_vi.models import DeepBernoulli, DoublyDeepBernoulli, TwoBernoullis
from course_vi.nets import mlp


def linear(slope, intercept):
    layer = nn.Linear(slope.shape[1], slope.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(slope)
        layer.bias.copy_(intercept)
    return layer


def deep(dim=1, pixels=3, seed=0):
    root = randn(dim, dim, seed=seed)
    decoder = mlp(dim, 6, pixels, generator(seed)).double()
    with torch.no_grad():
        decoder[2].weight.mul_(4)
    return DeepBernoulli(
        decoder, randn(dim, seed=seed + 1), root @ root.mT + 0.3 * torch.eye(dim, dtype=DOUBLE)
    )


def doubly(seed=0):
    inner, decoder = (mlp(1, 6, size, generator(seed + size)).double() for size in (1, 3))
    return DoublyDeepBernoulli(
        inner,
        decoder,
        randn(1, seed=seed),
        torch.full((1, 1), 0.7, dtype=DOUBLE),
        torch.full((1, 1), 0.4, dtype=DOUBLE),
    )


def test_deep_against_scipy(evidence):
    model, x = deep(), exact.enumerate_binary(3, like=torch.zeros(1, dtype=DOUBLE))
    loc, scale = model.loc.item(), model.root.abs().item()

    def integrand(z, row, power=0):
        prob = model.decoder(torch.tensor([z], dtype=DOUBLE)).sigmoid().detach()
        normal = math.exp(-0.5 * ((z - loc) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))
        return z**power * normal * torch.where(row == 1, prob, 1 - prob).prod().item()

    wanted = torch.tensor(
        [
            [
                quad(
                    integrand,
                    loc - 10 * scale,
                    loc + 10 * scale,
                    args=(row, power),
                    epsabs=1e-12,
                    epsrel=1e-11,
                )[0]
                for power in (0, 1)
            ]
            for row in x[[0, 5]]
        ],
        dtype=DOUBLE,
    )
    found = model.log_evidence(x[[0, 5]])
    mean, _ = model.posterior_moments(x[[0, 5]])
    worst = max(
        (found - wanted[:, 0].log()).abs().max(),
        (mean[:, 0] - wanted[:, 1] / wanted[:, 0]).abs().max(),
    )
    assert worst < 1e-9 and abs(model.log_evidence(x).logsumexp(0).item()) < 1e-10
    evidence(
        "models.DeepBernoulli.log_evidence, posterior_moments", "scipy.integrate.quad", error=worst
    )


def test_a_linear_decoder_is_two_bernoullis(evidence):
    small = TwoBernoullis().double()
    model = DeepBernoulli(
        linear(small.slopes.detach().unsqueeze(-1), small.intercepts.detach()),
        torch.zeros(1, dtype=DOUBLE),
        torch.eye(1, dtype=DOUBLE),
    )
    x, z = exact.enumerate_binary(2, like=model.loc.detach()), randn(5, 4, 1, seed=2)
    worst = max(
        (model.log_evidence(x) - small.log_evidence(x)).abs().max(),
        (model.log_joint(x, z) - small.log_joint(x, z)).abs().max(),
    )
    assert worst < 1e-12
    evidence("models.DeepBernoulli, linear", "models.TwoBernoullis", error=worst)


def test_two_latents_against_gauss_hermite(evidence):
    """A tensor rule of another kind, and in the other coordinates: 90 x 90 points of Gauss-Hermite."""
    model, x = deep(2), exact.enumerate_binary(3, like=torch.zeros(1, dtype=DOUBLE))
    points, weights = exact.gauss_hermite(90)
    eps, weight = (
        torch.cartesian_prod(points, points),
        torch.cartesian_prod(weights, weights).prod(-1),
    )
    z = model.loc + eps @ torch.linalg.cholesky(model.root @ model.root.mT).mT
    prob = model.probabilities(z).unsqueeze(1)
    wanted = (weight.unsqueeze(-1) * (prob * x + (1 - prob) * (1 - x)).prod(-1)).sum(0).log()
    worst = (model.log_evidence(x) - wanted).abs().max()
    assert worst < 1e-7
    evidence("models.DeepBernoulli, two latents", "Gauss-Hermite", error=worst)


def test_doubly_deep_with_a_linear_top_is_deep(evidence):
    """z2 = A z1 + c + noise is normal again: the doubly deep model with a linear inner map is a deep one."""
    slope, shift = torch.tensor([[1.3]], dtype=DOUBLE), torch.tensor([-0.4], dtype=DOUBLE)
    decoder = mlp(1, 5, 3, generator(0)).double()
    first, second = (torch.full((1, 1), variance, dtype=DOUBLE) for variance in (0.7, 0.4))
    loc = torch.tensor([0.2], dtype=DOUBLE)
    twice = DoublyDeepBernoulli(linear(slope, shift), decoder, loc, first, second)
    once = DeepBernoulli(decoder, slope @ loc + shift, slope @ first @ slope.mT + second)
    x = exact.enumerate_binary(3, like=loc)
    worst = max(
        (twice.log_evidence(x) - once.log_evidence(x)).abs().max(),
        (twice.posterior_moments(x)[0][:, 1:] - once.posterior_moments(x)[0]).abs().max(),
    )
    assert worst < 1e-9
    evidence(
        "models.DoublyDeepBernoulli, linear inner map",
        "models.DeepBernoulli in closed form",
        error=worst,
    )


@pytest.mark.parametrize(
    "model", [deep(), deep(2), doubly()], ids=["deep", "deep in two", "doubly deep"]
)
def test_samples_and_joint(model, evidence):
    """Draws have the exact evidence as frequencies, and the joint is the sum of its factors and integrates to the evidence."""
    x, z = model.sample(40_000, generator(1))
    everything = exact.enumerate_binary(3, like=x)
    seen = (x.unsqueeze(1) == everything).all(-1).double()
    score = mean_z(seen, model.log_evidence(everything).exp().detach())
    assert score < LIMIT
    again = model.sample(7, generator(3)), model.sample(7, generator(3))
    assert torch.equal(again[0][0], again[1][0]) and torch.equal(again[0][1], again[1][1])
    factors = model.log_factors(x, z.unsqueeze(0))
    prior = (sum(factors.values()) - factors["likelihood" if "likelihood" in factors else "x"])[
        0
    ].detach()  # mean: minus the entropy
    roots = [value for name, value in model.named_parameters() if name.endswith("root")]
    entropy = sum(0.5 * torch.logdet(2 * math.pi * math.e * root @ root.mT) for root in roots)
    assert mean_z(prior, -entropy.detach()) < LIMIT
    evidence(f"models.{type(model).__name__}.sample", "its exact evidence", z=score)


def test_slope():
    """The slope of the evidence by central differences, one entry of each parameter."""
    model = doubly()
    x = torch.tensor([1.0, 0.0, 1.0], dtype=DOUBLE)
    named = list(model.parameters())
    slope = torch.autograd.grad(model.log_evidence(x), named)
    step = 1e-5
    for parameter, wanted in zip(named, slope, strict=True):
        with torch.no_grad():
            flat = parameter.view(-1)
            flat[0] += step
            high = model.log_evidence(x)
            flat[0] -= 2 * step
            low = model.log_evidence(x)
            flat[0] += step
        assert abs(((high - low) / (2 * step) - wanted.view(-1)[0]).item()) < 1e-7


@settings(max_examples=15, deadline=None)
@given(
    samples=st.integers(1, 3),
    batch=st.sampled_from([(), (1,), (2, 3)]),
    dim=st.integers(1, 3),
    pixels=st.integers(1, 4),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_shapes(samples, batch, dim, pixels, dtype):
    model = deep(dim, pixels).to(dtype)
    x, z = torch.ones(*batch, pixels, dtype=dtype), torch.zeros(samples, *batch, dim, dtype=dtype)
    assert model.log_joint(x, z).shape == (samples, *batch) and model.log_joint(x, z).dtype == dtype
    if dim < 3:
        assert model.log_evidence(x).shape == batch and model.posterior_moments(x)[1].shape == (
            *batch,
            dim,
        )


def test_extremes_and_refusals():
    model = DeepBernoulli(
        linear(torch.full((2, 1), 1e4, dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE)),
        torch.zeros(1, dtype=DOUBLE),
        torch.full((1, 1), 1e-12, dtype=DOUBLE),
    )
    assert bool(model.log_evidence(torch.eye(2, dtype=DOUBLE)).isfinite().all())
    with pytest.raises(ValueError, match="x has 1 entries that are NaN"):
        deep().log_evidence(torch.tensor([0.0, 1.0, torch.nan], dtype=DOUBLE))
    with pytest.raises(NotImplementedError, match="has 3 latents"):
        deep(3).log_evidence(torch.zeros(3, dtype=DOUBLE))
    with pytest.raises(ValueError, match="covariance is no covariance"):
        DeepBernoulli(nn.Linear(1, 2), torch.zeros(1), -torch.eye(1))
    with pytest.raises(ValueError, match=r"loc and covariance have shapes \(2,\) and \(1, 1\)"):
        DeepBernoulli(nn.Linear(2, 2), torch.zeros(2), torch.eye(1))
    with pytest.raises(ValueError, match="decoder does not take vectors of 1 numbers"):
        DeepBernoulli(nn.Linear(2, 2), torch.zeros(1), torch.eye(1))
    with pytest.raises(ValueError, match="x has shape"):
        deep().log_evidence(torch.zeros(4, dtype=DOUBLE))
