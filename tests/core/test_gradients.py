"""Gradient estimators: the value is the bound, the gradient is right at fixed noise, and the IWAE gradient is unbiased."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import ZOO, gaussian
from oracles import (
    DOUBLE,
    LIMIT,
    expected_bound,
    generator,
    gradients,
    gradients_of,
    quadratic,
    randn,
    worst_z,
)
from toy import ALL, UNREAD, M, S, X, toy_family

from course_vi.bounds import elbo, iwae
from course_vi.diagnostics import gradient_moments
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)
from course_vi.models import ConjugateToy, Model, TwoBernoullis


def leave_one_out(*args, **kwargs):
    return score_function(*args, baseline="leave_one_out", **kwargs)


def naive_sticking(p, q, x, num_samples=1, bound=elbo, generator=None, noise=None):
    """What must not be done for a bound that is not linear: drop the score term."""
    eps = q.noise((num_samples, *q.batch_shape), generator) if noise is None else noise
    density = q.distribution(x)
    z = density.transport(eps)
    return bound(p.log_joint(x, z) - q.frozen_log_prob(z, x, density))


class Plain(Model):
    """log p = -sum tanh(z)^2 - x'z..., a model with no structure at all."""

    def __init__(self, dim, data_dim):
        super().__init__()
        self.latent_dim, self.data_dim = dim, data_dim

    def log_factors(self, x, z):
        return {
            "all": -z.tanh().square().sum(-1) - 0.1 * z.square().sum(-1) + z[..., 0] * x.sum(-1)
        }


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("estimator", ALL)
def test_the_value_is_the_bound_bit_for_bit(estimator, name):
    q, x = ZOO[name]()
    x = torch.tensor([0.7, -1.1], dtype=DOUBLE) if x is None else x
    p = Plain(q.dim, 2)
    for bound in (elbo, iwae):
        if bound is iwae and estimator is sticking_the_landing:
            continue
        eps = q.noise((4,), generator(0))
        z = q.transport(eps, x)
        wanted = bound(p.log_joint(x, z) - q(x, z))
        value = estimator(p, q, x, 4, bound=bound, noise=eps)
        assert torch.equal(value, wanted) and value.requires_grad
        assert torch.equal(estimator(p, q, x, 4, bound=bound, generator=generator(0)), wanted)


def closed_forms(eps):
    """On the toy, by hand: d/dz log p = x - 2z, and -d/dz log q = eps / s with phi constant."""
    z = M + S * eps
    slope = X - 2 * z
    log_w = (
        -0.5 * z**2
        - 0.5 * (X - z) ** 2
        - math.log(2 * math.pi)
        + 0.5 * eps**2
        + math.log(S)
        + 0.5 * math.log(2 * math.pi)
    )
    return {
        reparametrized: (slope, slope * S * eps + 1),
        sticking_the_landing: (slope + eps / S, slope * S * eps + eps**2),
        doubly_reparametrized: (slope + eps / S, slope * S * eps + eps**2),
        score_function: (log_w * eps / S, log_w * (eps**2 - 1)),
        "sign slip": (
            slope - eps / S,
            slope * S * eps + 2 - eps**2,
        ),  # total + score, where total - score was meant
    }, log_w


@pytest.mark.parametrize("estimator", ALL)
def test_gradient_at_fixed_noise_under_the_elbo(estimator, evidence):
    eps = randn(5, 1, seed=0)
    found = gradients_of(estimator, ConjugateToy(), toy_family(), X, num_samples=5, noise=eps)
    forms, _ = closed_forms(eps)
    wanted = [part.mean() for part in forms[estimator]]
    error = max(
        abs(found["loc"].item() - wanted[0].item()),
        abs(found["log_scale"].item() - wanted[1].item()),
    )
    assert error < 1e-12
    evidence(f"gradients.{estimator.__name__}", "toy, fixed noise: by hand", error=error)
    others = [
        abs(found["loc"].item() - form[0].mean().item())
        for name, form in forms.items()
        if name is not estimator
        and {name, estimator} != {sticking_the_landing, doubly_reparametrized}
    ]
    assert min(others) > 0.05, (
        "the other estimators, and the sign slip, have other values at this noise"
    )


def test_gradient_at_fixed_noise_under_iwae(evidence):
    eps = randn(5, 1, seed=0)
    forms, log_w = closed_forms(eps)
    w = log_w.softmax(0)
    bound = iwae(log_w)
    wanted = {
        reparametrized: [(w * part).sum() for part in forms[reparametrized]],
        doubly_reparametrized: [(w**2 * part).sum() for part in forms[sticking_the_landing]],
        score_function: [((bound - w) * part).sum() for part in (eps / S, eps**2 - 1)],
    }
    for estimator, parts in wanted.items():
        found = gradients_of(
            estimator, ConjugateToy(), toy_family(), X, num_samples=5, bound=iwae, noise=eps
        )
        error = max(
            abs(found["loc"].item() - parts[0].item()),
            abs(found["log_scale"].item() - parts[1].item()),
        )
        assert error < 1e-12
        evidence(f"gradients.{estimator.__name__}, iwae", "toy, fixed noise: by hand", error=error)


def test_leave_one_out_at_fixed_noise():
    eps = randn(4, 1, seed=0)
    _, log_w = closed_forms(eps)
    others = torch.stack([(log_w.sum() - log_w[k]) / 3 for k in range(4)])
    found = gradients_of(leave_one_out, ConjugateToy(), toy_family(), X, num_samples=4, noise=eps)
    assert abs(found["loc"].item() - ((log_w - others) * eps / S).mean().item()) < 1e-12
    assert abs(found["log_scale"].item() - ((log_w - others) * (eps**2 - 1)).mean().item()) < 1e-12


@pytest.mark.parametrize("bound", [elbo, iwae])
def test_at_one_sample_doubly_reparametrized_is_sticking_the_landing(bound):
    for name in ("MeanField", "FactorCovariance", "Layered", "Flow(MAF)"):
        q, x = ZOO[name]()
        x = torch.tensor([0.7, -1.1], dtype=DOUBLE) if x is None else x
        eps = q.noise((1,), generator(3))
        one, other = (
            gradients_of(estimator, Plain(q.dim, 2), q, x, num_samples=1, bound=bound, noise=eps)
            for estimator in (sticking_the_landing, doubly_reparametrized)
        )
        assert all(torch.allclose(one[key], other[key], atol=1e-12) for key in one)


@pytest.mark.parametrize("num_samples", [2, 3])
@pytest.mark.parametrize("estimator", [score_function, reparametrized, doubly_reparametrized])
def test_unbiased_for_iwae(estimator, num_samples, evidence):
    """The exact gradient of the K-sample bound, by quadrature over all K noises."""
    for p, x in (
        (ConjugateToy(), X),
        (TwoBernoullis().double().requires_grad_(False), torch.tensor([0.0, 1.0], dtype=DOUBLE)),
    ):
        q = toy_family()
        exactly = gradients(expected_bound(p, q.loc, q.log_scale, x, iwae, num_samples), q)
        moments = gradient_moments(
            estimator,
            p,
            q,
            x,
            num_samples=num_samples,
            replicates=60_000,
            bound=iwae,
            generator=generator(4),
        )
        z = worst_z(moments, exactly)
        assert z < LIMIT
        evidence(
            f"gradients.{estimator.__name__}, iwae",
            f"{type(p).__name__}: exact gradient of the K-sample bound",
            z=z,
        )


def test_the_quadrature_of_the_bound_has_converged():
    q = toy_family()
    coarse, fine = (
        gradients(expected_bound(ConjugateToy(), q.loc, q.log_scale, X, iwae, 3, order), q)
        for order in (40, 56)
    )
    assert all(torch.allclose(coarse[name], fine[name], atol=1e-7) for name in coarse)


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_two_estimators_of_one_iwae_gradient_agree(kind, evidence):
    """K = 5 in three dimensions: DReG against brute force, a hundred thousand total derivatives."""
    p, q = quadratic(3), gaussian(kind)
    total = gradient_moments(
        reparametrized,
        p,
        q,
        UNREAD,
        num_samples=5,
        replicates=100_000,
        bound=iwae,
        generator=generator(5),
    )
    double = gradient_moments(
        doubly_reparametrized,
        p,
        q,
        UNREAD,
        num_samples=5,
        replicates=25_000,
        bound=iwae,
        generator=generator(6),
    )
    score = gradient_moments(
        score_function,
        p,
        q,
        UNREAD,
        num_samples=5,
        replicates=100_000,
        bound=iwae,
        generator=generator(7),
    )
    for name, other in (("doubly_reparametrized", double), ("score_function", score)):
        worst = 0.0
        for key in q.state_dict():
            spread = (
                other.standard_error[key].square() + total.standard_error[key].square()
            ).sqrt()
            difference = (other.mean[key] - total.mean[key]).abs()
            assert bool((difference[spread == 0] == 0).all())
            worst = max(worst, (difference[spread > 0] / spread[spread > 0]).max().item())
        assert worst < LIMIT
        evidence(
            f"gradients.{name}, iwae ({kind})",
            "brute force: the mean of 100,000 total derivatives",
            z=worst,
        )


def test_numbers_of_the_findings_at_sixty_four_samples(evidence):
    """(m, log s) = (.3, .1), x = 2, gradient of m: total .0081(8), DReG .00913(1), naive STL .579; signal to noise .049 and 3.53."""
    p, q = ConjugateToy(), toy_family()
    plan = {reparametrized: 40_000, doubly_reparametrized: 10_000, naive_sticking: 5_000}
    total, double, naive = (
        gradient_moments(
            estimator, p, q, X, num_samples=64, replicates=count, bound=iwae, generator=generator(8)
        )
        for estimator, count in plan.items()
    )
    mean, error = double.mean["loc"].item(), double.standard_error["loc"].item()
    assert abs(mean - 0.00913) < 5e-6 + LIMIT * error
    assert abs(total.mean["loc"].item() - mean) / total.standard_error["loc"].item() < LIMIT
    assert abs(naive.mean["loc"].item() - 0.579) < 5e-4 + LIMIT * naive.standard_error["loc"].item()
    signal = [
        moments.mean["loc"].item() / moments.variance["loc"].sqrt().item()
        for moments in (total, double)
    ]
    assert signal[1] == pytest.approx(3.53, rel=0.02) and mean / total.variance[
        "loc"
    ].sqrt().item() == pytest.approx(0.049, rel=0.12)
    evidence(
        "gradients.sticking_the_landing, forced on iwae, K = 64",
        "toy: its mean over the true gradient",
        ratio=naive.mean["loc"] / mean,
    )
    evidence(
        "gradients.reparametrized, iwae, K = 64",
        "variance over that of doubly_reparametrized (gradient of m)",
        ratio=total.variance["loc"] / double.variance["loc"],
    )


def test_naive_sticking_is_biased_and_refused():
    p, q = ConjugateToy(), toy_family()
    exactly = gradients(expected_bound(p, q.loc, q.log_scale, X, iwae, 2), q)
    moments = gradient_moments(
        naive_sticking,
        p,
        q,
        X,
        num_samples=2,
        replicates=20_000,
        bound=iwae,
        generator=generator(0),
    )
    assert worst_z(moments, exactly) > 20, "this test of bias can see a biased estimator"
    with pytest.raises(
        ValueError, match="bound is iwae with num_samples = 2; expected one that is linear"
    ):
        sticking_the_landing(p, q, X, 2, bound=iwae)
    assert torch.equal(
        sticking_the_landing(p, q, X, 1, bound=iwae, generator=generator(0)),
        sticking_the_landing(p, q, X, 1, bound=elbo, generator=generator(0)),
    )


def test_a_bound_of_ones_own():
    """Path gradients ask the bound for its derivatives, not for its name: a power mean of the weights, K = 2, by quadrature."""

    def power(log_w):
        return 2 * (torch.logsumexp(0.5 * log_w, 0) - math.log(log_w.shape[0]))

    p, q = ConjugateToy(), toy_family()
    exactly = gradients(expected_bound(p, q.loc, q.log_scale, X, power, 2), q)
    for estimator in (reparametrized, doubly_reparametrized, score_function):
        moments = gradient_moments(
            estimator,
            p,
            q,
            X,
            num_samples=2,
            replicates=40_000,
            bound=power,
            generator=generator(1),
        )
        assert worst_z(moments, exactly) < LIMIT
    with pytest.raises(ValueError, match="bound is power"):
        sticking_the_landing(p, q, X, 2, bound=power)
