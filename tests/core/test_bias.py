"""The mean of an estimate is the exact gradient of the ELBO: quadratics, quadrature, real data, minibatches, a flow."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import flow, gaussian
from oracles import (
    DOUBLE,
    LIMIT,
    covariance_of,
    expected_bound,
    generator,
    gradients,
    quadratic,
    regression_elbo,
    worst_z,
)
from toy import ALL, UNREAD, X, toy_family

from course_vi.bounds import elbo
from course_vi.data import breast_cancer
from course_vi.diagnostics import gradient_moments
from course_vi.gradients import reparametrized, score_function, sticking_the_landing
from course_vi.models import BayesianLogisticRegression, ConjugateToy, TwoBernoullis


def leave_one_out(*args, **kwargs):
    return score_function(*args, baseline="leave_one_out", **kwargs)


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
@pytest.mark.parametrize("estimator", [*ALL, leave_one_out])
def test_unbiased_for_the_elbo_of_a_quadratic(estimator, kind, evidence):
    """Three latents, correlated; the exact ELBO in closed form, its gradient by autograd."""
    p, q = quadratic(3), gaussian(kind)
    exactly = gradients(p.exact_elbo(q.loc, covariance_of(q)), q)
    replicates, samples = (
        (150_000, 2) if estimator in (score_function, leave_one_out) else (50_000, 1)
    )
    moments = gradient_moments(
        estimator, p, q, UNREAD, num_samples=samples, replicates=replicates, generator=generator(1)
    )
    z = worst_z(moments, exactly)
    assert z < LIMIT
    evidence(
        f"gradients.{estimator.__name__} ({kind})", "exact ELBO gradient of a quadratic in 3-D", z=z
    )


@pytest.mark.parametrize("estimator", ALL)
def test_unbiased_for_the_elbo_of_two_bernoullis(estimator, evidence):
    p, q = TwoBernoullis().double().requires_grad_(False), toy_family()
    for x in torch.tensor([[0.0, 1.0], [1.0, 1.0]], dtype=DOUBLE):
        exactly = gradients(expected_bound(p, q.loc, q.log_scale, x, elbo, 1, order=64), q)
        moments = gradient_moments(estimator, p, q, x, replicates=60_000, generator=generator(2))
        z = worst_z(moments, exactly)
        assert z < LIMIT
        evidence(
            f"gradients.{estimator.__name__}",
            "TwoBernoullis: exact ELBO gradient by quadrature",
            z=z,
        )


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
@pytest.mark.parametrize("estimator", [reparametrized, sticking_the_landing, leave_one_out])
def test_unbiased_for_logistic_regression(estimator, kind, evidence):
    """Real data, global latents: every logit is a one-dimensional normal under q, so the ELBO is a sum of 1-D integrals."""
    x = breast_cancer(2, dtype=DOUBLE)
    p, q = BayesianLogisticRegression(3, prior_scale=2.0), gaussian(kind)
    exactly = gradients(regression_elbo(x, q.loc, covariance_of(q), 2.0), q)
    moments = gradient_moments(
        estimator, p, q, x, num_samples=2, replicates=2_000, generator=generator(3)
    )
    z = worst_z(moments, exactly)
    assert z < LIMIT
    evidence(
        f"gradients.{estimator.__name__} ({kind})",
        "breast cancer: exact ELBO gradient by 1-D quadratures",
        z=z,
    )


def test_unbiased_on_minibatches():
    """The expected minibatch gradient, over the noise and over the rows, is the gradient of the whole."""
    x = breast_cancer(1, dtype=DOUBLE)[:30]
    p, q = BayesianLogisticRegression(2, prior_scale=2.0, num_data=30), gaussian("FullRank", dim=2)
    exactly = gradients(regression_elbo(x, q.loc, covariance_of(q), 2.0), q)
    rows, source = generator(5), generator(6)

    def on_a_minibatch(p, q, x, num_samples, bound=elbo, generator=None):
        batch = x[torch.randperm(30, generator=rows)[:7]]
        return sticking_the_landing(p, q, batch, num_samples, bound=bound, generator=source)

    moments = gradient_moments(
        on_a_minibatch, p, q, x, num_samples=2, replicates=2_000, method="loop"
    )
    assert worst_z(moments, exactly) < LIMIT


@pytest.mark.parametrize("estimator", ALL)
def test_a_flow_is_unbiased(estimator, evidence):
    """A one-dimensional flow: the exact ELBO and its gradient by quadrature over the noise."""
    p, q = ConjugateToy(), flow("NSF", dim=1)
    grid = torch.linspace(-9, 9, 6001, dtype=DOUBLE).unsqueeze(-1)
    weight = torch.exp(-0.5 * grid[:, 0] ** 2) / math.sqrt(2 * math.pi) * (grid[1, 0] - grid[0, 0])
    z = q.transport(grid, X)
    value = (weight * (p.log_joint(X, z) - q(X, z))).sum()
    exactly = gradients(value, q)
    moments = gradient_moments(
        estimator, p, q, X, num_samples=200, replicates=200, generator=generator(1), method="loop"
    )
    z_score = worst_z(moments, exactly, rare=1e-4)
    assert z_score > 0.5 and z_score < LIMIT
    evidence(
        f"gradients.{estimator.__name__} (Flow)",
        "1-D spline flow: exact ELBO gradient by quadrature",
        z=z_score,
    )
