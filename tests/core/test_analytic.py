"""The analytic KL: its divergences, its gradient against exact ones, its variance against theory, and what it refuses."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from bits import bernoulli
from catalogue import flow, gaussian, layered
from oracles import (
    DOUBLE,
    LIMIT,
    ReplicatedBernoullis,
    covariance_of,
    expected_bound,
    generator,
    gradients,
    gradients_of,
    mean_z,
    randn,
    regression_elbo,
    variance_z,
    worst_z,
)
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from toy import UNREAD, M, S, X, toy_family

from course_vi.bounds import elbo, iwae, renyi
from course_vi.data import breast_cancer
from course_vi.diagnostics import gradient_moments, gradient_samples
from course_vi.distributions import DiagonalNormal
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl, sticking_the_landing
from course_vi.models import (
    VAE,
    BayesianLogisticRegression,
    ConjugateToy,
    GaussianChain,
    SigmoidBeliefNet,
    TwoBernoullis,
)
from course_vi.nets import mlp


class NamedRegression(BayesianLogisticRegression):
    """The regression, with its prior by name."""

    def prior(self):
        zeros = torch.zeros(self.latent_dim, dtype=DOUBLE)
        return DiagonalNormal(zeros, zeros + torch.tensor(self.prior_scale, dtype=DOUBLE).log())


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_divergences(kind, evidence):
    q, p = gaussian(kind), DiagonalNormal(randn(3, seed=7), 0.3 * randn(3, seed=8))
    wanted = kl_divergence(
        MultivariateNormal(q.loc, covariance_of(q)),
        MultivariateNormal(p.loc, torch.diag((2 * p.log_scale).exp())),
    )
    found = kl_divergence(q.distribution(), p)
    slopes, exactly = gradients(found, q), gradients(wanted, q)
    error = max(
        (found - wanted).abs().item(),
        *((slopes[name] - exactly[name]).abs().max().item() for name in exactly),
    )
    assert error < 1e-12
    evidence(
        f"KL to a diagonal normal ({kind}), and its gradient",
        "torch's MultivariateNormal",
        error=error,
    )


def test_value_at_fixed_noise(evidence):
    q, x, eps = (
        MeanField(1, randn(4, 1, seed=0), 0.3 * randn(4, 1, seed=1)),
        randn(4, 1, seed=2),
        randn(3, 4, 1, seed=3),
    )
    own, z = Normal(q.loc, q.log_scale.exp()), q.loc + q.log_scale.exp() * eps
    wanted = (
        Normal(z, 1.0).log_prob(x).mean(0) - kl_divergence(own, Normal(torch.zeros_like(x), 1.0))
    ).squeeze(-1)
    found = analytic_kl(ConjugateToy(), q, x, 3, noise=eps)
    error = (found - wanted).abs().max()
    assert found.shape == (4,) and error < 1e-14
    evidence("gradients.analytic_kl", "its value at fixed noise, by torch's Normal", error=error)


@pytest.mark.parametrize("num_samples", [1, 3])
def test_unbiased_on_the_toy(num_samples, evidence):
    q = toy_family()
    exactly = gradients(expected_bound(ConjugateToy(), q.loc, q.log_scale, X, elbo, 1), q)
    z = worst_z(
        gradient_moments(
            analytic_kl, ConjugateToy(), q, X, num_samples, 100_000, elbo, generator(0)
        ),
        exactly,
    )
    assert z < LIMIT
    evidence("gradients.analytic_kl", "toy: exact ELBO gradient by quadrature", z=z)


@pytest.mark.parametrize("at", ["away", "posterior"])
def test_variance_is_the_theory_of_the_likelihood(at, evidence):
    """log p(x | z) is a quadratic of curvature -1 and slope c = x - m: s^2 and s^2 (c^2 + 2 s^2), at the posterior too."""
    best = ConjugateToy().posterior(X)
    q, m, s = (
        (toy_family(), M, S)
        if at == "away"
        else (MeanField(1, best.loc, best.log_scale), 1.0, 0.5**0.5)
    )
    found = gradient_samples(analytic_kl, ConjugateToy(), q, X, 1, 200_000, elbo, generator(1))
    z = max(
        variance_z(found["loc"], s**2),
        variance_z(found["log_scale"], s**2 * ((2.0 - m) ** 2 + 2 * s**2)),
    )
    assert z < LIMIT
    evidence(f"gradients.analytic_kl, {at}: variance", "toy: s^2 and s^2 (c^2 + 2 s^2)", z=z)
    if at == "posterior":
        assert (
            max(
                g.abs().max().item()
                for g in gradient_samples(
                    sticking_the_landing, ConjugateToy(), q, X, 1, 100
                ).values()
            )
            < 1e-12
        )


def test_theta(evidence):
    model, q, x = TwoBernoullis().double(), toy_family(), torch.tensor([1.0, 0.0], dtype=DOUBLE)
    exactly = gradients(expected_bound(model, q.loc, q.log_scale, x, elbo, 1), model)
    many = ReplicatedBernoullis(model, 40_000).double()
    found = gradients(
        analytic_kl(many, q, x.expand(40_000, 2), 2, generator=generator(2)).sum(), many
    )
    z = max(mean_z(found[name], exactly[name]) for name in exactly)
    assert z < LIMIT
    evidence("gradients.analytic_kl: theta", "two Bernoullis: quadrature", z=z)


@pytest.mark.parametrize("kind", ["MeanField", "FullRank", "FactorCovariance"])
def test_global_latents(kind, evidence):
    x, q, p = (
        breast_cancer(2, dtype=DOUBLE)[:20],
        gaussian(kind),
        NamedRegression(3, prior_scale=1.3),
    )
    exactly = gradients(regression_elbo(x, q.loc, covariance_of(q), 1.3), q)
    z = worst_z(gradient_moments(analytic_kl, p, q, x, 2, 10_000, elbo, generator(3)), exactly)
    assert z < LIMIT
    evidence(
        f"gradients.analytic_kl ({kind})",
        "logistic regression: exact ELBO by quadrature of each logit",
        z=z,
    )


def test_a_minibatch_scales_the_likelihood_alone(evidence):
    """At fixed noise, the estimates of all the minibatches average to that of all the data: no divergence is counted twice."""
    x, q, eps = breast_cancer(2, dtype=DOUBLE)[:12], gaussian("MeanField"), randn(4, 3, seed=0)
    whole = gradients_of(analytic_kl, NamedRegression(3), q, x, num_samples=4, noise=eps)
    scaled = NamedRegression(3, num_data=12)
    parts = [
        gradients_of(analytic_kl, scaled, q, rows, num_samples=4, noise=eps) for rows in x.split(3)
    ]
    error = max(
        (torch.stack([part[name] for part in parts]).mean(0) - whole[name]).abs().max().item()
        for name in whole
    )
    assert error < 1e-12
    evidence("gradients.analytic_kl: minibatches", "all the data at the same noise", error=error)


def test_a_vae_in_single_precision():
    q = Amortized(MeanField(2), mlp(6, 5, 4, generator(0)))
    value = analytic_kl(VAE(2, 6, 5, generator(1)), q, torch.zeros(4, 6), 3, generator=generator(2))
    again = analytic_kl(VAE(2, 6, 5, generator(1)), q, torch.zeros(4, 6), 3, generator=generator(2))
    assert value.shape == (4,) and value.dtype == torch.float32 and torch.equal(value, again)
    assert analytic_kl(VAE(2, 6), q, torch.zeros(0, 6), 3).shape == (0,)


def test_refusals():
    q = toy_family()
    for bad in (
        iwae,
        partial(renyi, alpha=0.5),
        lambda log_w: 2 * log_w.mean(0),
        lambda log_w: log_w[0],
    ):
        with pytest.raises(
            ValueError, match="bound is .* with num_samples = 3; expected bounds.elbo"
        ):
            analytic_kl(ConjugateToy(), q, X, 3, bound=bad)
    assert analytic_kl(ConjugateToy(), q, X, 1, bound=iwae).shape == (), (
        "one weight: IWAE is the ELBO"
    )
    with pytest.raises(TypeError, match="q is a BernoulliMeanField, which has no z"):
        analytic_kl(SigmoidBeliefNet((1, 3)), bernoulli(), UNREAD)
    with pytest.raises(TypeError, match="p is a GaussianChain, whose prior has no name"):
        analytic_kl(GaussianChain(), gaussian("MeanField", 2), X)
    chain = GaussianChain()
    chain.prior = ConjugateToy(2).prior
    with pytest.raises(
        TypeError,
        match="p is a GaussianChain with factors top, middle, likelihood; expected a prior and a likelihood",
    ):
        analytic_kl(chain, gaussian("MeanField", 2), X)
    for other, dim, x in ((flow(), 2, X.expand(2)), (layered(), 3, X.expand(3))):
        if other.dim == 3:
            other.distribution = lambda x=None, plain=other.distribution: plain(
                torch.zeros(2, dtype=DOUBLE)
            )
        with pytest.raises(
            TypeError, match="a pair without a closed form in torch.distributions.kl"
        ):
            analytic_kl(ConjugateToy(dim), other, x)
    with pytest.raises(ValueError, match="noise has shape"):
        analytic_kl(ConjugateToy(), q, X, 2, noise=torch.zeros(3, 1, dtype=DOUBLE))
