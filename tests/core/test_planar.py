"""Planar flows: the way back, its derivatives, the density by quadrature and Jacobians, and the landing they stick."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from catalogue import amortized, planar
from oracles import DOUBLE, LIMIT, DensityModel, generator, gradients, mean_z, quadratic, randn
from scipy.optimize import brentq
from torch.func import jacrev, vmap
from toy import ALL, UNREAD

from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments
from course_vi.distributions.planar import planar_root
from course_vi.families import Amortized, MeanField, PerDatum, Planar
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.nets import mlp


@pytest.mark.parametrize("c", [-0.999, -0.9, -0.3, 0.0, 0.7, 30.0, 1e6])
def test_the_root_against_scipy(c, evidence):
    for y in (-7.3, -0.4, -1e-9, 0.0, 1e-3, 0.8, 25.0):
        wanted = brentq(
            lambda s, c=c, y=y: s + c * math.tanh(s) - y,
            -abs(c) - abs(y) - 1,
            abs(c) + abs(y) + 1,
            xtol=1e-14,
            rtol=1e-14,
        )
        y_, c_ = (
            torch.tensor(y, dtype=DOUBLE, requires_grad=True),
            torch.tensor(c, dtype=DOUBLE, requires_grad=True),
        )
        s = planar_root(y_, c_)
        slope = 1 + c * (1 - math.tanh(wanted) ** 2)
        tolerance = (
            1e-9 if c > -0.99 else 1e-6
        )  # near -1 the slope at the root is small, and so is what y tells of s
        assert s.item() == pytest.approx(wanted, abs=tolerance, rel=1e-12)
        found = torch.autograd.grad(s, (y_, c_))
        assert found[0].item() == pytest.approx(1 / slope, rel=1e-4 if c < -0.99 else 1e-9)
        assert found[1].item() == pytest.approx(
            -math.tanh(wanted) / slope, rel=1e-4 if c < -0.99 else 1e-9, abs=1e-12
        )
        if c > -0.99:
            evidence(
                "distributions.planar.planar_root",
                "scipy.optimize.brentq",
                error=abs(s.item() - wanted) / (1 + abs(wanted)),
            )


def test_the_constraint():
    """w'u stays above -1 whatever the numbers are; u = 0 is the identity; the shift is along w only."""
    for scale in (1e-6, 1.0, 1e3):
        q = Planar(
            3, 50, shift=scale * randn(50, 3, seed=0), normal=randn(50, 3, seed=1)
        ).distribution()
        assert bool((q.c > -1).all()) and torch.allclose(
            (q.normal * q.u).sum(-1), q.c, rtol=1e-9, atol=1e-9
        )
    q = Planar(3, 4).double()
    z = q.noise((5,), generator(0))
    assert torch.allclose(q.transport(z), z, atol=1e-15)
    assert torch.allclose(q(None, z), MeanField(3).double()(None, z), atol=1e-14)
    nothing = Planar(2, 1, normal=torch.zeros(1, 2), shift=torch.ones(1, 2))
    assert torch.isfinite(nothing(None, nothing.sample(3))).all()


@pytest.mark.parametrize("dim, layers", [(1, 1), (1, 4), (2, 3), (5, 8)])
def test_round_trip_and_jacobian(dim, layers, evidence):
    q = planar(dim, layers, seed=dim)
    eps = q.noise((200,), generator(0))
    z = q.transport(eps).detach()
    jacobian = vmap(jacrev(q.transport))(eps)
    wanted = (
        torch.distributions.Normal(0.0, 1.0).log_prob(eps).sum(-1)
        - torch.linalg.slogdet(jacobian).logabsdet
    )
    error = (q(None, z) - wanted).abs().max()
    assert error < 1e-8
    evidence(
        "families.Planar",
        "log-determinant by torch.func.jacrev, after the way there and back",
        error=error,
    )


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_extreme_scales(scale, evidence):
    """A change of unit: mu, sigma and u grow by it, w shrinks by it."""
    q = planar(2, 3)
    scaled = Planar(
        2,
        3,
        q.loc * scale,
        q.log_scale + math.log(scale),
        q.shift * scale,
        q.normal / scale,
        q.offset,
    )
    eps = q.noise((6,), generator(0))
    z = q.transport(eps)
    assert torch.allclose(scaled.transport(eps) / scale, z, rtol=1e-9)
    error = (scaled(None, scale * z) + 2 * math.log(scale) - q(None, z)).abs().max()
    assert error < 1e-7
    evidence("families.Planar, scales 1e-6 and 1e6", "a change of unit", error=error)


def test_integrates_to_one_in_two_dimensions(evidence):
    q = planar(2, 3)
    axis = torch.linspace(-12, 12, 801, dtype=DOUBLE)
    with torch.no_grad():
        grid = torch.cartesian_prod(axis, axis)
        density = q(None, grid).exp()
        error = abs((density.sum() * (axis[1] - axis[0]) ** 2).item() - 1)
        loc = (density.unsqueeze(-1) * grid).sum(0) * (axis[1] - axis[0]) ** 2
    assert error < 1e-5
    evidence(
        "families.Planar",
        "quadrature: the density integrates to one, in two dimensions",
        error=error,
    )
    z = mean_z(q.sample(40_000, generator=generator(3)), loc)
    assert z < LIMIT
    evidence("families.Planar.sample", "its mean by quadrature of the density", z=z)


def test_gradient_of_the_density_against_finite_differences():
    """In z and in every parameter: what one Newton step must carry."""
    q = planar(2, 2, seed=5)
    z = randn(4, 2, seed=1).requires_grad_()
    inputs = [z, *q.parameters()]
    found = torch.autograd.grad(q(None, z).sum(), inputs)
    for tensor, gradient in zip(inputs, found, strict=True):
        for index in range(tensor.numel()):
            with torch.no_grad():
                flat, h = tensor.view(-1), 1e-5
                flat[index] += h
                above = q(None, z).sum()
                flat[index] -= 2 * h
                below = q(None, z).sum()
                flat[index] += h
            assert gradient.flatten()[index].item() == pytest.approx(
                ((above - below) / (2 * h)).item(), rel=2e-6, abs=1e-8
            )


def test_unbiased_by_quadrature(evidence):
    """One dimension, where E_eps f is an integral: total, path and score gradients against its derivative."""
    p, q = quadratic(1), planar(1, 2, seed=4)
    points = torch.linspace(-9, 9, 20_001, dtype=DOUBLE)
    weights = (-0.5 * points.square()).exp() / math.sqrt(2 * math.pi) * (points[1] - points[0])
    z = q.transport(points.unsqueeze(-1))
    exactly = gradients((weights * (p.log_joint(UNREAD, z) - q(None, z))).sum(), q)
    for estimator in (reparametrized, sticking_the_landing, score_function):
        moments = gradient_moments(
            estimator, p, q, UNREAD, replicates=40_000, generator=generator(1), method="batch"
        )
        z_score = max(value.abs().max().item() for value in moments.z_scores(exactly).values())
        assert z_score < LIMIT
        evidence(f"gradients.{estimator.__name__} (Planar)", "quadrature over the noise", z=z_score)


def test_without_a_differentiable_way_back_the_landing_is_missed(evidence):
    """The fault that this family is for: an inverse without a graph leaves a gradient at q = p."""
    q = planar(2, 2, seed=3)
    p = DensityModel(copy.deepcopy(q), 1)

    class Cut(Planar):
        def frozen_log_prob(self, z, x=None, distribution=None):
            return (
                self.distribution()
                .detach()
                .log_prob(self.distribution().detach().transport(self._back(z)))
            )

        def _back(self, z):
            density = self.distribution().detach()
            with torch.no_grad():
                for u, w, b, c in reversed(density._layers()):
                    z = z - u * planar_root((w * z).sum(-1) + b, c).tanh().unsqueeze(-1)
                return (z - density.base.loc) * (-density.base.log_scale).exp()

    cut = Cut(2, 2, **dict(q.named_parameters()))
    eps = q.noise((3,), generator(0))
    good, bad = (
        gradients(sticking_the_landing(p, one, UNREAD, 3, noise=eps), one) for one in (q, cut)
    )
    largest = max(value.abs().max().item() for value in good.values())
    assert largest < 1e-9 and bad["loc"].abs().max() > 1e-2
    evidence(
        "gradients.sticking_the_landing (Planar)",
        "zero at q = p, by the differentiable inverse",
        error=largest,
    )


def test_composes(evidence):
    """Amortized, per datum, every estimator and bound: shapes, and one row of the encoder is one plain planar flow."""
    q, x = Amortized(Planar(2, 2), mlp(3, 5, 14, generator(0))).double(), randn(4, 3, seed=0)
    target = DensityModel(amortized("MeanField", dim=2, data_dim=3), 3)
    for estimator in ALL:
        value = estimator(target, q, x, 2, generator=generator(1))
        assert value.shape == (4,) and torch.isfinite(value).all()
    assert doubly_reparametrized(target, q, x, 5, bound=iwae, generator=generator(1)).shape == (4,)
    rows = PerDatum(q, x)
    z = q.sample(3, x, generator(2))
    assert torch.allclose(rows(x, z), q(x, z), atol=1e-10) and rows.batch_shape == (4,)
    one = Planar(2, 2, **{name: value[1] for name, value in q.distribution_parameters(x).items()})
    assert torch.allclose(one(None, z[:, 1]), q(x, z)[:, 1], atol=1e-10)
    assert elbo(q(x, z)).shape == (4,)


def test_refusals():
    with pytest.raises(ValueError, match="layers is 0"):
        Planar(2, 0)
    with pytest.raises(ValueError, match=r"shift has shape \(2,\); expected \(\*B, 3, 2\)"):
        Planar(2, 3, shift=torch.zeros(2))
    with pytest.raises(
        ValueError, match=r"z has shape \(3,\); expected its last axis to have 2 entries"
    ):
        Planar(2)(None, torch.zeros(3))
