"""Our models in Pyro are the same models, and our loss for Pyro is sticking the landing."""

import math
from collections.abc import Callable

import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI

from course_vi.families import MeanField
from course_vi.gradients import sticking_the_landing
from course_vi.models import ConjugateToy, GaussianChain
from course_vi.pyro_twins import (
    gaussian_guide,
    gradients,
    stl_loss,
    toy_guide,
    toy_model,
    twin,
)

X = torch.linspace(-2, 3, 7, dtype=torch.float64).unsqueeze(-1)


def family(loc: float = 0.3, log_scale: float = -0.4) -> MeanField:
    return MeanField(
        1, torch.tensor([loc], dtype=torch.float64), torch.tensor([log_scale], dtype=torch.float64)
    )


def test_model_and_guide_have_our_densities() -> None:
    q = family()
    z = q.sample(1, X, torch.Generator().manual_seed(0))[0]
    given = poutine.trace(poutine.condition(toy_model, {"z": z[:, 0]})).get_trace(X)
    torch.testing.assert_close(
        given.log_prob_sum(), ConjugateToy().log_joint(X, z.unsqueeze(0)).sum()
    )
    pyro.clear_param_store()
    said = poutine.trace(poutine.condition(toy_guide(q), {"z": z[:, 0]})).get_trace(X)
    torch.testing.assert_close(said.log_prob_sum(), q(X, z.unsqueeze(0)).sum())


def test_loss_has_our_value_and_our_gradient_at_the_same_noise() -> None:
    q = family()
    found, z = gradients(stl_loss, toy_guide(q), X, seed=3)
    ours = MeanField(1, q.loc.detach().expand(7, 1), q.log_scale.detach().expand(7, 1))
    noise = ((z.unsqueeze(-1) - ours.loc) / ours.log_scale.exp()).detach().unsqueeze(0)
    sticking_the_landing(ConjugateToy(), ours, X, noise=noise).sum().backward()
    torch.testing.assert_close(found["loc"], ours.loc.grad[:, 0])
    torch.testing.assert_close(found["log_scale"], ours.log_scale.grad[:, 0])


def test_zero_at_the_posterior_and_svi_lands() -> None:
    best = ConjugateToy().posterior(X[:1])
    found, _ = gradients(
        stl_loss,
        toy_guide(MeanField(1, best.loc[0], best.log_scale[0])),
        X[:1].expand(500, 1),
        seed=0,
    )
    assert all(gradient.abs().max() < 1e-12 for gradient in found.values())
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    svi = SVI(toy_model, toy_guide(family()), pyro.optim.SGD({"lr": 0.05}), loss=stl_loss)
    for _ in range(600):
        svi.step(X)
    torch.testing.assert_close(pyro.param("loc").detach(), X[:, 0] / 2, atol=1e-6, rtol=0)


def test_two_layers_land_too() -> None:
    """The path through z1 inside q(z2 | z1) is not cut: the whole gradient is zero at the posterior of the chain."""
    x = torch.full((200,), 1.5, dtype=torch.float64)

    def model() -> None:
        with pyro.plate("replicates", 200):
            z2 = pyro.sample("z2", dist.Normal(torch.zeros_like(x), 1.0))
            z1 = pyro.sample("z1", dist.Normal(z2, 1.0))
            pyro.sample("x", dist.Normal(z1, 1.0), obs=x)

    def guide() -> None:
        loc = pyro.param("loc", lambda: 2 * x / 3)
        weight = pyro.param("weight", lambda: torch.full_like(x, 0.5))
        with pyro.plate("replicates", 200):
            z1 = pyro.sample("z1", dist.Normal(loc, (2 / 3) ** 0.5))
            pyro.sample("z2", dist.Normal(weight * z1, 0.5**0.5))

    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    loss = stl_loss(model, guide)
    loss.backward()
    torch.testing.assert_close(
        -loss / 200, GaussianChain().log_evidence(x[:1]).squeeze(), check_dtype=False
    )
    for _, parameter in pyro.get_param_store().named_parameters():
        assert parameter.grad.abs().max() < 1e-12


def test_a_guide_without_rsample_is_refused() -> None:
    pyro.clear_param_store()
    with pytest.raises(TypeError, match="'z' has no rsample"):
        stl_loss(toy_model, toy_guide(family(), reparametrized=False), X)


def test_gradients_leave_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    gradients(stl_loss, toy_guide(family()), X, seed=1)
    assert torch.equal(before, torch.random.get_rng_state())


class Encoder(torch.nn.Module):
    """The exact posterior of the toy, N(x / 2, 1 / 2), from a net."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(1, 2).double()
        with torch.no_grad():
            self.net.weight.copy_(torch.tensor([[0.5], [0.0]]))
            self.net.bias.copy_(torch.tensor([0.0, -0.5 * math.log(2)], dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> dist.Normal:
        loc, log_scale = self.net(x).unbind(-1)
        return dist.Normal(loc, log_scale.exp())


def guide_of(kind: str, encoder: Encoder) -> Callable[[torch.Tensor], None]:
    def guide(x: torch.Tensor) -> None:
        if kind == "pyro.module":
            pyro.module("encoder", encoder)
        elif kind == "pyro.module, updated":
            pyro.module("encoder", encoder, update_module_params=True)
        with pyro.plate("data", len(x)):
            pyro.sample("z", encoder(x))

    return guide


@pytest.mark.parametrize("kind", ["pyro.module", "pyro.module, updated", "closed over"])
def test_modules_are_frozen_wherever_they_come_from(kind: str) -> None:
    """The variances were 8.8, 9.5, 2.2 and 2.4, those of the total derivative."""
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    encoder = Encoder()
    before = [*encoder.parameters()]
    for _ in range(20):
        stl_loss(toy_model, guide_of(kind, encoder), X).backward()
        assert all(value.grad.abs().max() < 1e-12 for value in encoder.parameters())
    assert all(one is other for one, other in zip(encoder.parameters(), before, strict=True))


def test_our_own_guide_lands() -> None:
    pyro.clear_param_store()
    best = ConjugateToy().posterior(X[0])
    q = MeanField(1, best.loc, best.log_scale)
    stl_loss(twin(ConjugateToy()).model, gaussian_guide(q, twin(ConjugateToy())), X[:1]).backward()
    assert q.loc.grad.abs().max() < 1e-12 and q.log_scale.grad.abs().max() < 1e-12


def test_what_was_computed_before_is_refused() -> None:
    loc = torch.zeros(7, dtype=torch.float64, requires_grad=True)
    kept = 2 * loc

    def guide(x: torch.Tensor) -> None:
        with pyro.plate("data", len(x)):
            pyro.sample("z", dist.Normal(kept, 1.0))

    with pytest.raises(ValueError, match=r"still reaches 1 parameters, the first of shape \(7,\)"):
        stl_loss(toy_model, guide, X)
