"""Families: the density against torch, the map from noise to sample against the density, batches, and extreme scales."""

from __future__ import annotations

import math

import pytest
import torch
from catalogue import ZOO, gaussian
from oracles import DOUBLE, LIMIT, covariance_of, generator, mean_z, randn
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, Normal, kl_divergence
from torch.func import jacrev

from course_vi.distributions import DiagonalNormal, FactorNormal
from course_vi.families import FactorCovariance, FullRank

GAUSSIANS = ["MeanField", "FullRank", "FactorCovariance"]


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_density_against_torch(kind, evidence):
    q, z = gaussian(kind, dim=4), randn(20, 4, seed=9)
    dense = MultivariateNormal(q.loc, covariance_of(q))
    errors = [
        (q(None, z) - dense.log_prob(z)).abs().max(),
        (q.distribution().entropy() - dense.entropy()).abs(),
        (q.distribution().mean - dense.mean).abs().max(),
        (q.distribution().variance - dense.variance).abs().max()
        if kind != "FullRank"
        else (q.distribution().covariance_matrix - dense.covariance_matrix).abs().max(),
    ]
    if kind == "FactorCovariance":
        low_rank = LowRankMultivariateNormal(q.loc, q.factor, (2 * q.log_scale).exp())
        errors.append((q(None, z) - low_rank.log_prob(z)).abs().max())
    error = max(float(e.detach()) for e in errors)
    assert error < 1e-10
    evidence(
        f"families.{kind}",
        "MultivariateNormal and LowRankMultivariateNormal: log-density, entropy, moments",
        error=error,
    )


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_gradient_of_the_density_against_torch(kind):
    q, z = gaussian(kind, dim=4), randn(20, 4, seed=9)
    ours = torch.autograd.grad(q(None, z).sum(), list(q.parameters()))
    theirs = torch.autograd.grad(
        MultivariateNormal(q.loc, covariance_of(q)).log_prob(z).sum(), list(q.parameters())
    )
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_batches_are_separate_densities(kind):
    """Parameters (R, D): row r of the batch is the density with row r of the parameters."""
    rows = [gaussian(kind, dim=3, seed=10 * r) for r in range(4)]
    parameters = {
        name: torch.stack([dict(q.named_parameters())[name].detach() for q in rows])
        for name, _ in rows[0].named_parameters()
    }
    extra = {"rank": 2} if kind == "FactorCovariance" else {}
    many = type(rows[0])(3, **extra, **parameters)
    eps = many.noise((5, 4), generator(0))
    z = many.transport(eps)
    assert many.batch_shape == (4,) and z.shape == (5, 4, 3) and many(None, z).shape == (5, 4)
    for r, q in enumerate(rows):
        assert torch.allclose(z[:, r], q.transport(eps[:, r]), atol=1e-14)
        assert torch.allclose(many(None, z)[:, r], q(None, z[:, r]), atol=1e-12)
        assert torch.allclose(
            many.distribution().entropy()[r], q.distribution().entropy(), atol=1e-12
        )
    assert many.sample(7, generator=generator(1)).shape == (7, 4, 3)


def test_a_batch_on_the_last_parameter_alone():
    """Where only the factor, or only the lower triangle, carries a batch, the family still has that batch: nothing is paired silently."""
    factor, lower = randn(4, 3, 2, seed=0), randn(4, 3, 3, seed=1)
    for q in (
        FactorCovariance(3, 2, torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE), factor),
        FullRank(3, torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE), lower),
    ):
        assert q.batch_shape == (4,)
        z = q.sample(4, generator=generator(0))  # K = R = 4: a silent pairing would fit
        assert z.shape == (4, 4, 3) and q(None, z).shape == (4, 4)


def test_woodbury(evidence):
    q, v = gaussian("FactorCovariance", dim=5), randn(7, 5, seed=1)
    error = (
        (q.distribution().precision_times(v) - v @ torch.linalg.inv(covariance_of(q)))
        .abs()
        .max()
        .item()
    )
    assert error < 1e-11
    evidence("distributions.FactorNormal.precision_times", "the dense inverse", error=error)
    batch = FactorNormal(randn(4, 5, seed=2), randn(4, 5, seed=3), randn(4, 5, 2, seed=4))
    wanted = torch.linalg.solve(batch.covariance_matrix, v[:4].unsqueeze(-1)).squeeze(-1)
    assert torch.allclose(batch.precision_times(v[:4]), wanted, atol=1e-10)


def test_kl_of_diagonal_normals(evidence):
    q, p = (
        DiagonalNormal(randn(3, 4, seed=0), randn(3, 4, seed=1)),
        DiagonalNormal(randn(3, 4, seed=2), randn(4, seed=3)),
    )
    wanted = kl_divergence(Normal(q.loc, q.stddev), Normal(p.loc, p.log_scale.exp())).sum(-1)
    error = (kl_divergence(q, p) - wanted).abs().max()
    assert error < 1e-11
    evidence(
        "kl_divergence(DiagonalNormal, DiagonalNormal)", "torch.distributions.Normal", error=error
    )


@pytest.mark.parametrize(
    "loc, log_scale", [((1,), (3,)), ((3,), (1,)), ((2, 1), (3,)), ((3,), (2, 1))]
)
def test_broadcast_parameters_count_every_coordinate(loc, log_scale):
    """A single number for all coordinates: density, entropy and samples are those of D coordinates."""
    q = DiagonalNormal(randn(*loc, seed=0), randn(*log_scale, seed=1))
    full = Normal(*torch.broadcast_tensors(q.loc, q.log_scale.exp()))
    z = randn(5, *full.batch_shape, seed=2)
    assert q.event_shape == (3,) and q.rsample((5,)).shape == z.shape
    assert torch.allclose(q.log_prob(z), full.log_prob(z).sum(-1), atol=1e-12)
    assert torch.allclose(q.entropy(), full.entropy().sum(-1), atol=1e-12)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_samples_have_the_moments(kind, evidence):
    q = gaussian(kind)
    z = q.sample(40_000, generator=generator(5))
    centred = z - q.loc.detach()
    z_score = max(
        mean_z(z, q.loc.detach()),
        mean_z(centred.unsqueeze(-1) * centred.unsqueeze(-2), covariance_of(q).detach()),
    )
    assert z_score < LIMIT and not z.requires_grad
    evidence(f"families.{kind}.sample", "exact mean and covariance", z=z_score)
    assert torch.equal(z, q.sample(40_000, generator=generator(5)))
    assert torch.equal(
        q.distribution().rsample((3,), generator(1)), q.transport(q.noise((3,), generator(1)))
    )


def test_transport_by_hand():
    """z = mu + sigma eps;  z = mu + L eps;  z = mu + B eps_1 + sigma eps_2, the factors' noise first."""
    for kind in GAUSSIANS:
        q = gaussian(kind)
        eps = q.noise((4,), generator(0))
        wanted = q.loc + q.log_scale.exp() * eps[:, -3:]
        if kind == "FullRank":
            wanted = wanted + eps @ torch.tril(q.lower, -1).mT
        if kind == "FactorCovariance":
            wanted = wanted + eps[:, :2] @ q.factor.mT
        assert torch.allclose(q.transport(eps), wanted, atol=1e-14)


@pytest.mark.parametrize("name", ZOO)
def test_transport_and_density_agree(name, evidence):
    """Change of variables: log q(t(eps)) = log N(eps) - log |det dt/deps|; with more noise than latents, Sigma = J J'."""
    q, x = ZOO[name]()
    eps = q.noise((6,), generator(0))
    z = q.transport(eps, x).detach()
    jacobian = torch.stack([jacrev(lambda e: q.transport(e, x))(e) for e in eps]).detach()
    if q.noise_dim == q.dim:
        wanted = Normal(0.0, 1.0).log_prob(eps).sum(-1) - torch.linalg.slogdet(jacobian).logabsdet
    else:
        loc = q.transport(torch.zeros_like(eps), x).detach()
        wanted = MultivariateNormal(loc, jacobian @ jacobian.mT).log_prob(z)
    error = (q(x, z) - wanted).abs().max()
    assert error < 1e-9
    evidence(f"families.{name}", "change of variables, Jacobian by torch.func.jacrev", error=error)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("kind", GAUSSIANS)
def test_extreme_scales(kind, scale, evidence):
    """A change of unit: log q of the scaled problem is log q of the first, minus D log(scale); so is its gradient in z."""
    q, z = gaussian(kind), randn(6, 3, seed=4)
    parameters = {name: parameter.detach() * scale for name, parameter in q.named_parameters()}
    parameters["log_scale"] = q.log_scale.detach() + math.log(scale)
    scaled = type(q)(3, **({"rank": 2} if kind == "FactorCovariance" else {}), **parameters)
    error = (scaled(None, z * scale) + 3 * math.log(scale) - q(None, z)).abs().max()
    assert error < 1e-8
    evidence(f"families.{kind}, scales 1e-6 and 1e6", "a change of unit", error=error)


@pytest.mark.parametrize("scale", [1e-3, 1e-6])
@pytest.mark.parametrize(
    "columns",
    [
        ((1.0, 0.5, -0.3),),
        ((1.0, 0.5, -0.3), (1.0, 0.5, -0.3)),
        ((1.0, 0.5, -0.3), (0.2, -0.7, 0.9)),
    ],
)
def test_a_factor_far_larger_than_the_noise(scale, columns, evidence):
    """sigma << |B|, and equal columns: neither the quadratic form nor the determinant may be a difference of huge numbers.

    Oracle: exact rational arithmetic.
    """
    from fractions import Fraction

    loc, factor = torch.zeros(3, dtype=DOUBLE), torch.tensor(columns, dtype=DOUBLE).mT
    log_scale = torch.full((3,), math.log(scale), dtype=DOUBLE)
    q = FactorNormal(loc, log_scale, factor)
    z = q.transport(randn(5, 3 + len(columns), seed=1))
    b = [[Fraction(value) for value in row] for row in factor.tolist()]
    s2 = [Fraction(value) ** 2 for value in log_scale.exp().tolist()]
    cov = [
        [
            sum(x * y for x, y in zip(b[i], b[j], strict=True)) + (s2[i] if i == j else 0)
            for j in range(3)
        ]
        for i in range(3)
    ]

    def minor(i, j):
        rows, cols = [r for r in range(3) if r != i], [c for c in range(3) if c != j]
        return (-1) ** (i + j) * (
            cov[rows[0]][cols[0]] * cov[rows[1]][cols[1]]
            - cov[rows[0]][cols[1]] * cov[rows[1]][cols[0]]
        )

    determinant = sum(cov[0][j] * minor(0, j) for j in range(3))
    times, wanted = [], []
    for row in z.tolist():
        v = [Fraction(value) for value in row]
        product = [sum(minor(i, j) * v[j] for j in range(3)) / determinant for i in range(3)]
        times.append([float(value) for value in product])
        squared = sum(x * y for x, y in zip(v, product, strict=True))
        log_det = math.log(determinant.numerator) - math.log(determinant.denominator)
        wanted.append(-0.5 * float(squared) - 0.5 * log_det - 1.5 * math.log(2 * math.pi))
    error = (q.log_prob(z) - torch.tensor(wanted, dtype=DOUBLE)).abs().max().item()
    assert error < 1e-7
    assert torch.allclose(
        q.precision_times(z),
        torch.tensor(times, dtype=DOUBLE),
        rtol=1e-5,
        atol=1e-6 / scale**2 * 1e-4,
    )
    entropy = 0.5 * (math.log(determinant.numerator) - math.log(determinant.denominator)) + 1.5 * (
        1 + math.log(2 * math.pi)
    )
    assert q.entropy().item() == pytest.approx(entropy, abs=1e-8)
    evidence(
        "distributions.FactorNormal, noise far below the factor",
        "exact rational arithmetic",
        error=error,
    )


def test_equal_columns_have_finite_gradients():
    """Where two columns of B are equal the factorization still has a derivative: it is that of the dense density."""
    q = FactorCovariance(
        3, 2, randn(3, seed=0), 0.1 * randn(3, seed=1), randn(3, 1, seed=2).expand(3, 2)
    )
    z = randn(5, 3, seed=3)
    found = torch.autograd.grad(q(None, z).sum(), list(q.parameters()))
    wanted = torch.autograd.grad(
        MultivariateNormal(q.loc, covariance_of(q)).log_prob(z).sum(), list(q.parameters())
    )
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(found, wanted, strict=True))
