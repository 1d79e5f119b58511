"""Flows, layers and encoders: densities that read a network, freezing that leaks nothing, and what families refuse."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import zuko
from catalogue import DATUM, ZOO, amortized, flow, gaussian, layered
from oracles import DOUBLE, LIMIT, generator, mean_z, randn
from torch import nn
from torch.func import vmap
from toy import posterior_of_the_chain

from course_vi.distributions import CholeskyNormal
from course_vi.families import (
    Amortized,
    FactorCovariance,
    Family,
    Flow,
    FullRank,
    Layered,
    MeanField,
)
from course_vi.models import GaussianChain

GAUSSIANS = ["MeanField", "FullRank", "FactorCovariance"]


@pytest.mark.parametrize("name", ["NSF", "MAF"])
def test_a_flow_integrates_to_one_in_one_dimension(name, evidence):
    q = flow(name, dim=1)
    grid = torch.linspace(-14, 14, 400_001, dtype=DOUBLE).unsqueeze(-1)
    error = abs(torch.trapezoid(q(None, grid).exp().detach(), grid[:, 0]).item() - 1)
    assert error < 1e-5
    evidence(
        f"families.Flow({name})",
        "quadrature: the density integrates to one, in one dimension",
        error=error,
    )


@pytest.mark.parametrize("context", [0, 2])
def test_a_flow_integrates_to_one_in_two_dimensions(context, evidence):
    q = flow("MAF", dim=2, context=context)
    axis = torch.linspace(-12, 12, 481, dtype=DOUBLE)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        error = abs(
            (q(DATUM if context else None, grid).exp().sum() * (axis[1] - axis[0]) ** 2).item() - 1
        )
    assert error < 1e-4
    evidence(
        "families.Flow(MAF)",
        "quadrature: the density integrates to one, in two dimensions",
        error=error,
    )


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
    """The same value to the last digit, no gradient for phi, and the same gradient in z as the live density."""
    q, x = ZOO[name]()
    z = q.transport(q.noise((5,), generator(0)), x).detach().requires_grad_()
    live = q(x, z)
    (wanted,) = torch.autograd.grad(live.sum(), z, retain_graph=True)
    assert any(
        g is not None and g.abs().max() > 1e-3
        for g in torch.autograd.grad(live.sum(), list(q.parameters()), allow_unused=True)
    )
    for given in (None, q.distribution(x)):
        frozen = q.frozen_log_prob(z, x, given)
        assert torch.allclose(
            frozen, live, rtol=1e-14, atol=0
        )  # the last bit may hang on where memory lies
        found = torch.autograd.grad(frozen.sum(), [z, *q.parameters()], allow_unused=True)
        assert torch.allclose(found[0], wanted, atol=1e-12)
        assert all(gradient is None for gradient in found[1:])
    assert all(parameter.requires_grad for parameter in q.parameters())


def test_the_layered_path_stays_open():
    """Frozen, log q(z2 | z1) still depends on z1: its gradient in z1 is that of the closed form."""
    q = posterior_of_the_chain()
    z = randn(4, 2, seed=0).requires_grad_()
    x = torch.tensor([0.9], dtype=DOUBLE)
    (found,) = torch.autograd.grad(q.frozen_log_prob(z, x).sum(), z)
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
        plain = (
            FactorCovariance(3, 2)
            if kind == "FactorCovariance"
            else {"MeanField": MeanField, "FullRank": FullRank}[kind](3)
        )
        plain = plain.double()
        start = 0
        with torch.no_grad():
            for parameter in plain.parameters():
                parameter.copy_(
                    numbers[i, start : start + parameter.numel()].reshape(parameter.shape)
                )
                start += parameter.numel()
        z = randn(5, 3, seed=i)
        assert torch.allclose(q(x[i], z), plain(None, z), atol=1e-12)
        assert torch.allclose(
            q(x, z.unsqueeze(1).expand(5, 4, 3))[:, i], plain(None, z), atol=1e-12
        )


def test_vmap_over_noise():
    """The densities work under torch.func: vmap over noise gives the same as a batch."""
    for kind in GAUSSIANS:
        q = gaussian(kind)
        eps = q.noise((6,), generator(0))
        assert torch.allclose(
            vmap(lambda e, q=q: q(None, q.transport(e)))(eps), q(None, q.transport(eps)), atol=1e-12
        )


def test_importing_zuko_leaves_argument_checks_on():
    code = (
        "from torch.distributions import Distribution, Normal\n"
        "before = Distribution._validate_args\n"
        "import course_vi, zuko, torch\n"
        "assert Distribution._validate_args is before is True, Distribution._validate_args\n"
        "try:\n    Normal(torch.tensor(0.0), torch.tensor(-1.0))\n"
        "except ValueError:\n    print('checked')\n"
    )
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
    with pytest.raises(
        ValueError, match=r"x has shape \(3,\); expected its last axis to have 2 entries"
    ):
        flow(context=2).sample(1, torch.zeros(3, dtype=DOUBLE))
    with pytest.raises(
        ValueError, match=r"z has shape \(5, 2\); expected its last axis to have 3 entries"
    ):
        gaussian("MeanField")(None, torch.zeros(5, 2, dtype=DOUBLE))
    with pytest.raises(
        ValueError, match=r"eps has shape \(5, 3\); expected its last axis to have 5 entries"
    ):
        gaussian("FactorCovariance").transport(torch.zeros(5, 3, dtype=DOUBLE))
    with pytest.raises(
        ValueError, match=r"loc has shape \(2,\); expected its last axis to have 3 entries"
    ):
        MeanField(3, torch.zeros(2))
    with pytest.raises(
        ValueError, match=r"factor has shape \(3, 4\); expected its last axis to have 2 entries"
    ):
        FactorCovariance(3, 2, factor=torch.zeros(3, 4))
    with pytest.raises(ValueError, match=r"factor has shape \(4, 2\); expected \(\*B, 3, 2\)"):
        FactorCovariance(3, 2, factor=torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"lower has shape \(2, 3\); expected \(\*B, 3, 3\)"):
        FullRank(3, lower=torch.zeros(2, 3))
    for bad, error in ((0, ValueError), (-1, ValueError), (True, TypeError), (2.0, TypeError)):
        for make in (
            MeanField,
            FullRank,
            FactorCovariance,
            lambda rank: FactorCovariance(3, rank),
            lambda dim: Flow(flow().flow, dim),
        ):
            with pytest.raises(error, match="expected a whole number, 1 or more"):
                make(bad)
        with pytest.raises(error, match="num_samples is .*; expected a whole number"):
            gaussian("MeanField").sample(bad)
    with pytest.raises(ValueError, match="flow is over 2 latents; expected dim = 3"):
        Flow(flow(dim=2).flow, 3).sample(1)
    with pytest.raises(
        TypeError, match="flow has a BoxUniform base; expected a standard normal one"
    ):
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
    assert (
        isinstance(CholeskyNormal(torch.zeros(2), torch.eye(2)).detach(), CholeskyNormal)
        and Layered(q, q).dim == 2
    )
