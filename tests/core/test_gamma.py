"""Implicit reparametrization: Gamma and Beta against SciPy's quantiles, torch's own gradients, exact moments and exact posteriors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, mean_z
from scipy import special, stats

from course_vi.diagnostics import gradient_moments
from course_vi.distributions.positive import BetaVector, GammaVector, gamma_quantile
from course_vi.families import Amortized, BetaMeanField, GammaMeanField
from course_vi.gradients import reparametrized, score_function, sticking_the_landing
from course_vi.models import Model
from course_vi.nets import mlp

SHAPES = (0.05, 0.3, 1.0, 2.5, 40.0, 300.0)
EPS = torch.linspace(-4, 4, 81, dtype=DOUBLE)


def slope(alpha, eps):
    """(z, dz/dalpha) of the library."""
    concentration = torch.full_like(eps, alpha).requires_grad_()
    z = gamma_quantile(concentration, eps)
    return z.detach(), torch.autograd.grad(z.sum(), concentration)[0]


@pytest.mark.parametrize("alpha", SHAPES)
def test_values_and_slopes_against_quantiles(alpha, evidence):
    eps = EPS.numpy()

    def quantile(a):
        return np.where(
            eps > 0,
            special.gammainccinv(a, special.ndtr(-eps)),
            special.gammaincinv(a, special.ndtr(eps)),
        )

    h = 1e-3 * alpha
    wanted = (
        8 * (quantile(alpha + h) - quantile(alpha - h))
        - quantile(alpha + 2 * h)
        + quantile(alpha - 2 * h)
    ) / (12 * h)
    z, found = slope(alpha, EPS)
    seen = (
        EPS > -4 if alpha > 0.1 else EPS > -1
    ).numpy()  # below, z is 1e-30: no difference of quantiles can tell
    np.testing.assert_allclose(z.numpy(), quantile(alpha), rtol=1e-12)
    error = np.abs(found.numpy() / wanted - 1)[seen].max()
    assert error < 3e-6
    evidence(
        "families.GammaMeanField, dz/dalpha",
        "differences of SciPy's quantile function (relative)",
        error=error,
    )


@pytest.mark.parametrize("alpha", SHAPES)
def test_slopes_against_torch(alpha, evidence):
    """torch's own implicit gradient is an approximation, right to about 5e-4."""
    z, found = slope(alpha, EPS[EPS > -1])
    theirs = torch._standard_gamma_grad(torch.full_like(z, alpha), z)
    error = (found / theirs - 1).abs().max()
    assert error < 2e-3
    evidence(
        "families.GammaMeanField, dz/dalpha",
        "torch._standard_gamma_grad, an approximation (relative)",
        error=error,
    )


@pytest.mark.parametrize("alpha", SHAPES)
def test_change_of_variables(alpha):
    """log q(z) = log N(eps) - log |dz/deps|."""
    eps = EPS[EPS > -1].clone().requires_grad_()
    z = gamma_quantile(torch.full_like(eps, alpha).detach(), eps)
    (dz,) = torch.autograd.grad(z.sum(), eps)
    wanted = stats.gamma(alpha).logpdf(z.detach().numpy())
    found = -0.5 * eps.detach() ** 2 - 0.5 * math.log(2 * math.pi) - dz.log()
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-8, atol=1e-8)


def test_densities_against_scipy_and_torch():
    a, b = torch.tensor([[0.7, 3.0]], dtype=DOUBLE), torch.tensor([[2.0, 0.4]], dtype=DOUBLE)
    gamma, beta = GammaVector(a.log(), b.log()), BetaVector(a.log(), b.log())
    z = torch.tensor([[0.2, 0.9], [0.5, 0.01]], dtype=DOUBLE).unsqueeze(1)
    theirs = torch.distributions.Gamma(a, b), torch.distributions.Beta(a, b)
    for ours, other in zip((gamma, beta), theirs, strict=True):
        assert torch.allclose(
            ours.log_prob(z), other.log_prob(z).sum(-1), atol=1e-12
        ) and ours.log_prob(z).shape == (2, 1)
        assert torch.allclose(ours.entropy(), other.entropy().sum(-1), atol=1e-10)
        assert torch.allclose(ours.mean, other.mean)
        draws = ours.rsample((20_000,), generator(0))[:, 0]
        assert (
            stats.kstest(
                draws[:, 0].numpy(),
                (stats.gamma(0.7, scale=0.5) if ours is gamma else stats.beta(0.7, 2.0)).cdf,
            ).pvalue
            > 1e-5
        )
    assert torch.allclose(gamma.variance, theirs[0].variance)


def test_gradients_of_moments_are_unbiased(evidence):
    """E log z = psi(alpha) - log beta, E z = a / (a + b): their gradients against trigamma and the closed form."""
    replicates = 40_000
    log_alpha = torch.full((replicates, 1), math.log(0.8), dtype=DOUBLE).requires_grad_()
    q = GammaVector(log_alpha, torch.full((replicates, 1), 0.3, dtype=DOUBLE))
    (found,) = torch.autograd.grad(
        q.transport(torch.randn(replicates, 1, generator=generator(1), dtype=DOUBLE)).log().sum(),
        log_alpha,
    )
    z = mean_z(found, 0.8 * special.polygamma(1, 0.8))
    assert z < LIMIT
    evidence("families.GammaMeanField, gradient of E log z", "trigamma", z=z)
    log_a = torch.full((replicates, 1), math.log(0.8), dtype=DOUBLE).requires_grad_()
    beta = BetaVector(log_a, torch.full((replicates, 1), math.log(1.7), dtype=DOUBLE))
    (found,) = torch.autograd.grad(
        beta.transport(torch.randn(replicates, 2, generator=generator(2), dtype=DOUBLE)).sum(),
        log_a,
    )
    z = mean_z(found, 0.8 * 1.7 / 2.5**2)
    assert z < LIMIT
    evidence("families.BetaMeanField, gradient of E z", "closed form", z=z)


class GammaPoisson(Model):
    """z ~ Gamma(2, 1), x | z ~ Poisson(z): the posterior is Gamma(2 + x, 2)."""

    latent_dim = data_dim = 1

    def log_factors(self, x, z):
        return {
            "prior": (z.log() - z).sum(-1),
            "likelihood": (x * z.log() - z - torch.lgamma(x + 1)).sum(-1),
        }


class BetaBernoulli(Model):
    """z ~ Beta(2, 2), x | z ~ Binomial(7, z): the posterior is Beta(2 + x, 9 - x)."""

    latent_dim = data_dim = 1

    def log_factors(self, x, z):
        constant = math.log(6) + math.lgamma(8) - torch.lgamma(x + 1) - torch.lgamma(8 - x)
        return {"joint": ((x + 1) * z.log() + (8 - x) * (-z).log1p() + constant).sum(-1)}


X = torch.tensor([4.0], dtype=DOUBLE)
POSTERIORS = {
    "Gamma": (
        GammaPoisson(),
        GammaMeanField(
            1, torch.tensor([6.0], dtype=DOUBLE).log(), torch.tensor([2.0], dtype=DOUBLE).log()
        ),
        stats.nbinom(2, 0.5).logpmf(4),
    ),
    "Beta": (
        BetaBernoulli(),
        BetaMeanField(
            1, torch.tensor([6.0], dtype=DOUBLE).log(), torch.tensor([5.0], dtype=DOUBLE).log()
        ),
        stats.betabinom(7, 2, 2).logpmf(4),
    ),
}


@pytest.mark.parametrize("name", POSTERIORS)
def test_at_the_posterior_the_path_vanishes_and_the_bound_is_the_evidence(name, evidence):
    p, q, log_evidence = POSTERIORS[name]
    found = gradient_moments(sticking_the_landing, p, q, X, replicates=500, generator=generator(0))
    largest = max(float(v.max()) for v in found.variance.values())
    assert largest < 1e-24
    assert reparametrized(p, q, X, 3, generator=generator(0)).item() == pytest.approx(
        log_evidence, abs=1e-10
    )
    evidence(
        f"families.{name}MeanField, sticking the landing",
        "zero at the exact posterior",
        error=largest**0.5,
    )


@pytest.mark.parametrize("name", POSTERIORS)
def test_path_and_score_agree_away_from_it(name, evidence):
    p, _, _ = POSTERIORS[name]
    start = torch.tensor([0.9], dtype=DOUBLE), torch.tensor([0.4], dtype=DOUBLE)
    q = {"Gamma": GammaMeanField, "Beta": BetaMeanField}[name](1, *start)
    path, score = (
        gradient_moments(e, p, q, X, replicates=40_000, generator=generator(seed))
        for seed, e in enumerate((reparametrized, score_function))
    )
    worst = 0.0
    for key in path.mean:
        error = (path.standard_error[key] ** 2 + score.standard_error[key] ** 2).sqrt()
        worst = max(worst, ((path.mean[key] - score.mean[key]).abs() / error).item())
    assert worst < LIMIT
    evidence(
        f"families.{name}MeanField, implicit gradient of the ELBO", "the score function", z=worst
    )


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
        ),
    ],
)
def test_device_and_dtype_follow_the_parameters(device, dtype):
    for family in (GammaMeanField, BetaMeanField):
        q = family(2).to(device, dtype)
        z = q.transport(q.noise((3,), torch.Generator(device=device).manual_seed(0)))
        log_q = q(None, z)
        assert (z.device.type, z.dtype, log_q.device.type, log_q.dtype) == (
            device,
            dtype,
            device,
            dtype,
        )
        log_q.sum().backward()
        assert all(
            p.grad.device.type == device and bool(torch.isfinite(p.grad).all())
            for p in q.parameters()
        )


def test_extremes_single_precision_batches_and_networks():
    tiny = GammaMeanField(1, torch.tensor([math.log(1e-3)]))
    z = tiny.transport(tiny.noise((1000,), generator(0)))
    tiny(None, z).sum().backward()
    assert (
        z.dtype == torch.float32
        and bool((z > 0).all())
        and bool(torch.isfinite(tiny.log_concentration.grad).all())
    )
    narrow = BetaMeanField(1, torch.tensor([math.log(1e-3)]), torch.tensor([math.log(1e-3)]))
    z = narrow.transport(narrow.noise((1000,), generator(0)))
    assert bool(((z > 0) & (z < 1)).all()) and bool(torch.isfinite(narrow(None, z)).all())
    many = GammaMeanField(2, torch.zeros(3, 2), torch.zeros(2))
    assert many.batch_shape == (3,) and many.sample(5).shape == (5, 3, 2)
    encoder = Amortized(GammaMeanField(2), mlp(4, 5, 4, generator(0)))
    x = torch.randn(3, 4, generator=generator(1))
    assert encoder.sample(5, x).shape == (5, 3, 2)
    with pytest.raises(ValueError, match="log_rate has shape"):
        GammaMeanField(2, log_rate=torch.zeros(3))
