"""Gradients at the edge: huge log weights, impossible samples, tiny and huge scales, single precision."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import DOUBLE
from oracles import gradients_of, quadratic, randn
from toy import ALL, UNREAD, X, toy_family

from course_vi.bounds import elbo, iwae
from course_vi.families import MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import ConjugateToy


@pytest.mark.parametrize("estimator", ALL)
@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_extreme_log_weights(estimator, shift):
    """log p moved by 10,000: path gradients do not notice; no estimator returns NaN, and values stay bounds."""
    eps, near = randn(3, 1, seed=0), quadratic(1)
    far = type(near)(near.precision, near.shift, near.constant + shift)
    for bound in (elbo, iwae):
        if bound is iwae and estimator is sticking_the_landing:
            continue
        one, other = (
            gradients_of(estimator, p, toy_family(), UNREAD, num_samples=3, bound=bound, noise=eps)
            for p in (near, far)
        )
        assert all(bool(torch.isfinite(value).all()) for value in other.values())
        if estimator is not score_function:
            assert all(torch.allclose(one[name], other[name], atol=1e-9) for name in one)


@pytest.mark.parametrize("estimator", [score_function, reparametrized, doubly_reparametrized])
def test_a_sample_of_probability_zero(estimator):
    """One log weight of -inf: the IWAE bound of the others, and its value is reported."""

    class Half(ConjugateToy):
        def log_joint(self, x, z):
            return torch.where(z[..., 0] > 0, super().log_joint(x, z), -math.inf)

    eps, q = torch.tensor([[-2.0], [0.5], [1.0]], dtype=DOUBLE), toy_family()
    value = estimator(Half(), q, X, 3, bound=iwae, noise=eps)
    wanted = estimator(ConjugateToy(), q, X, 2, bound=iwae, noise=eps[1:]) + math.log(2 / 3)
    assert value.item() == pytest.approx(wanted.item(), abs=1e-12)
    found = torch.autograd.grad(value, list(q.parameters()))
    assert all(bool(torch.isfinite(gradient).all()) for gradient in found)


def test_extreme_scales_of_the_family():
    """Standard deviations of 1e-6 and 1e6: the gradients keep their digits."""
    for scale in (1e-6, 1e6):
        p = quadratic(1)
        q = MeanField(
            1, torch.tensor([0.2], dtype=DOUBLE), torch.tensor([math.log(scale)], dtype=DOUBLE)
        )
        eps = randn(4, 1, seed=2)
        z = 0.2 + scale * eps
        slope = p.shift - p.precision[0, 0] * z
        wanted = {reparametrized: slope, sticking_the_landing: slope + eps / scale}
        for estimator, answer in wanted.items():
            found = gradients_of(estimator, p, q, UNREAD, num_samples=4, noise=eps)["loc"].item()
            assert found == pytest.approx(answer.mean().item(), rel=1e-8)


def test_single_precision_follows_double():
    """Values equal the bound in float32 too, also far from zero, and gradients agree with float64 to its precision."""
    eps = randn(6, 1, seed=0)
    for estimator in ALL:
        q64, q32 = toy_family(), toy_family().float()
        precise = gradients_of(estimator, ConjugateToy(), q64, X, num_samples=6, noise=eps)
        rough = gradients_of(
            estimator, ConjugateToy(), q32, X.float(), num_samples=6, noise=eps.float()
        )
        assert all(
            torch.allclose(precise[name].float(), rough[name], rtol=1e-4, atol=1e-5)
            for name in precise
        )
        assert rough["loc"].dtype == torch.float32
