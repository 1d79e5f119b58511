"""Models against torch.distributions, scipy and closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z, randn, variance_z
from scipy import integrate, stats
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from course_vi import exact
from course_vi.models import (
    VAE,
    BayesianLogisticRegression,
    ConjugateToy,
    GaussianChain,
    TwoBernoullis,
)

OUTCOMES = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=DOUBLE)


@pytest.mark.parametrize("dim", [1, 3])
def test_toy_against_torch(dim, evidence):
    toy, x, z = ConjugateToy(dim), randn(4, dim, seed=0), randn(6, 4, dim, seed=1)
    wanted = Normal(0.0, 1.0).log_prob(z).sum(-1) + Normal(z, 1.0).log_prob(x).sum(-1)
    error = (toy.log_joint(x, z) - wanted).abs().max()
    bayes = toy.log_joint(x, z) - toy.posterior(x).log_prob(z) - toy.log_evidence(x)
    evidence_error = (
        (toy.log_evidence(x) - Normal(torch.zeros_like(x), math.sqrt(2)).log_prob(x).sum(-1))
        .abs()
        .max()
    )
    assert (
        toy.log_joint(x, z).shape == (6, 4)
        and error < 1e-12
        and bayes.abs().max() < 1e-12
        and evidence_error < 1e-12
    )
    assert torch.allclose(
        toy.prior().log_prob(z.float()), Normal(0.0, 1.0).log_prob(z.float()).sum(-1), atol=1e-5
    )
    evidence(
        "models.ConjugateToy",
        "torch.distributions; Bayes' rule at random z",
        error=max(error, bayes.abs().max()),
    )


def test_chain_by_bayes_rule(evidence):
    """The joint of (z2, z1, x) is one Gaussian: everything follows from its covariance."""
    chain, x, z = GaussianChain(), randn(5, 1, seed=0), randn(7, 5, 2, seed=1)
    order = torch.cat([z[..., 1:], z[..., :1], x.expand(7, 5, 1)], -1)  # z2, z1, x
    steps = torch.tensor([[1.0, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=DOUBLE)
    joint = MultivariateNormal(torch.zeros(3, dtype=DOUBLE), steps @ steps.mT)
    error = (chain.log_joint(x, z) - joint.log_prob(order)).abs().max()
    bayes = (
        (chain.log_joint(x, z) - chain.posterior(x).log_prob(z) - chain.log_evidence(x)).abs().max()
    )
    assert error < 1e-12 and bayes < 1e-12
    assert set(chain.log_factors(x, z)) == {"top", "middle", "likelihood"}
    evidence(
        "models.GaussianChain",
        "MultivariateNormal of the joint; Bayes' rule at random z",
        error=max(error, bayes),
    )


@pytest.mark.parametrize(
    "model, covariance",
    [
        (ConjugateToy(), [[2.0, 1.0], [1.0, 1.0]]),
        (GaussianChain(), [[3.0, 2.0, 1.0], [2.0, 2.0, 1.0], [1.0, 1.0, 1.0]]),  # x, z1, z2
    ],
)
def test_ancestral_samples(model, covariance, evidence):
    x, z = model.sample(40_000, generator(3))
    both = torch.cat([x, z], -1).double()
    z_score = max(
        mean_z(both, 0.0),
        mean_z(both.unsqueeze(-1) * both.unsqueeze(-2), torch.tensor(covariance, dtype=DOUBLE)),
    )
    again, _ = model.sample(40_000, generator(3))
    assert torch.equal(x, again) and z_score < LIMIT
    evidence(f"models.{type(model).__name__}.sample", "exact means and covariances", z=z_score)


@pytest.fixture
def bernoullis() -> TwoBernoullis:
    return TwoBernoullis(intercepts=(-0.5, 0.5), slopes=(1.5, 2.5)).double()


def density(z: float, x: list[float], model: TwoBernoullis) -> float:
    """p(x, z) in numpy and scipy alone."""
    value = stats.norm.pdf(z)
    for a, b, outcome in zip(model.intercepts.tolist(), model.slopes.tolist(), x, strict=True):
        probability = 1 / (1 + math.exp(-(a + b * z)))
        value *= probability if outcome else 1 - probability
    return value


def test_two_bernoullis_by_scipy(bernoullis, evidence):
    z = randn(9, 4, 1, seed=0)
    wanted = np.array(
        [
            [
                math.log(density(z[k, i, 0].item(), OUTCOMES[i].tolist(), bernoullis))
                for i in range(4)
            ]
            for k in range(9)
        ]
    )
    joint_error = np.abs(bernoullis.log_joint(OUTCOMES, z).detach().numpy() - wanted).max()
    log_evidence, (mean, std) = (
        bernoullis.log_evidence(OUTCOMES).detach(),
        bernoullis.posterior_moments(OUTCOMES),
    )
    errors = [joint_error]
    for i, x in enumerate(OUTCOMES.tolist()):
        moments = [
            integrate.quad(
                lambda z, x=x, r=r: z**r * density(z, x, bernoullis),
                -12,
                12,
                epsabs=1e-13,
                epsrel=1e-12,
            )[0]
            for r in range(3)
        ]
        first, second = moments[1] / moments[0], moments[2] / moments[0]
        errors += [
            abs(log_evidence[i].item() - math.log(moments[0])),
            abs(mean[i].item() - first),
            abs(std[i].item() - math.sqrt(second - first**2)),
        ]
    assert max(errors) < 1e-9
    assert abs(log_evidence.exp().sum().item() - 1) < 1e-12
    posterior = bernoullis.log_joint(OUTCOMES, z) - log_evidence
    assert torch.allclose(bernoullis.log_posterior(OUTCOMES, z), posterior, atol=1e-12)
    evidence(
        "models.TwoBernoullis",
        "scipy.integrate.quad: evidence, posterior mean and standard deviation",
        error=max(errors),
    )


def test_two_bernoullis_posterior_integrates_to_one(bernoullis):
    for x in OUTCOMES:

        def log_posterior(z, x=x):
            return bernoullis.log_posterior(x, z)

        assert abs(exact.log_integral(log_posterior).item()) < 1e-10


def test_two_bernoullis_frequencies(bernoullis, evidence):
    x, _ = bernoullis.sample(40_000, generator(1))
    indicators = (x.unsqueeze(1) == OUTCOMES).all(-1).double()
    z_score = mean_z(indicators, bernoullis.log_evidence(OUTCOMES).exp().detach())
    assert z_score < LIMIT
    evidence("models.TwoBernoullis.sample", "quadrature: probability of each outcome", z=z_score)


def test_evidence_is_differentiable(bernoullis):
    """d log p(x) / d theta against finite differences."""
    x = OUTCOMES[1]
    bernoullis.log_evidence(x).backward()
    step = 1e-5
    for parameter in (bernoullis.intercepts, bernoullis.slopes):
        for i in range(2):
            with torch.no_grad():
                parameter[i] += step
                above = bernoullis.log_evidence(x).item()
                parameter[i] -= 2 * step
                below = bernoullis.log_evidence(x).item()
                parameter[i] += step
            assert parameter.grad[i].item() == pytest.approx((above - below) / (2 * step), abs=1e-8)


def rows(count: int, dim: int, seed: int) -> torch.Tensor:
    features = randn(count, dim, seed=seed)
    labels = (randn(count, 1, seed=seed + 1) > 0).double()
    return torch.cat([features, labels], -1)


def test_regression_against_torch(evidence):
    """Global latents: z (K, *B, D) where B counts replicates; the likelihood sums over rows, and nothing is paired."""
    x, z = (
        rows(6, 3, seed=0),
        randn(6, 6, 3, seed=2),
    )  # K = B = N on purpose: a silent pairing would fit
    model = BayesianLogisticRegression(3, prior_scale=2.0)
    wanted = torch.empty(6, 6, dtype=DOUBLE)
    for k, b in itertools.product(range(6), range(6)):
        prior = Independent(Normal(torch.zeros(3, dtype=DOUBLE), 2.0), 1).log_prob(z[k, b])
        wanted[k, b] = prior + Bernoulli(logits=x[:, :3] @ z[k, b]).log_prob(x[:, 3]).sum()
    error = (model.log_joint(x, z) - wanted).abs().max()
    assert error < 1e-12 and not model.local
    evidence(
        "models.BayesianLogisticRegression",
        "torch.distributions, one sample and one row at a time",
        error=error,
    )


def test_regression_minibatches_average_to_the_whole(evidence):
    x, z = rows(5, 3, seed=0), randn(4, 3, seed=2)
    whole, scaled = BayesianLogisticRegression(3), BayesianLogisticRegression(3, num_data=5)
    every = [scaled.log_joint(x[list(rows_)], z) for rows_ in itertools.combinations(range(5), 2)]
    error = (torch.stack(every).mean(0) - whole.log_joint(x, z)).abs().max()
    assert (
        error < 1e-12
        and scaled.likelihood_scale(x[:2]) == 2.5
        and scaled.likelihood_scale(x) == whole.likelihood_scale(x[:2]) == 1.0
    )
    evidence(
        "models.BayesianLogisticRegression, minibatch",
        "the mean over all minibatches is the whole",
        error=error,
    )


def test_regression_samples():
    """Labels come with the probability that the drawn weights give them."""
    x, z = BayesianLogisticRegression(3).sample(50_000, generator(0))
    assert x.shape == (50_000, 4) and z.shape == (3,) and bool((x[:, 0] == 1).all())
    residual = (x[:, 3] - (x[:, :3] @ z).sigmoid()).double().unsqueeze(-1) * x[:, :3].double()
    assert mean_z(residual, 0.0) < LIMIT


def test_vae_against_torch(evidence):
    model = VAE(latent_dim=2, data_dim=5, hidden=7, generator=generator(0)).double()
    x, z = (randn(3, 5, seed=1) > 0).double(), randn(4, 3, 2, seed=2)
    hidden = torch.tanh(z @ model.decoder[0].weight.mT + model.decoder[0].bias)
    logits = hidden @ model.decoder[2].weight.mT + model.decoder[2].bias
    wanted = Normal(0.0, 1.0).log_prob(z).sum(-1) + Bernoulli(logits=logits).log_prob(x).sum(-1)
    error = (model.log_joint(x, z) - wanted).abs().max()
    assert model.log_joint(x, z).shape == (4, 3) and error < 1e-12
    named = model.prior().log_prob(z) + model.likelihood(z).log_prob(x)
    assert torch.allclose(named, wanted, atol=1e-12)
    evidence("models.VAE", "torch.distributions, with the decoder written out", error=error)


def test_vae_samples(evidence):
    """One latent, two pixels: the probability of every image by quadrature."""
    model = VAE(latent_dim=1, data_dim=2, hidden=4, generator=generator(0)).double()
    with torch.no_grad():
        for layer in (model.decoder[0], model.decoder[2]):
            layer.weight.mul_(3.0)
    x, z = model.sample(40_000, generator(1))
    assert x.shape == (40_000, 2) and z.shape == (40_000, 1) and not x.requires_grad
    log_p = exact.log_integral(
        lambda grid: model.log_joint(OUTCOMES, grid.unsqueeze(1).expand(-1, 4, 1))
    )
    assert abs(log_p.exp().sum().item() - 1) < 1e-10
    z_score = max(
        mean_z((x.unsqueeze(1) == OUTCOMES).all(-1).double(), log_p.exp().detach()),
        mean_z(z, 0.0),
        variance_z(z, 1.0),
    )
    assert z_score < LIMIT
    evidence("models.VAE.sample", "quadrature: probability of each image", z=z_score)


def test_vae_keeps_a_dtype():
    model = VAE(2, 3, 4).double()
    x, z = model.sample(2, generator(0))
    assert x.dtype == z.dtype == model.log_joint(x, z.unsqueeze(0)).dtype == DOUBLE


def test_weights_come_from_the_generator():
    one, two = VAE(2, 3, 4, generator=generator(5)), VAE(2, 3, 4, generator=generator(5))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_quadrature(evidence):
    """Gauss-Hermite: exact for polynomials, by the moments of a normal; log_integral: densities integrate to one."""
    loc, scale = (
        torch.tensor([0.5, -1.0], dtype=DOUBLE, requires_grad=True),
        torch.tensor([0.7, 2.0], dtype=DOUBLE, requires_grad=True),
    )
    fourth = exact.normal_expectation(lambda z: z**4, loc, scale)
    wanted = loc**4 + 6 * loc**2 * scale**2 + 3 * scale**4
    assert torch.allclose(fourth, wanted, rtol=1e-12)
    for got, want in zip(
        torch.autograd.grad(fourth.sum(), (loc, scale)),
        torch.autograd.grad(wanted.sum(), (loc, scale)),
        strict=True,
    ):
        assert torch.allclose(got, want, rtol=1e-11)
    moment = exact.normal_expectation(torch.exp, loc, scale)
    error = (moment / (loc + scale**2 / 2).exp() - 1).abs().max()
    assert error < 1e-12
    evidence(
        "exact.normal_expectation",
        "moments and the moment generating function of a normal",
        error=error,
    )
    student = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.tensor([0.3, 0.7], dtype=DOUBLE)),
        Normal(torch.tensor([-2.0, 1.0], dtype=DOUBLE), torch.tensor([0.5, 1.0], dtype=DOUBLE)),
    )
    assert abs(exact.log_integral(lambda z: student.log_prob(z).sum(-1)).item()) < 1e-10
