"""Freezing holds every parameter constant and gives the same objects back: shared modules, tied parameters, recurrent layers."""

from __future__ import annotations

import pytest
import torch
from oracles import DOUBLE, generator
from torch import nn
from torch.distributions import Bernoulli

from course_vi.families import Amortized, BernoulliMeanField, Layered, MeanField
from course_vi.freezing import ConstantLeaves, frozen, reachable
from course_vi.gradients import Rebar, doubly_reparametrized, sticking_the_landing
from course_vi.graph import BayesNet
from course_vi.learning import FactorObjective, fit
from course_vi.models import GaussianChain, HierarchicalVAE


def layered(encoder: nn.Module) -> Layered:
    return Layered(Amortized(MeanField(1), encoder), Amortized(MeanField(1), encoder))


class Tied(nn.Module):
    """One parameter under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(1, 2), nn.Linear(1, 2)
        self.other.weight = self.one.weight

    def forward(self, x):
        return self.one(x) + self.other(x).tanh()


class Recurrent(nn.Module):
    """An encoder whose layer keeps a list of its weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRU(1, 2, batch_first=True)

    def forward(self, x):
        return self.cell(x.reshape(-1, 1, 1))[0].reshape(*x.shape[:-1], 2)


@pytest.mark.parametrize("make", [lambda: nn.Linear(1, 2), Tied, Recurrent])
@pytest.mark.parametrize("estimator", [sticking_the_landing, doubly_reparametrized])
def test_an_encoder_at_two_places_survives_and_is_frozen(make, estimator):
    q = layered(make())
    before = [(id(value), value.requires_grad) for value in q.parameters()]
    estimator(GaussianChain(), q, torch.zeros(3, 1), 2).sum().backward()
    assert [(id(value), value.requires_grad) for value in q.parameters()] == before
    assert all(value.grad is not None for value in q.parameters())
    z = q.transport(q.noise((2, 3)), torch.zeros(3, 1))
    assert reachable(q(torch.zeros(3, 1), z), beyond=[z])
    assert not reachable(q.frozen_log_prob(z, torch.zeros(3, 1)), beyond=[z])


def test_a_shared_layer_goes_on_learning():
    """It moved by 0.010, one step of Adam, in 200 steps."""
    torch.manual_seed(0)
    p, encoder = HierarchicalVAE((1, 1), data_dim=4, hidden=4), nn.Linear(1, 2)
    first = Amortized(MeanField(1), nn.Sequential(nn.Linear(4, 1), encoder))
    q, start = Layered(first, Amortized(MeanField(1), encoder)), encoder.weight.detach().clone()
    fit(p, q, torch.ones(20, 4), sticking_the_landing, steps=60, progress=False)
    assert (encoder.weight - start).abs().max() > 0.05


class Flip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, a):
        return Bernoulli(logits=self.weight * (a - 0.5), validate_args=False)


class Again(nn.Module):
    def __init__(self, same: Flip) -> None:
        super().__init__()
        self.same = same

    def forward(self, b):
        return self.same(b)


def test_rebar_gives_a_shared_conditional_back():
    flip = Flip()
    first = Bernoulli(torch.tensor(0.5), validate_args=False)
    net = BayesNet(a=lambda: first, b=flip, x=Again(flip))
    p, before = net.as_model(["x"], ["a", "b"]), flip.weight
    Rebar()(p, BernoulliMeanField(2), torch.ones(1), 2).backward()
    assert flip.weight is before and flip.weight.requires_grad and flip.weight.grad is not None


def test_the_penalty_of_a_factor_objective_leaves_a_shared_discriminator_alone():
    layer = nn.Linear(2, 2)
    discriminator = nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(2, 1))
    q, before = Amortized(MeanField(2), nn.Linear(4, 4)), [*discriminator.parameters()]
    p = HierarchicalVAE((1, 1), data_dim=4, hidden=4)
    FactorObjective(discriminator)(p, q, torch.ones(8, 4)).sum().backward()
    assert all(one is other for one, other in zip(discriminator.parameters(), before, strict=True))


def test_an_error_inside_gives_the_parameters_back():
    layer = nn.Linear(1, 1)
    weight = layer.weight
    with pytest.raises(RuntimeError, match="half way"), frozen(layer):
        assert not layer.weight.requires_grad
        raise RuntimeError("half way")
    assert layer.weight is weight


def test_constant_leaves_reach_what_no_module_holds():
    weight = torch.ones(2, dtype=DOUBLE, requires_grad=True)
    matrix = nn.Parameter(torch.eye(2, dtype=DOUBLE))
    x = torch.randn(2, generator=generator(0), dtype=DOUBLE).requires_grad_()
    with ConstantLeaves(but=[x]):
        assert weight.requires_grad and weight.is_leaf
        value = (matrix.mT @ x * weight).sum() + torch.stack([weight, weight]).sum()
    assert reachable(value) == [x]
