"""Families: the density against torch, the map from noise to sample against the density, and freezing that leaks nothing."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
import zuko
from oracles import DOUBLE, LIMIT, covariance_of, generator, mean_z, randn
from torch import nn
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, Normal, kl_divergence
from torch.func import jacrev, vmap
from zoo import DATUM, ZOO, amortized, flow, gaussian, layered, posterior_of_the_chain

from course_vi.distributions import CholeskyNormal, DiagonalNormal, FactorNormal
from course_vi.families import Amortized, FactorCovariance, Family, Flow, FullRank, Layered, MeanField
from course_vi.models import GaussianChain

GAUSSIANS = ["MeanField", "FullRank", "FactorCovariance"]


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_density_against_torch(kind, evidence):
    q, z = gaussian(kind, dim=4), randn(20, 4, seed=9)
    dense = MultivariateNormal(q.loc, covariance_of(q))
    errors = [(q(None, z) - dense.log_prob(z)).abs().max(), (q.distribution().entropy() - dense.entropy()).abs(),
              (q.distribution().mean - dense.mean).abs().max(), (q.distribution().variance - dense.variance).abs().max()
              if kind != "FullRank" else (q.distribution().covariance_matrix - dense.covariance_matrix).abs().max()]
    if kind == "FactorCovariance":
        low_rank = LowRankMultivariateNormal(q.loc, q.factor, (2 * q.log_scale).exp())
        errors.append((q(None, z) - low_rank.log_prob(z)).abs().max())
    error = max(float(e.detach()) for e in errors)
    assert error < 1e-10
    evidence(f"families.{kind}", "MultivariateNormal and LowRankMultivariateNormal: log-density, entropy, moments", error=error)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_gradient_of_the_density_against_torch(kind):
    q, z = gaussian(kind, dim=4), randn(20, 4, seed=9)
    ours = torch.autograd.grad(q(None, z).sum(), list(q.parameters()))
    theirs = torch.autograd.grad(MultivariateNormal(q.loc, covariance_of(q)).log_prob(z).sum(), list(q.parameters()))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-9)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_batches_are_separate_densities(kind):
    """Parameters (R, D): row r of the batch is the density with row r of the parameters."""
    rows = [gaussian(kind, dim=3, seed=10 * r) for r in range(4)]
    parameters = {name: torch.stack([dict(q.named_parameters())[name].detach() for q in rows])
                  for name, _ in rows[0].named_parameters()}
    extra = {"rank": 2} if kind == "FactorCovariance" else {}
    many = type(rows[0])(3, **extra, **parameters)
    eps = many.noise((5, 4), generator(0))
    z = many.transport(eps)
    assert many.batch_shape == (4,) and z.shape == (5, 4, 3) and many(None, z).shape == (5, 4)
    for r, q in enumerate(rows):
        assert torch.allclose(z[:, r], q.transport(eps[:, r]), atol=1e-14)
        assert torch.allclose(many(None, z)[:, r], q(None, z[:, r]), atol=1e-12)
        assert torch.allclose(many.distribution().entropy()[r], q.distribution().entropy(), atol=1e-12)
    assert many.sample(7, generator=generator(1)).shape == (7, 4, 3)


def test_a_batch_on_the_last_parameter_alone():
    """Where only the factor, or only the lower triangle, carries a batch, the family still has that batch: nothing is paired silently."""
    factor, lower = randn(4, 3, 2, seed=0), randn(4, 3, 3, seed=1)
    for q in (FactorCovariance(3, 2, torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE), factor),
              FullRank(3, torch.zeros(3, dtype=DOUBLE), torch.zeros(3, dtype=DOUBLE), lower)):
        assert q.batch_shape == (4,)
        z = q.sample(4, generator=generator(0))          # K = R = 4: a silent pairing would fit
        assert z.shape == (4, 4, 3) and q(None, z).shape == (4, 4)


def test_woodbury(evidence):
    q, v = gaussian("FactorCovariance", dim=5), randn(7, 5, seed=1)
    error = (q.distribution().precision_times(v) - v @ torch.linalg.inv(covariance_of(q))).abs().max().item()
    assert error < 1e-11
    evidence("distributions.FactorNormal.precision_times", "the dense inverse", error=error)
    batch = FactorNormal(randn(4, 5, seed=2), randn(4, 5, seed=3), randn(4, 5, 2, seed=4))
    wanted = torch.linalg.solve(batch.covariance_matrix, v[:4].unsqueeze(-1)).squeeze(-1)
    assert torch.allclose(batch.precision_times(v[:4]), wanted, atol=1e-10)


def test_kl_of_diagonal_normals(evidence):
    q, p = DiagonalNormal(randn(3, 4, seed=0), randn(3, 4, seed=1)), DiagonalNormal(randn(3, 4, seed=2), randn(4, seed=3))
    wanted = kl_divergence(Normal(q.loc, q.stddev), Normal(p.loc, p.log_scale.exp())).sum(-1)
    error = (kl_divergence(q, p) - wanted).abs().max()
    assert error < 1e-11
    evidence("kl_divergence(DiagonalNormal, DiagonalNormal)", "torch.distributions.Normal", error=error)


@pytest.mark.parametrize("loc, log_scale", [((1,), (3,)), ((3,), (1,)), ((2, 1), (3,)), ((3,), (2, 1))])
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
    z_score = max(mean_z(z, q.loc.detach()), mean_z(centred.unsqueeze(-1) * centred.unsqueeze(-2), covariance_of(q).detach()))
    assert z_score < LIMIT and not z.requires_grad
    evidence(f"families.{kind}.sample", "exact mean and covariance", z=z_score)
    assert torch.equal(z, q.sample(40_000, generator=generator(5)))
    assert torch.equal(q.distribution().rsample((3,), generator(1)), q.transport(q.noise((3,), generator(1))))


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


@pytest.mark.parametrize("name", ["NSF", "MAF"])
def test_a_flow_integrates_to_one_in_one_dimension(name, evidence):
    q = flow(name, dim=1)
    grid = torch.linspace(-14, 14, 400_001, dtype=DOUBLE).unsqueeze(-1)
    error = abs(torch.trapezoid(q(None, grid).exp().detach(), grid[:, 0]).item() - 1)
    assert error < 1e-5
    evidence(f"families.Flow({name})", "quadrature: the density integrates to one, in one dimension", error=error)


@pytest.mark.parametrize("context", [0, 2])
def test_a_flow_integrates_to_one_in_two_dimensions(context, evidence):
    q = flow("MAF", dim=2, context=context)
    axis = torch.linspace(-12, 12, 481, dtype=DOUBLE)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        error = abs((q(DATUM if context else None, grid).exp().sum() * (axis[1] - axis[0]) ** 2).item() - 1)
    assert error < 1e-4
    evidence("families.Flow(MAF)", "quadrature: the density integrates to one, in two dimensions", error=error)


def test_flow_samples_follow_the_density():
    """E_q[log q] from samples against the integral of q log q."""
    q = flow("NSF", dim=1)
    grid = torch.linspace(-14, 14, 20_001, dtype=DOUBLE).unsqueeze(-1)
    with torch.no_grad():
        log_q = q(None, grid)
        wanted = torch.trapezoid(log_q.exp() * log_q, grid[:, 0])
        assert mean_z(q(None, q.sample(20_000, generator=generator(0))), wanted) < LIMIT


@pytest.mark.parametrize("name", ZOO)
def test_freezing_is_sound(name):
    """The same value bit for bit, no gradient for phi, and the same gradient in z as the live density."""
    q, x = ZOO[name]()
    z = q.transport(q.noise((5,), generator(0)), x).detach().requires_grad_()
    live = q(x, z)
    wanted, = torch.autograd.grad(live.sum(), z, retain_graph=True)
    assert any(g is not None and g.abs().max() > 1e-3 for g in torch.autograd.grad(live.sum(), list(q.parameters()), allow_unused=True))
    for given in (None, q.distribution(x)):
        frozen = q.frozen_log_prob(z, x, given)
        assert torch.equal(frozen, live)
        found = torch.autograd.grad(frozen.sum(), [z, *q.parameters()], allow_unused=True)
        assert torch.allclose(found[0], wanted, atol=1e-12)
        assert all(gradient is None for gradient in found[1:])
    assert all(parameter.requires_grad for parameter in q.parameters())


def test_the_layered_path_stays_open():
    """Frozen, log q(z2 | z1) still depends on z1: its gradient in z1 is that of the closed form."""
    q = posterior_of_the_chain()
    z = randn(4, 2, seed=0).requires_grad_()
    x = torch.tensor([0.9], dtype=DOUBLE)
    found, = torch.autograd.grad(q.frozen_log_prob(z, x).sum(), z)
    z1, z2 = z.detach().unbind(-1)
    wanted = torch.stack([-(z1 - 0.6) * 1.5 + (z2 - z1 / 2), -2 * (z2 - z1 / 2)], -1)
    assert torch.allclose(found, wanted, atol=1e-12)


def test_layered_equals_the_posterior_of_the_chain(evidence):
    chain, q = GaussianChain(), posterior_of_the_chain()
    x, z = randn(5, 1, seed=0), randn(7, 5, 2, seed=1)
    error = (q(x, z) - chain.posterior(x).log_prob(z)).abs().max()
    assert error < 1e-12
    evidence("families.Layered", "GaussianChain: the exact posterior, layer by layer", error=error)


@pytest.mark.parametrize("kind", GAUSSIANS)
def test_amortized_is_the_family_of_its_output(kind):
    q = amortized(kind)
    x = randn(4, 2, seed=3)
    numbers = q.encoder(x)
    for i in range(4):
        plain = FactorCovariance(3, 2) if kind == "FactorCovariance" else {"MeanField": MeanField, "FullRank": FullRank}[kind](3)
        plain = plain.double()
        start = 0
        with torch.no_grad():
            for parameter in plain.parameters():
                parameter.copy_(numbers[i, start : start + parameter.numel()].reshape(parameter.shape))
                start += parameter.numel()
        z = randn(5, 3, seed=i)
        assert torch.allclose(q(x[i], z), plain(None, z), atol=1e-12)
        assert torch.allclose(q(x, z.unsqueeze(1).expand(5, 4, 3))[:, i], plain(None, z), atol=1e-12)


def test_vmap_over_noise():
    """The densities work under torch.func: vmap over noise gives the same as a batch."""
    for kind in GAUSSIANS:
        q = gaussian(kind)
        eps = q.noise((6,), generator(0))
        assert torch.allclose(vmap(lambda e, q=q: q(None, q.transport(e)))(eps), q(None, q.transport(eps)), atol=1e-12)


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
def test_a_factor_far_larger_than_the_noise(scale, evidence):
    """sigma << |B|: the quadratic form must not be the difference of two huge numbers. Oracle: exact rational arithmetic."""
    from fractions import Fraction

    loc, factor = torch.zeros(2, dtype=DOUBLE), torch.tensor([[1.0], [0.5]], dtype=DOUBLE)
    log_scale = torch.full((2,), math.log(scale), dtype=DOUBLE)
    q = FactorNormal(loc, log_scale, factor)
    z = q.transport(randn(5, 3, seed=1))
    b, s2 = [Fraction(1), Fraction(1, 2)], [Fraction(value) ** 2 for value in log_scale.exp().tolist()]
    a11, a12, a22 = b[0] ** 2 + s2[0], b[0] * b[1], b[1] ** 2 + s2[1]
    determinant = a11 * a22 - a12**2
    wanted = []
    for row in z.tolist():
        u, v = Fraction(row[0]), Fraction(row[1])
        squared = (a22 * u * u - 2 * a12 * u * v + a11 * v * v) / determinant
        wanted.append(-0.5 * float(squared) - 0.5 * math.log(float(determinant)) - math.log(2 * math.pi))
    error = (q.log_prob(z) - torch.tensor(wanted, dtype=DOUBLE)).abs().max().item()
    assert error < 1e-7
    evidence("distributions.FactorNormal, noise far below the factor", "exact rational arithmetic", error=error)


def test_importing_zuko_leaves_argument_checks_on():
    code = ("from torch.distributions import Distribution, Normal\n"
            "before = Distribution._validate_args\n"
            "import course_vi, zuko, torch\n"
            "assert Distribution._validate_args is before is True, Distribution._validate_args\n"
            "try:\n    Normal(torch.tensor(0.0), torch.tensor(-1.0))\n"
            "except ValueError:\n    print('checked')\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "checked", done.stderr


@pytest.mark.parametrize("layer", [nn.Dropout(0.1), nn.AlphaDropout(0.1), nn.BatchNorm1d(4)])
def test_noisy_layers_are_refused(layer):
    with pytest.raises(ValueError, match=rf"encoder holds {type(layer).__name__} at '1'"):
        Amortized(MeanField(2), nn.Sequential(nn.Linear(3, 4), layer))
    flow_ = flow()
    flow_.flow.extra = layer
    with pytest.raises(ValueError, match=type(layer).__name__):
        Flow(flow_.flow, 2)


def test_refusals():
    with pytest.raises(TypeError, match="family is a Flow; expected MeanField"):
        Amortized(flow(), nn.Linear(2, 4))
    with pytest.raises(ValueError, match=r"family carries a batch \(4,\)"):
        Amortized(MeanField(2, torch.zeros(4, 2)), nn.Linear(2, 4))
    with pytest.raises(ValueError, match="encoder gave 5 numbers per datum; expected 4"):
        Amortized(MeanField(2), nn.Linear(3, 5)).sample(1, torch.zeros(3))
    for q in (amortized("MeanField"), flow(context=2), layered()):
        with pytest.raises(ValueError, match="x is None"):
            q.sample(1)
    with pytest.raises(ValueError, match=r"x has shape \(3,\); expected its last axis to have 2 entries"):
        flow(context=2).sample(1, torch.zeros(3, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"z has shape \(5, 2\); expected its last axis to have 3 entries"):
        gaussian("MeanField")(None, torch.zeros(5, 2, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"eps has shape \(5, 3\); expected its last axis to have 5 entries"):
        gaussian("FactorCovariance").transport(torch.zeros(5, 3, dtype=DOUBLE))
    with pytest.raises(ValueError, match=r"loc has shape \(2,\); expected its last axis to have 3 entries"):
        MeanField(3, torch.zeros(2))
    with pytest.raises(ValueError, match=r"factor has shape \(3, 4\); expected its last axis to have 2 entries"):
        FactorCovariance(3, 2, factor=torch.zeros(3, 4))
    with pytest.raises(ValueError, match=r"factor has shape \(4, 2\); expected \(\*B, 3, 2\)"):
        FactorCovariance(3, 2, factor=torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"lower has shape \(2, 3\); expected \(\*B, 3, 3\)"):
        FullRank(3, lower=torch.zeros(2, 3))
    for bad, error in ((0, ValueError), (-1, ValueError), (True, TypeError), (2.0, TypeError)):
        for make in (MeanField, FullRank, FactorCovariance, lambda rank: FactorCovariance(3, rank), lambda dim: Flow(flow().flow, dim)):
            with pytest.raises(error, match="expected a whole number, 1 or more"):
                make(bad)
        with pytest.raises(error, match="num_samples is .*; expected a whole number"):
            gaussian("MeanField").sample(bad)
    with pytest.raises(ValueError, match="flow is over 2 latents; expected dim = 3"):
        Flow(flow(dim=2).flow, 3).sample(1)
    with pytest.raises(TypeError, match="flow has a BoxUniform base; expected a standard normal one"):
        Flow(zuko.flows.NCSF(2), 2).sample(1)


def test_a_family_of_ones_own():
    """The least a family must have: distribution and, through it, everything else."""

    class Laplace(Family):
        dim = noise_dim = 1

        def __init__(self):
            super().__init__()
            self.loc = nn.Parameter(torch.tensor([0.5], dtype=DOUBLE))

        def distribution(self, x=None):
            return torch.distributions.Independent(torch.distributions.Laplace(self.loc, 1.0), 1)

    q, z = Laplace(), randn(4, 1, seed=0)
    assert torch.equal(q(None, z), q.frozen_log_prob(z)) and not q.frozen_log_prob(z).requires_grad
    assert isinstance(CholeskyNormal(torch.zeros(2), torch.eye(2)).detach(), CholeskyNormal) and Layered(q, q).dim == 2
