"""Every family, model, bound and estimator of the course, one row each: what test_breadth.py holds against its properties.

A new one needs a row here and no more. The rows are in single precision, and tests call ``.double()``; ``ZOO`` is in double
precision, with families at numbers of no special form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from oracles import DOUBLE, generator
from oracles import randn as wide
from torch import Tensor, nn
from torch.distributions import Independent, LogNormal, Normal

from course_vi import bounds, families, gradients, models
from course_vi.distributions import DiagonalNormal
from course_vi.families.flow import (
    zuko,
)  # not by itself: importing it switches the argument checks of torch off
from course_vi.graph import BayesNet, plate
from course_vi.nets import mlp

CONTEXT = 2


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=generator(seed))


def covariance(size: int, seed: int) -> Tensor:
    root = randn(size, size, seed=seed)
    matrix = root @ root.mT / size + 0.3 * torch.eye(size)
    return (matrix + matrix.mT) / 2


def probabilities(*shape: int, seed: int) -> Tensor:
    return randn(*shape, seed=seed).softmax(-1)


# -- families: (dim, seed) -> family; a conditional one reads x of size CONTEXT -----------------------------------------


class Walk(families.Conditionals):
    """z_1 near a map of x, every next latent near the one before."""

    def __init__(self, dim: int, seed: int) -> None:
        super().__init__()
        self.sizes, self.first = (1,) * dim, mlp(CONTEXT, 0, 1, generator(seed))
        self.log_scale = nn.Parameter(torch.tensor([-0.3]))

    def begin(self, x: Tensor) -> Tensor:
        return x

    def step(
        self, level: int, memory: Tensor, previous: Tensor | None
    ) -> tuple[DiagonalNormal, Tensor]:
        return DiagonalNormal(
            self.first(memory) if previous is None else previous.tanh(), self.log_scale
        ), memory


def shaken(q: families.Family, seed: int) -> families.Family:
    """Away from where families start, where mistakes hide."""
    source = generator(seed)
    with torch.no_grad():
        for parameter in q.parameters():
            if parameter.requires_grad:
                parameter.add_(0.4 * torch.randn(parameter.shape, generator=source))
    return q


def star(dim: int) -> Tensor:
    return families.fill_in([(d, dim - 1) for d in range(dim - 1)], dim)


SIMPLE: dict[str, Callable[[int, int], families.Family]] = {
    "BernoulliMeanField": lambda dim, seed: families.BernoulliMeanField(dim),
    "BetaMeanField": lambda dim, seed: families.BetaMeanField(dim),
    "CategoricalMeanField": lambda dim, seed: families.CategoricalMeanField(dim, 3),
    "FactorCovariance": lambda dim, seed: families.FactorCovariance(
        dim, 2, generator=generator(seed)
    ),
    "FullRank": lambda dim, seed: families.FullRank(dim),
    "GammaMeanField": lambda dim, seed: families.GammaMeanField(dim),
    "MeanField": lambda dim, seed: families.MeanField(dim),
    "Planar": lambda dim, seed: families.Planar(dim, 2, generator=generator(seed)),
    "SparsePrecision": lambda dim, seed: families.SparsePrecision(dim, star(dim)),
}


def gaussian(kind: str, dim: int = 3, seed: int = 0) -> families.Family:
    loc, log_scale = 0.5 * wide(dim, seed=seed), 0.3 * wide(dim, seed=seed + 1)
    if kind == "MeanField":
        return families.MeanField(dim, loc, log_scale)
    if kind == "FullRank":
        return families.FullRank(dim, loc, log_scale, lower=0.4 * wide(dim, dim, seed=seed + 2))
    if kind == "SparsePrecision":
        return families.SparsePrecision(
            dim, star(dim), loc, log_scale, entries=0.6 * wide(dim - 1, seed=seed + 2)
        )
    return families.FactorCovariance(
        dim, 2, loc, log_scale, factor=0.5 * wide(dim, 2, seed=seed + 2)
    )


def amortized(kind: str, dim: int = 3, data_dim: int = CONTEXT, seed: int = 0) -> families.Family:
    family = SIMPLE[kind](dim, seed)
    return families.Amortized(
        family, mlp(data_dim, 5, sum(p.numel() for p in family.parameters()), generator(seed))
    ).double()


def flow(name: str = "MAF", dim: int = 2, context: int = 0, seed: int = 0) -> families.Family:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = getattr(zuko.flows, name)(dim, context, transforms=2, hidden_features=(8,))
    q = families.Flow(net, dim, context).double()
    with torch.no_grad():
        for parameter in q.parameters():
            parameter.mul_(1.5)
    return q


def planar(dim: int = 2, layers: int = 3, seed: int = 0) -> families.Planar:
    return families.Planar(
        dim,
        layers,
        0.5 * wide(dim, seed=seed),
        0.3 * wide(dim, seed=seed + 1),
        1.5 * wide(layers, dim, seed=seed + 2),
        1.5 * wide(layers, dim, seed=seed + 3),
        wide(layers, seed=seed + 4),
    )


def structured(copies: int = 2, seed: int = 0) -> families.ASVI:
    """A prior whose means and scales bend, with a plate and a positive latent; the latents in another order than the graph's."""
    net = BayesNet(
        a=lambda: Normal(0.3, 1.2),
        b=lambda a: Normal(a.tanh(), (a / 2).exp()),
        c=plate("copies", copies)(lambda b: Normal(2 * b, 0.5)),
        d=lambda a, b: LogNormal(a - b, 0.7),
        x=lambda d: Normal(d, 1.0),
    )
    q = families.ASVI(net.as_model(observed=["x"], latent=["c", "d", "a", "b"])).double()
    with torch.no_grad():
        for i, parameter in enumerate((q.trust, q.spread_trust, q.loc, q.log_scale)):
            parameter.copy_(0.5 * wide(copies + 3, seed=seed + i))
    return q


def layered(first: int = 2, second: int = 1, seed: int = 0) -> families.Family:
    below = families.Amortized(
        families.MeanField(first), mlp(CONTEXT, 5, 2 * first, generator(seed))
    )
    above = families.Amortized(
        families.FullRank(second), mlp(first, 5, 2 * second + second**2, generator(seed + 1))
    )
    return families.Layered(below, above).double()


FAMILIES: dict[str, Callable[[int, int], families.Family]] = {
    **SIMPLE,
    **{
        f"Amortized({name})": lambda dim, seed, name=name: amortized(name, dim, seed=seed).float()
        for name in SIMPLE
    },
    "ASVI": lambda dim, seed: structured(dim, seed).float(),
    "Ancestral": lambda dim, seed: families.Ancestral(Walk(dim, seed)),
    "FromDistribution": lambda dim, seed: families.FromDistribution(
        lambda loc, log_scale: Independent(Normal(loc, log_scale.exp()), 1),
        loc=torch.zeros(dim),
        log_scale=torch.zeros(dim),
    ),
    "Transformed": lambda dim, seed: families.Transformed(
        families.FullRank(dim), families.Affine(dim), families.Softplus()
    ),
    "Flow": lambda dim, seed: flow("MAF", dim, CONTEXT, seed).float(),
    "Layered": lambda dim, seed: layered(1, dim, seed).float(),
    "SetPosterior": lambda dim, seed: families.SetPosterior(
        families.SetEncoder(1, 4, 2 * dim, generator(seed)), dim, 1
    ),
}

# -- the same in double precision, away from any special point, with a datum for those that read one ---------------------

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
    "Ancestral": lambda: (families.markov_posterior(2, 1, 1, 5, generator(0)).double(), DATUM),
    "SetPosterior": lambda: (
        families.SetPosterior(families.SetEncoder(1, 5, 4, generator(0)), 2, 1).double(),
        DATUM,
    ),
    "Flow(MAF)": lambda: (flow("MAF"), None),
    "Flow(MAF), conditional": lambda: (flow("MAF", context=2), DATUM),
    "Flow(NSF)": lambda: (flow("NSF"), None),
    "Flow(NICE)": lambda: (flow("NICE"), None),
}

# -- models: how to make one, and how to draw its data -----------------------------------------------------------------


class Row(NamedTuple):
    """``data(p, n, generator)`` gives x ``(n, Dx)`` and z, ``(n, D)`` or, for global latents, ``(D,)``: mostly by ``p.sample``."""

    make: Callable[[], Any]
    data: Callable[[Any, int, torch.Generator], tuple[Tensor, Tensor]] = lambda p, n, source: (
        p.sample(n, source)
    )
    rows: int | None = None  # the one number of rows that a model of a whole data set takes


def net_model() -> models.NetModel:
    net = BayesNet(
        a=lambda: Normal(0.0, 1.0),
        b=plate("copies", 2)(lambda a: Normal(a, 0.5)),
        x=plate("copies", 2)(lambda b: Normal(b.tanh(), 0.3)),
    )
    return net.as_model(observed=["x"], latent=["a", "b"])


def functions(p: models.NeuralProcess, n: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, p.data_dim, generator=source, dtype=p.unit.dtype)
    return x, families.process_posterior(p).sample(1, x, source)[0]


MODELS: dict[str, Row] = {
    "BayesianGaussianMixture": Row(
        lambda: models.BayesianGaussianMixture(5, 2, torch.zeros(2), torch.eye(2)), rows=5
    ),
    "BayesianLinearRegression": Row(lambda: models.BayesianLinearRegression(3, 1.3, 0.6)),
    "BayesianLogisticRegression": Row(lambda: models.BayesianLogisticRegression(3, 1.3)),
    "BernoulliMixture": Row(
        lambda: models.BernoulliMixture(probabilities(3, seed=0), randn(3, 4, seed=1).sigmoid())
    ),
    "ConditionalVAE": Row(lambda: models.ConditionalVAE(2, 4, 3, 5, generator(0))),
    "ConjugateToy": Row(lambda: models.ConjugateToy(2)),
    "DRAW": Row(lambda: models.DRAW(3, 4, 2, 5, generator(0))),
    "DeepBernoulli": Row(
        lambda: models.DeepBernoulli(mlp(2, 5, 4, generator(0)), randn(2, seed=1), covariance(2, 2))
    ),
    "DeepMarkovModel": Row(lambda: models.DeepMarkovModel(3, 2, 2, 5, generator(0))),
    "DoublyDeepBernoulli": Row(
        lambda: models.DoublyDeepBernoulli(
            mlp(1, 5, 1, generator(0)),
            mlp(1, 0, 4, generator(1)),
            randn(1, seed=1),
            covariance(1, 2),
            covariance(1, 3),
        )
    ),
    "GaussianChain": Row(models.GaussianChain),
    "GaussianHMM": Row(
        lambda: models.GaussianHMM(
            probabilities(3, seed=0),
            probabilities(3, 3, seed=1),
            torch.tensor([[-1.0, 0.5], [0.0, 1.0], [2.0, 0.7]]),
            steps=4,
        )
    ),
    "GaussianMixture": Row(
        lambda: models.GaussianMixture(
            probabilities(3, seed=0),
            randn(3, 2, seed=1),
            torch.stack([covariance(2, s) for s in range(3)]),
        )
    ),
    "GaussianProcessRegression": Row(
        lambda: models.GaussianProcessRegression(
            torch.linspace(0, 2, 4).unsqueeze(-1), 0.7, 1.2, 0.3
        )
    ),
    "HiddenMarkovModel": Row(
        lambda: models.HiddenMarkovModel(
            probabilities(3, seed=0),
            probabilities(3, 3, seed=1),
            probabilities(3, 4, seed=2),
            steps=4,
        )
    ),
    "HierarchicalVAE": Row(lambda: models.HierarchicalVAE((2, 1), 4, 5, generator(0))),
    "LinearGaussianSSM": Row(
        lambda: models.LinearGaussianSSM(
            0.7 * torch.eye(2) + 0.1,
            randn(3, 2, seed=1),
            covariance(2, 2),
            covariance(3, 3),
            randn(2, seed=4),
            covariance(2, 5),
            4,
        )
    ),
    "LinearMixedModel": Row(
        lambda: models.LinearMixedModel([3, 2], randn(2, seed=0), [0.8, 0.5], 0.6)
    ),
    "MultivariateGaussianHMM": Row(
        lambda: models.MultivariateGaussianHMM(
            probabilities(3, seed=0),
            probabilities(3, 3, seed=1),
            (randn(3, 2, seed=2), torch.stack([covariance(2, s) for s in range(3)])),
            steps=3,
        )
    ),
    "NetModel": Row(net_model),
    "NeuralProcess": Row(
        lambda: models.NeuralProcess(4, 2, 2, hidden=5, generator=generator(0)), functions
    ),
    "NeuralStatistician": Row(lambda: models.NeuralStatistician(3, 2, 1, 1, 5, generator(0))),
    "NormalGamma": Row(lambda: models.NormalGamma(0.3, 1.5, 2.0, 1.2)),
    "ProbabilisticPCA": Row(
        lambda: models.ProbabilisticPCA(randn(4, 2, seed=0), randn(4, seed=1), 0.7)
    ),
    "SigmoidBeliefNet": Row(lambda: models.SigmoidBeliefNet([4, 3, 2], generator=generator(0))),
    "TwoBernoullis": Row(models.TwoBernoullis),
    "VAE": Row(lambda: models.VAE(2, 6, 5, generator(0))),
    "VAE, normal": Row(
        lambda: models.VAE(
            2, 6, 5, generator(0), likelihood="gaussian", scale="network", smallest=0.1
        )
    ),
    "VAE, linear": Row(
        lambda: models.VAE(2, 6, 0, generator(0), likelihood="gaussian", scale="shared")
    ),
}

# -- bounds: each with the least number of samples ---------------------------------------------------------------------

BOUNDS: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "elbo": (bounds.elbo, 1),
    "iwae": (bounds.iwae, 1),
    "jackknife, order 1": (partial(bounds.jackknife, order=1), 2),
    "jackknife, order 2": (partial(bounds.jackknife, order=2), 3),
    "renyi, 1/2": (partial(bounds.renyi, alpha=0.5), 1),
    "renyi, 2": (partial(bounds.renyi, alpha=2.0), 1),
    "renyi, -1": (partial(bounds.renyi, alpha=-1.0), 1),
    "thermodynamic": (partial(bounds.thermodynamic, betas=torch.linspace(0, 1, 5)), 1),
}


# -- estimators --------------------------------------------------------------------------------------------------------


class Estimator(NamedTuple):
    """What it takes: ``"normal"`` (a Gaussian q), ``"bits"``, or both; bounds by name; the least K, and whether K must be even.

    ``own_value``: its value is not the bound at its samples (Gumbel-softmax: that of the relaxed model; analytic KL: another estimate).
    """

    make: Callable[[], Callable[..., Tensor]]
    takes: tuple[str, ...]
    bounds: tuple[str, ...] = ("elbo",)
    least: int = 1
    even: bool = False
    own_value: bool = False


EVERY_BOUND = tuple(BOUNDS)
ESTIMATORS: dict[str, Estimator] = {
    "LearnedBaseline": Estimator(
        lambda: gradients.LearnedBaseline(mlp(2, 4, 1, generator(0))), ("normal", "bits")
    ),
    "Rebar": Estimator(gradients.Rebar, ("bits",)),
    "Relax": Estimator(lambda: gradients.Relax(mlp(2, 4, 1, generator(0))), ("bits",)),
    "RunningMean": Estimator(gradients.RunningMean, ("normal", "bits")),
    "analytic_kl": Estimator(lambda: gradients.analytic_kl, ("normal",), own_value=True),
    "disarm": Estimator(lambda: gradients.disarm, ("bits",), least=2, even=True),
    "doubly_reparametrized": Estimator(
        lambda: gradients.doubly_reparametrized, ("normal",), EVERY_BOUND
    ),
    "gumbel_softmax": Estimator(
        lambda: gradients.gumbel_softmax, ("bits",), EVERY_BOUND, own_value=True
    ),
    "rao_blackwellized": Estimator(
        lambda: partial(
            gradients.rao_blackwellized, scopes={"prior": (0, 1), "likelihood": (0, 1)}
        ),
        ("normal",),
    ),
    "reparametrized": Estimator(lambda: gradients.reparametrized, ("normal",), EVERY_BOUND),
    "score_function": Estimator(lambda: gradients.score_function, ("normal", "bits"), EVERY_BOUND),
    "score_function, leave one out": Estimator(
        lambda: partial(gradients.score_function, baseline="leave_one_out"),
        ("normal", "bits"),
        least=2,
    ),
    "sticking_the_landing": Estimator(lambda: gradients.sticking_the_landing, ("normal",)),
    "straight_through": Estimator(lambda: gradients.straight_through, ("bits",), EVERY_BOUND),
    "vimco": Estimator(lambda: gradients.vimco, ("normal", "bits"), ("iwae",), least=2),
}
