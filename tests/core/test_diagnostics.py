"""gradient_moments: two roads to one answer, seeds that reproduce, and noise wrongly shared that shows."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import amortized, gaussian
from oracles import (
    DOUBLE,
    LIMIT,
    covariance_of,
    generator,
    gradients,
    quadratic,
    variance_z,
    worst_z,
)
from scipy import stats
from toy import UNREAD, X, toy_family

from course_vi.bounds import elbo
from course_vi.data import breast_cancer
from course_vi.diagnostics import GradientMoments, gradient_moments, gradient_samples, replicate
from course_vi.families import MeanField
from course_vi.gradients import reparametrized, score_function, sticking_the_landing
from course_vi.models import BayesianLogisticRegression, ConjugateToy, TwoBernoullis


def shared_noise(p, q, x, num_samples=1, bound=elbo, generator=None, noise=None):
    """A mistake often made: one noise for the whole batch."""
    eps = torch.randn(num_samples, 1, q.noise_dim, generator=generator, dtype=x.dtype).expand(
        num_samples, *q.batch_shape, q.noise_dim
    )
    return reparametrized(p, q, x, num_samples, bound=bound, noise=eps)


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_batch_and_loop_agree_in_distribution(kind):
    """Means against the exact gradient for both; variances by a two-sample test; the whole distribution by Kolmogorov and Smirnov."""
    p, q = quadratic(3), gaussian(kind)
    exactly = gradients(p.exact_elbo(q.loc, covariance_of(q)), q)
    found = {
        method: gradient_samples(
            reparametrized, p, q, UNREAD, replicates=1_000, generator=generator(seed), method=method
        )
        for method, seed in (("batch", 1), ("loop", 2))
    }
    for method in found:
        moments = gradient_moments(
            reparametrized, p, q, UNREAD, replicates=1_000, generator=generator(3), method=method
        )
        assert worst_z(moments, exactly) < LIMIT
    for name, one in found["batch"].items():
        other = found["loop"][name]
        assert one.shape == other.shape == (1_000, *dict(q.named_parameters())[name].shape)
        for a, b in zip(one.reshape(1_000, -1).T, other.reshape(1_000, -1).T, strict=True):
            assert torch.equal(a, b) or stats.ks_2samp(a.numpy(), b.numpy()).pvalue > 1e-5


@pytest.mark.parametrize("method", ["batch", "loop"])
def test_seeds_reproduce(method):
    for seed in (0, 1):
        one, other = (
            gradient_samples(
                score_function,
                quadratic(2),
                gaussian("FullRank", 2),
                UNREAD,
                num_samples=2,
                replicates=50,
                generator=generator(seed),
                method=method,
            )
            for _ in range(2)
        )
        assert all(torch.equal(one[name], other[name]) for name in one)
    state = torch.get_rng_state()
    gradient_samples(
        reparametrized,
        quadratic(2),
        gaussian("FullRank", 2),
        UNREAD,
        replicates=5,
        generator=generator(0),
        method=method,
    )
    assert torch.equal(state, torch.get_rng_state()), "the global generator is left alone"


def test_replicates_in_chunks_are_still_independent():
    """So many samples that the batch is cut in chunks: variance and count are those of the theory, and no chunk repeats another."""
    q = toy_family()
    found = gradient_samples(
        reparametrized,
        ConjugateToy(),
        q,
        X,
        num_samples=4_000,
        replicates=3_000,
        generator=generator(0),
    )
    one = 4 * math.exp(0.2) / 4_000  # a^2 s^2 / K with a = 2
    assert found["loc"].shape == (3_000, 1) and len(found["loc"].unique()) == 3_000
    assert variance_z(found["loc"], one) < LIMIT
    chunk = int(2e7) // (4_000 * 4)
    assert 1 < chunk < 3_000 / 2, "this test is about chunks"
    assert (
        abs(
            stats.pearsonr(
                found["loc"][:chunk, 0].numpy(), found["loc"][chunk : 2 * chunk, 0].numpy()
            ).statistic
        )
        < LIMIT / chunk**0.5
    )


def test_shared_noise_shows():
    """Every replicate would be the same number: the variance collapses, and the mean is far from exact in standard errors."""
    p, q = ConjugateToy(), toy_family()
    exactly = {"loc": X - 2 * q.loc.detach()}
    right = gradient_moments(reparametrized, p, q, X, replicates=5_000, generator=generator(0))
    wrong = gradient_moments(shared_noise, p, q, X, replicates=5_000, generator=generator(0))
    assert wrong.variance["loc"].item() < 1e-20 < right.variance["loc"].item()
    assert (
        right.z_scores(exactly)["loc"].abs().item()
        < LIMIT
        < wrong.z_scores(exactly)["loc"].abs().item()
    )


def test_variance_and_error_are_what_they_say(evidence):
    """At the posterior of the toy, the theory gives the variance 2; the mean is zero within its error."""
    toy, best = ConjugateToy(), ConjugateToy().posterior(X)
    q = MeanField(1, best.loc, best.log_scale)
    moments = gradient_moments(
        reparametrized, toy, q, X, replicates=100_000, generator=generator(0)
    )
    assert isinstance(moments, GradientMoments) and moments.replicates == 100_000
    z = abs(moments.variance["loc"].item() - 2) / (
        2 * math.sqrt(2 / 100_000)
    )  # a Gaussian gradient: sd of the variance
    assert z < LIMIT and moments.standard_error["loc"].item() == pytest.approx(
        math.sqrt(moments.variance["loc"].item() / 100_000)
    )
    evidence("diagnostics.gradient_moments", "Fisher variance 2 and its sampling error", z=z)
    assert moments.z_scores({"loc": torch.zeros(1)})["loc"].abs().item() < LIMIT


def test_repeated_moments_have_a_standard_error_of_the_right_size():
    """Two hundred z-scores are standard normal."""
    p, q = quadratic(1), gaussian("MeanField", 1)
    exactly = {
        name: value
        for name, value in gradients(p.exact_elbo(q.loc, covariance_of(q)), q).items()
        if name == "loc"
    }
    source = generator(0)
    scores = [
        gradient_moments(reparametrized, p, q, UNREAD, replicates=400, generator=source)
        .z_scores(exactly)["loc"]
        .item()
        for _ in range(200)
    ]
    assert stats.kstest(scores, "norm").pvalue > 1e-4


def test_theta_goes_through_the_loop():
    p, q = TwoBernoullis().double(), toy_family()
    x = torch.tensor([0.0, 1.0], dtype=DOUBLE)
    moments = gradient_moments(reparametrized, p, q, x, replicates=20, generator=generator(0))
    assert set(moments.mean) == {"loc", "log_scale", "p.intercepts", "p.slopes"}
    p.slopes.requires_grad_(False), q.log_scale.requires_grad_(False)
    for method in ("loop", "batch"):  # its parameters may carry an axis of replicates
        found = gradient_moments(reparametrized, p, q, x, replicates=20, method=method)
        assert set(found.mean) == {"loc", "p.intercepts"}
    p.replicable = False
    found = gradient_moments(reparametrized, p, q, x, replicates=20, method="batch")
    assert set(found.mean) == {"loc"}


def test_a_batch_of_data_is_added_up():
    p, q, x = ConjugateToy(), toy_family(), torch.tensor([[2.0], [1.0], [-3.0]], dtype=DOUBLE)
    moments = gradient_moments(
        sticking_the_landing, p, q, x, replicates=3_000, generator=generator(0)
    )
    exactly = {
        "loc": (x - 2 * 0.3).sum(0),
        "log_scale": torch.tensor([3 * (1 - 2 * math.exp(0.2))], dtype=DOUBLE),
    }
    assert worst_z(moments, exactly) < LIMIT


def test_global_latents_take_the_batch():
    x = breast_cancer(1, dtype=DOUBLE)[:50]
    p, q = BayesianLogisticRegression(2), gaussian("FactorCovariance", 2)
    batch, loop = (
        gradient_moments(
            reparametrized, p, q, x, replicates=count, generator=generator(0), method=method
        )
        for method, count in (("batch", 20_000), ("loop", 1_000))
    )
    for name in batch.mean:
        spread = (batch.standard_error[name] ** 2 + loop.standard_error[name] ** 2).sqrt()
        assert ((batch.mean[name] - loop.mean[name]).abs() / spread).max() < LIMIT


def test_replicate_copies():
    q = gaussian("FullRank")
    q.lower.requires_grad_(False)
    many = replicate(q, 7)
    assert many.batch_shape == (7,) and not many.lower.requires_grad and many.loc.requires_grad
    assert (
        all(torch.equal(row, q.loc) for row in many.loc) and many.loc.data_ptr() != q.loc.data_ptr()
    )


def test_refusals():
    p, q = ConjugateToy(), toy_family()
    with pytest.raises(ValueError, match="replicates is 1; expected at least 2"):
        gradient_moments(reparametrized, p, q, X, replicates=1)
    with pytest.raises(
        ValueError, match="method is 'fast'; expected one of 'auto', 'batch', 'loop'"
    ):
        gradient_moments(reparametrized, p, q, X, method="fast")
    with pytest.raises(TypeError, match="replicates is 2.5; expected a whole number"):
        gradient_moments(reparametrized, p, q, X, replicates=2.5)
    with pytest.raises(
        ValueError, match="method is 'batch'; expected a Gaussian family without a batch"
    ):
        gradient_moments(reparametrized, p, q, X.expand(3, 1), method="batch")
    with pytest.raises(TypeError, match="q is a Amortized with batch"):
        replicate(amortized("MeanField"), 3)
    with pytest.raises(ValueError, match="was it detached"):
        gradient_moments(lambda *args, **kwargs: reparametrized(*args, **kwargs).detach(), p, q, X)
    with pytest.raises(
        ValueError, match=r"the estimator returned shape \(\) for parameters with a batch of 10"
    ):
        gradient_moments(
            lambda *args, **kwargs: reparametrized(*args, **kwargs).mean(), p, q, X, replicates=10
        )
