"""Everything in the catalogue gives the same numbers on every device that is there: the CPU always, CUDA where there is a GPU."""

from __future__ import annotations

import copy

import pytest
import torch
from catalogue import BOUNDS, CONTEXT, ESTIMATORS, FAMILIES, MODELS, shaken
from oracles import DOUBLE, generator

from course_vi.diagnostics import gradient_moments
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.learning import fit
from course_vi.models import ConjugateToy, SigmoidBeliefNet

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def randn(*shape, seed):
    return torch.randn(shape, generator=generator(seed), dtype=DOUBLE)


def same(got, wanted, device):
    assert got.device.type == device
    torch.testing.assert_close(got.detach().cpu(), wanted.detach(), **CLOSE)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound(name, device):
    log_w = 3 * randn(5, 4, seed=0)
    same(BOUNDS[name][0](log_w.to(device)), BOUNDS[name][0](log_w), device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family(name, device):
    """Densities, frozen densities, samples at given noise; draws by a generator of the device, and the slope in every parameter."""
    here = shaken(FAMILIES[name](3, 0).double(), 1)
    there, x = copy.deepcopy(here).to(device), randn(4, CONTEXT, seed=2)
    z = here.sample(5, x, generator(3))
    same(there(x.to(device), z.to(device)), here(x, z), device)
    same(there.frozen_log_prob(z.to(device), x.to(device)), here.frozen_log_prob(z, x), device)
    own = there.sample(5, x.to(device), torch.Generator(device).manual_seed(0))
    assert own.device.type == device and own.shape == z.shape and bool(own.isfinite().all())
    if here.reparametrized and here.noise_dim:
        eps = here.noise((5, 4), generator(4))
        same(there.transport(eps.to(device), x.to(device)), here.transport(eps, x), device)
    for q, place in ((here, "cpu"), (there, device)):
        q(x.to(place), z.to(place)).sum().backward()
    for one, other in zip(there.parameters(), here.parameters(), strict=True):
        if other.grad is not None:
            same(one.grad, other.grad, device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", MODELS)
def test_a_model(name, device):
    """Joint, evidence and posterior where they are exact, and draws by a generator of the device."""
    row = MODELS[name]
    here = row.make().double()
    there = copy.deepcopy(here).to(device)
    x, z = row.data(here, row.rows or 6, generator(0))
    z = z.unsqueeze(0)
    same(there.log_joint(x.to(device), z.to(device)), here.log_joint(x, z), device)
    for ask in (lambda p, x, z: p.log_evidence(x), lambda p, x, z: p.posterior(x).log_prob(z)):
        try:
            wanted = ask(here, x, z)
        except NotImplementedError:
            continue
        same(ask(there, x.to(device), z.to(device)), wanted, device)
    if name != "NeuralProcess":  # draws its latent by its family
        drawn_x, drawn_z = there.sample(row.rows or 6, torch.Generator(device).manual_seed(1))
        assert drawn_x.device.type == drawn_z.device.type == device and drawn_x.shape == x.shape
        assert bool(there.log_joint(drawn_x, drawn_z.unsqueeze(0)).isfinite().all())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "name", [name for name, row in ESTIMATORS.items() if "normal" in row.takes]
)
def test_an_estimator_at_fixed_noise(name, device):
    row, gradients = ESTIMATORS[name], []
    p, x, eps = ConjugateToy(2).double(), randn(3, 2, seed=0), randn(4, 3, 2, seed=1)
    for place in ("cpu", device):
        q = MeanField(2, 0.3 * randn(2, seed=2), 0.2 * randn(2, seed=3)).to(place)
        estimator = row.make()
        if isinstance(estimator, torch.nn.Module):
            estimator.double().to(place)
        bound = BOUNDS[row.bounds[0]][0]
        value = estimator(p.to(place), q, x.to(place), 4, bound=bound, noise=eps.to(place))
        value.sum().backward()
        gradients.append((value, q.loc.grad, q.log_scale.grad))
    for got, wanted in zip(gradients[1], gradients[0], strict=True):
        same(got, wanted, device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", [name for name, row in ESTIMATORS.items() if "bits" in row.takes])
def test_an_estimator_of_bits(name, device):
    """Draws cannot be shared between devices; values and gradients are finite and stay where they are."""
    row = ESTIMATORS[name]
    p = SigmoidBeliefNet([2, 2], generator=generator(0)).double().to(device)
    q = BernoulliMeanField(2).double().to(device)
    estimator = row.make()
    if isinstance(estimator, torch.nn.Module):
        estimator.double().to(device)
    x = torch.tensor([[0.0, 1.0], [1.0, 1.0]], dtype=DOUBLE, device=device)
    bound = BOUNDS[row.bounds[0]][0]
    value = estimator(p, q, x, 4, bound=bound, generator=torch.Generator(device).manual_seed(0))
    value.sum().backward()
    for parameter in q.parameters():
        assert (
            parameter.grad is not None
            and parameter.grad.device.type == device
            and bool(parameter.grad.isfinite().all())
        )


@pytest.mark.parametrize("device", DEVICES)
def test_the_landing_and_a_fit(device):
    """Zero variance at the posterior, unbiased away from it, and a fit that arrives: all on the device."""
    x = torch.tensor([2.0], dtype=DOUBLE, device=device)
    at = MeanField(1, x / 2, torch.full_like(x, 0.5).log() / 2)
    own = torch.Generator(device).manual_seed(0)
    moments = gradient_moments(
        sticking_the_landing, ConjugateToy(), at, x, replicates=2000, generator=own
    )
    assert all(float(variance.abs().max()) < 1e-20 for variance in moments.variance.values())
    q = MeanField(1)
    fit(
        ConjugateToy(),
        q,
        x,
        sticking_the_landing,
        steps=400,
        learning_rate=0.03,
        device=device,
        progress=False,
    )
    assert (
        q.loc.device.type == device
        and abs(q.loc.item() - 1) < 0.02
        and abs(q.log_scale.exp().item() - 0.5**0.5) < 0.02
    )
