"""The toy away from its posterior, the chain at its own, a mutant of it, and the four estimators that every test of gradients tries."""

from __future__ import annotations

import math

import torch
from oracles import DOUBLE
from torch import nn

from course_vi.families import Amortized, Layered, MeanField
from course_vi.gradients import (
    doubly_reparametrized,
    reparametrized,
    score_function,
    sticking_the_landing,
)

X, M, S = (
    torch.tensor([2.0], dtype=DOUBLE),
    0.3,
    math.exp(0.1),
)  # the toy, away from its posterior: x = 2, (m, log s) = (.3, .1)
UNREAD = torch.zeros(1, dtype=DOUBLE)  # a datum that a quadratic model does not read
ALL = [score_function, reparametrized, sticking_the_landing, doubly_reparametrized]


def toy_family() -> MeanField:
    return MeanField(1, torch.tensor([M], dtype=DOUBLE), torch.tensor([math.log(S)], dtype=DOUBLE))


def posterior_of_the_chain() -> Layered:
    """q(z1 | x) q(z2 | z1) set to the exact posterior of ``GaussianChain``."""

    def affine(slope: float, variance: float) -> Amortized:
        layer = nn.Linear(1, 2)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([[slope], [0.0]]))
        layer = layer.double()
        with torch.no_grad():
            layer.weight[0] = slope
            layer.bias.copy_(
                torch.tensor([0.0, variance], dtype=DOUBLE).clamp_min(1e-300).log() / 2
            )
            layer.bias[0] = 0.0
        return Amortized(MeanField(1), layer)

    return Layered(affine(2 / 3, 2 / 3), affine(1 / 2, 1 / 2))


class CutLayers(Layered):
    """A mutant (findings 9): the second layer's numbers detached, and with them the path through z1."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        z1, z2 = z[..., : self.first.dim], z[..., self.first.dim :]
        return self.first.distribution(x).detach().log_prob(z1) + self.second.distribution(
            z1
        ).detach().log_prob(z2)
