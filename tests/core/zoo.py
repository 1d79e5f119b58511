"""One of each family, in double precision and away from any special point, with a datum for those that read one."""

from __future__ import annotations

import math

import torch
import zuko
from oracles import DOUBLE, generator, randn
from torch import nn
from torch.distributions import LogNormal, Normal

from course_vi.families import (
    ASVI,
    Amortized,
    FactorCovariance,
    Family,
    Flow,
    FullRank,
    Layered,
    MeanField,
    Planar,
    SetEncoder,
    SetPosterior,
    SparsePrecision,
    fill_in,
    markov_posterior,
)
from course_vi.gradients import doubly_reparametrized, reparametrized, score_function, sticking_the_landing
from course_vi.graph import BayesNet, plate
from course_vi.nets import mlp


def gaussian(kind: str, dim: int = 3, seed: int = 0) -> Family:
    loc, log_scale = 0.5 * randn(dim, seed=seed), 0.3 * randn(dim, seed=seed + 1)
    if kind == "MeanField":
        return MeanField(dim, loc, log_scale)
    if kind == "FullRank":
        return FullRank(dim, loc, log_scale, lower=0.4 * randn(dim, dim, seed=seed + 2))
    if kind == "SparsePrecision":
        pattern = fill_in([(d, dim - 1) for d in range(dim - 1)], dim)                # a star: all but the last are independent given it
        return SparsePrecision(dim, pattern, loc, log_scale, entries=0.6 * randn(dim - 1, seed=seed + 2))
    return FactorCovariance(dim, 2, loc, log_scale, factor=0.5 * randn(dim, 2, seed=seed + 2))


def amortized(kind: str, dim: int = 3, data_dim: int = 2, seed: int = 0) -> Family:
    family = {"MeanField": lambda: MeanField(dim), "FullRank": lambda: FullRank(dim), "FactorCovariance": lambda: FactorCovariance(dim, 2),
              "SparsePrecision": lambda: SparsePrecision(dim, fill_in([(0, 1), (1, 2)], dim)),
              "Planar": lambda: Planar(dim, layers=2)}[kind]()
    outputs = sum(parameter.numel() for parameter in family.parameters())
    return Amortized(family, mlp(data_dim, 5, outputs, generator(seed))).double()


def flow(name: str = "MAF", dim: int = 2, context: int = 0, seed: int = 0) -> Family:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = getattr(zuko.flows, name)(dim, context, transforms=2, hidden_features=(8,))
    q = Flow(net, dim, context).double()
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.mul_(1.5)
    return q


def planar(dim: int = 2, layers: int = 3, seed: int = 0) -> Planar:
    return Planar(dim, layers, 0.5 * randn(dim, seed=seed), 0.3 * randn(dim, seed=seed + 1), 1.5 * randn(layers, dim, seed=seed + 2),
                  1.5 * randn(layers, dim, seed=seed + 3), randn(layers, seed=seed + 4))


def structured(seed: int = 0) -> ASVI:
    """A prior whose means and scales bend, with a plate and a positive latent; the latents in another order than the graph's."""
    copies = plate("copies", 2)
    net = BayesNet(a=lambda: Normal(0.3, 1.2), b=lambda a: Normal(a.tanh(), (a / 2).exp()), c=copies(lambda b: Normal(2 * b, 0.5)),
                   d=lambda a, b: LogNormal(a - b, 0.7), x=lambda d: Normal(d, 1.0))
    q = ASVI(net.as_model(observed=["x"], latent=["c", "d", "a", "b"])).double()
    with torch.no_grad():
        for i, parameter in enumerate((q.trust, q.spread_trust, q.loc, q.log_scale)):
            parameter.copy_(0.5 * randn(5, seed=seed + i))
    return q


def layered(seed: int = 0) -> Family:
    first = Amortized(MeanField(2), mlp(2, 5, 4, generator(seed)))
    second = Amortized(FullRank(1), mlp(2, 5, 3, generator(seed + 1)))
    return Layered(first, second).double()


DATUM = torch.tensor([0.7, -1.1], dtype=DOUBLE)
ZOO = {
    "MeanField": lambda: (gaussian("MeanField"), None),
    "FullRank": lambda: (gaussian("FullRank"), None),
    "FactorCovariance": lambda: (gaussian("FactorCovariance"), None),
    "SparsePrecision": lambda: (gaussian("SparsePrecision"), None),
    "Amortized(MeanField)": lambda: (amortized("MeanField"), DATUM),
    "Amortized(FullRank)": lambda: (amortized("FullRank"), DATUM),
    "Amortized(FactorCovariance)": lambda: (amortized("FactorCovariance"), DATUM),
    "Amortized(SparsePrecision)": lambda: (amortized("SparsePrecision"), DATUM),
    "Amortized(Planar)": lambda: (amortized("Planar"), DATUM),
    "Planar": lambda: (planar(), None),
    "ASVI": lambda: (structured(), None),
    "Layered": lambda: (layered(), DATUM),
    "Ancestral": lambda: (markov_posterior(2, 1, 1, 5, generator(0)).double(), DATUM),
    "SetPosterior": lambda: (SetPosterior(SetEncoder(1, 5, 4, generator(0)), 2, 1).double(), DATUM),
    "Flow(MAF)": lambda: (flow("MAF"), None),
    "Flow(MAF), conditional": lambda: (flow("MAF", context=2), DATUM),
    "Flow(NSF)": lambda: (flow("NSF"), None),
    "Flow(NICE)": lambda: (flow("NICE"), None),
}


X, M, S = torch.tensor([2.0], dtype=DOUBLE), 0.3, math.exp(0.1)      # the toy, away from its posterior: x = 2, (m, log s) = (.3, .1)
UNREAD = torch.zeros(1, dtype=DOUBLE)                                # a datum that a quadratic model does not read
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
            layer.bias.copy_(torch.tensor([0.0, variance], dtype=DOUBLE).clamp_min(1e-300).log() / 2)
            layer.bias[0] = 0.0
        return Amortized(MeanField(1), layer)

    return Layered(affine(2 / 3, 2 / 3), affine(1 / 2, 1 / 2))


class CutLayers(Layered):
    """A mutant (findings 9): the second layer's numbers detached, and with them the path through z1."""

    def frozen_log_prob(self, z, x=None, distribution=None):
        z1, z2 = z[..., : self.first.dim], z[..., self.first.dim :]
        return self.first.distribution(x).detach().log_prob(z1) + self.second.distribution(z1).detach().log_prob(z2)
