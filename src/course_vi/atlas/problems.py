"""The columns of the atlas: a small model with a family and a datum, such that the exact gradient can be had."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Gamma, Normal, Poisson

from course_vi import families, models
from course_vi.families.base import Family
from course_vi.families.discrete import DiscreteFamily
from course_vi.graph import BayesNet, plate
from course_vi.graph.sparsity import banded
from course_vi.models.base import Model

__all__ = ["PROBLEMS", "Column", "Problem"]

DOUBLE = torch.float64
REACH, NOISES = 8.0, {1: 641, 2: 81}  # a grid of noise: its reach and its points in each direction


class Problem(NamedTuple):
    """A model whose parameters are held, a family away from its optimum, and a datum ``(Dx,)`` (or the data of a global model).

    Attributes:
        nodes: how expectations under q are had exactly: ``"quadratic"`` (log w is a quadratic in the noise), ``"noise"`` (a grid of
            at most two noises), or z itself on a grid or state by state, with the logarithm of each cell's size.
    """

    p: Model
    q: Family
    x: Tensor
    nodes: str | tuple[Tensor, Tensor]


class Column(NamedTuple):
    """What a column is called, whether its latents are continuous, and how to make it."""

    model: str
    family: str
    path: bool
    make: Callable[[], Problem]


def _randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def _probabilities(*shape: int, seed: int) -> Tensor:
    return _randn(*shape, seed=seed).softmax(-1)


def _covariance(size: int, seed: int) -> Tensor:
    root = _randn(size, size, seed=seed)
    return root @ root.mT / size + 0.3 * torch.eye(size, dtype=DOUBLE)


def _held(p: Model, q: Family, x: Tensor, nodes: str | tuple[Tensor, Tensor]) -> Problem:
    return Problem(p.double().requires_grad_(False), q.double(), x, nodes)


def _mean_field(dim: int, seed: int = 0) -> families.MeanField:
    return families.MeanField(dim, 0.5 * _randn(dim, seed=seed), 0.3 * _randn(dim, seed=seed + 1) - 0.3)  # fmt: skip


def _full_rank(dim: int, seed: int = 0) -> families.FullRank:
    wide = _mean_field(dim, seed)
    return families.FullRank(
        dim, wide.loc, wide.log_scale, lower=0.3 * _randn(dim, dim, seed=seed + 2)
    )


def _toy(off: float, log_scale: float) -> Problem:
    """The conjugate toy at x = 2, its q beside the posterior N(1, 1/2)."""
    best = math.sqrt(0.5)
    loc = torch.tensor([1.0 + off * best], dtype=DOUBLE)
    q = families.MeanField(1, loc, torch.tensor([math.log(best) + log_scale], dtype=DOUBLE))
    return _held(models.ConjugateToy(), q, torch.tensor([2.0], dtype=DOUBLE), "quadratic")


def _numbers(*values: object) -> list[Tensor]:
    return [torch.tensor(value, dtype=DOUBLE) for value in values]


def _planar() -> Problem:
    loc, log_scale, shift, normal, offset = _numbers(
        [0.6], [-0.3], [[0.8], [-0.5]], [[1.0], [0.7]], [0.2, -0.4]
    )
    q = families.Planar(1, 2, loc, log_scale, shift, normal, offset)
    return _held(models.ConjugateToy(), q, torch.tensor([2.0], dtype=DOUBLE), "noise")


def _pca() -> Problem:
    p = models.ProbabilisticPCA(_randn(4, 3, seed=0), _randn(4, seed=1), 0.7)
    return _held(p, _full_rank(3), _randn(4, seed=7), "quadratic")


def _regression() -> Problem:
    p = models.BayesianLinearRegression(3, 1.3, 0.9)
    q = families.FactorCovariance(
        3, 1, 0.5 * _randn(3, seed=0), torch.full((3,), -1.0, dtype=DOUBLE), factor=0.4 * _randn(3, 1, seed=2)
    )  # fmt: skip
    return _held(p, q, _randn(8, 4, seed=5), "quadratic")


def _state_space() -> Problem:
    transition, loadings, noise, error, first, spread = _numbers(
        [[0.9]], [[1.0]], [[0.4]], [[0.6]], [0.0], [[1.0]]
    )
    p = models.LinearGaussianSSM(transition, loadings, noise, error, first, spread, 4)
    q = families.SparsePrecision(
        4, banded(4), 0.5 * _randn(4, seed=0), torch.full((4,), -0.4, dtype=DOUBLE), entries=0.5 * _randn(3, seed=2)
    )  # fmt: skip
    return _held(p, q, _randn(4, seed=3), "quadratic")


def _process() -> Problem:
    places = torch.linspace(0, 2, 3, dtype=DOUBLE).unsqueeze(-1)
    p = models.GaussianProcessRegression(places, 0.7, 1.2, 0.5)
    return _held(p, _full_rank(3, seed=4), _randn(3, seed=8), "quadratic")


def _plated() -> Problem:
    net = BayesNet(
        a=lambda: Normal(0.0, 1.0),
        b=plate("copies", 3)(lambda a: Normal(a, 0.7)),
        x=plate("copies", 3)(lambda b: Normal(b, 0.8)),
    )
    p = net.as_model(observed=["x"], latent=["a", "b"])
    return _held(p, _mean_field(4, seed=2), _randn(3, seed=9), "quadratic")


def _logistic() -> Problem:
    features, noise = _randn(10, 2, seed=1), _randn(10, seed=2)
    labels = (features @ torch.tensor([1.0, -0.7], dtype=DOUBLE) + noise > 0).to(DOUBLE)
    x = torch.cat([features, labels.unsqueeze(-1)], -1)
    return _held(models.BayesianLogisticRegression(2, 1.5), _full_rank(2, seed=3), x, "noise")


def _two_bernoullis() -> Problem:
    q = families.MeanField(1, *(torch.tensor([value], dtype=DOUBLE) for value in (0.3, 0.1)))
    return _held(models.TwoBernoullis(), q, torch.ones(2, dtype=DOUBLE), "noise")


def _vae() -> Problem:
    p = models.VAE(2, 6, 5, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in p.parameters():
            parameter.mul_(3.0)  # a decoder that bends
    x = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0], dtype=DOUBLE)
    return _held(p, _mean_field(2, seed=5), x, "noise")


def _layered() -> Problem:
    """q(z1 | x) q(z2 | z1), each a normal whose mean and log scale are affine; the exact ones have slopes 2/3 and 1/2."""

    def affine(slope: float, shift: float, log_scale: float) -> families.Amortized:
        layer = nn.Linear(1, 2).double()
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([[slope], [0.1]]))
            layer.bias.copy_(torch.tensor([shift, log_scale]))
        return families.Amortized(families.MeanField(1), layer)

    q = families.Layered(affine(0.4, 0.1, -0.4), affine(0.7, -0.2, -0.5))
    return _held(models.GaussianChain(), q, torch.tensor([1.2], dtype=DOUBLE), "noise")


def _rate() -> Problem:
    """A rate with a Gamma prior and three counts: z on a grid of log z."""
    net = BayesNet(
        rate=lambda: Gamma(2.0, 1.0),
        x=plate("counts", 3)(lambda rate: Poisson(rate, validate_args=False)),
    )
    p = net.as_model(observed=["x"], latent=["rate"])
    q = families.GammaMeanField(1, *(torch.tensor([value], dtype=DOUBLE) for value in (1.2, 0.3)))
    log_z = torch.linspace(-14.0, 4.5, 1851, dtype=DOUBLE)
    cell = log_z + math.log(18.5 / 1850)
    x = torch.tensor([2.0, 4.0, 1.0], dtype=DOUBLE)
    return _held(p, q, x, (log_z.exp().unsqueeze(-1), cell))


def _discrete(p: Model, q: DiscreteFamily, x: Tensor) -> Problem:
    states = q.double().states()
    return _held(p, q, x, (states, states.new_zeros(len(states))))


def _bits(layers: tuple[int, ...], seed: int = 0) -> Problem:
    p = models.SigmoidBeliefNet(layers, generator=torch.Generator().manual_seed(seed)).double()
    dim = sum(layers[1:])
    q = families.BernoulliMeanField(dim, 0.8 * _randn(dim, seed=1))
    return _discrete(p, q, (_randn(layers[0], seed=3) > 0).to(DOUBLE))


def _labels(p: Model, x: Tensor, variables: int = 1) -> Problem:
    q = families.CategoricalMeanField(variables, 3, 0.8 * _randn(variables, 3, seed=1))
    return _discrete(p, q, x)


def _mixture() -> Problem:
    roots = torch.stack([_covariance(2, seed) for seed in range(3)])
    p = models.GaussianMixture(_probabilities(3, seed=0), _randn(3, 2, seed=1), roots)
    return _labels(p, _randn(2, seed=4))


def _coin_mixture() -> Problem:
    p = models.BernoulliMixture(_probabilities(3, seed=0), _randn(3, 5, seed=1).sigmoid())
    return _labels(p, torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0], dtype=DOUBLE))


def _hmm() -> Problem:
    tables = (_probabilities(3, seed=0), _probabilities(3, 3, seed=1), _probabilities(3, 4, seed=2))
    p = models.HiddenMarkovModel(*tables, steps=3)
    return _labels(p, torch.tensor([0.0, 3.0, 2.0], dtype=DOUBLE), variables=3)


def _gaussian_hmm() -> Problem:
    emission = torch.tensor([[-1.0, 0.5], [0.0, 1.0], [2.0, 0.7]], dtype=DOUBLE)
    p = models.GaussianHMM(_probabilities(3, seed=0), _probabilities(3, 3, seed=1), emission, steps=3)  # fmt: skip
    return _labels(p, _randn(3, seed=6), variables=3)


PROBLEMS: dict[str, Column] = {
    "toy": Column("conjugate toy", "MeanField", True, partial(_toy, -1.0, 0.4)),
    "toy, near": Column("toy, near its posterior", "MeanField", True, partial(_toy, 0.1, 0.05)),
    "pca": Column("probabilistic PCA", "FullRank", True, _pca),
    "regression": Column("linear regression", "FactorCovariance", True, _regression),
    "state space": Column("state space model", "SparsePrecision", True, _state_space),
    "process": Column("Gaussian process", "FullRank", True, _process),
    "plate": Column("Bayes net with a plate", "MeanField", True, _plated),
    "logistic": Column("logistic regression", "FullRank", True, _logistic),
    "two Bernoullis": Column("two Bernoullis", "MeanField", True, _two_bernoullis),
    "vae": Column("VAE decoder", "MeanField", True, _vae),
    "planar": Column("conjugate toy", "Planar", True, _planar),
    "rate": Column("Poisson rate", "GammaMeanField", True, _rate),
    "layers": Column("Gaussian chain", "Layered(Amortized)", True, _layered),
    "belief": Column("belief net", "BernoulliMeanField", False, partial(_bits, (4, 3))),
    "deep belief": Column("deep belief net", "BernoulliMeanField", False, partial(_bits, (4, 2, 1, 1), 3)),
    "mixture": Column("Gaussian mixture", "CategoricalMeanField", False, _mixture),
    "coins": Column("Bernoulli mixture", "CategoricalMeanField", False, _coin_mixture),
    "hmm": Column("hidden Markov model", "CategoricalMeanField", False, _hmm),
    "gaussian hmm": Column("Gaussian HMM", "CategoricalMeanField", False, _gaussian_hmm),
}  # fmt: skip
