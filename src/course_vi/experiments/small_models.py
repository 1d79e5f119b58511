"""One small example of every model that has a twin in Pyro: what the twins are compared on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_vi import models
from course_vi.models.base import Model
from course_vi.nets import mlp

__all__ = ["SMALL_MODELS"]

DOUBLE = torch.float64


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=DOUBLE)


def covariance(size: int, seed: int) -> Tensor:
    root = randn(size, size, seed=seed)
    return root @ root.mT / size + 0.3 * torch.eye(size, dtype=DOUBLE)


def probabilities(*shape: int, seed: int) -> Tensor:
    return randn(*shape, seed=seed).softmax(-1)


SMALL_MODELS: dict[str, Callable[[], Model]] = {
    "BayesianLinearRegression": lambda: models.BayesianLinearRegression(3, 1.3, 0.6),
    "BayesianLogisticRegression": lambda: models.BayesianLogisticRegression(3, 1.3),
    "BernoulliMixture": lambda: models.BernoulliMixture(
        probabilities(3, seed=0), randn(3, 4, seed=1).sigmoid()
    ),
    "ConditionalVAE": lambda: models.ConditionalVAE(2, 4, 3, 5, generator(0)),
    "ConjugateToy": lambda: models.ConjugateToy(2),
    "DRAW": lambda: models.DRAW(2, 4, 2, 5, generator(0)),
    "DeepBernoulli": lambda: models.DeepBernoulli(
        mlp(2, 5, 4, generator(0)), randn(2, seed=1).float(), covariance(2, 2).float()
    ),
    "DeepMarkovModel": lambda: models.DeepMarkovModel(
        3, 2, 2, 5, generator(0), likelihood="bernoulli"
    ),
    "DoublyDeepBernoulli": lambda: models.DoublyDeepBernoulli(
        mlp(2, 5, 3, generator(0)),
        nn.Linear(3, 4),
        randn(2, seed=1).float(),
        covariance(2, 2).float(),
        covariance(3, 3).float(),
    ),
    "GaussianChain": models.GaussianChain,
    "GaussianHMM": lambda: models.GaussianHMM(
        probabilities(3, seed=0),
        probabilities(3, 3, seed=1),
        torch.tensor([[-1.0, 0.5], [0.0, 1.0], [2.0, 0.7]], dtype=DOUBLE),
        steps=5,
    ),
    "GaussianMixture": lambda: models.GaussianMixture(
        probabilities(3, seed=0),
        randn(3, 2, seed=1),
        torch.stack([covariance(2, s) for s in range(3)]),
    ),
    "GaussianProcessRegression": lambda: models.GaussianProcessRegression(
        torch.linspace(0, 2, 4, dtype=DOUBLE).unsqueeze(-1), 0.7
    ),
    "HiddenMarkovModel": lambda: models.HiddenMarkovModel(
        probabilities(3, seed=0), probabilities(3, 3, seed=1), probabilities(3, 4, seed=2), steps=5
    ),
    "HierarchicalVAE": lambda: models.HierarchicalVAE((2, 1), 4, 5, generator(0)),
    "HierarchicalVAE, normal": lambda: models.HierarchicalVAE(
        (2, 1), 4, 5, generator(0), likelihood="gaussian", scale="diagonal", transition=0.7
    ),
    "LinearGaussianSSM": lambda: models.LinearGaussianSSM(
        0.9 * torch.linalg.qr(randn(2, 2, seed=0))[0],
        randn(3, 2, seed=1),
        covariance(2, 2),
        covariance(3, 3),
        randn(2, seed=4),
        covariance(2, 5),
        4,
    ),
    "LinearMixedModel": lambda: models.LinearMixedModel([3, 2], randn(2, seed=0), [0.8, 0.5], 0.6),
    "MultivariateGaussianHMM": lambda: models.MultivariateGaussianHMM(
        probabilities(3, seed=0),
        probabilities(3, 3, seed=1),
        (randn(3, 2, seed=2), torch.stack([covariance(2, s) for s in range(3)])),
        steps=5,
    ),
    "NeuralProcess": lambda: models.NeuralProcess(4, 2, 2, hidden=5, generator=generator(0)),
    "NeuralStatistician": lambda: models.NeuralStatistician(3, 2, 1, 2, 5, generator(0)),
    "ProbabilisticPCA": lambda: models.ProbabilisticPCA(randn(4, 2, seed=0), randn(4, seed=1), 0.7),
    "SigmoidBeliefNet": lambda: models.SigmoidBeliefNet([4, 3, 2], generator=generator(0)),
    "TwoBernoullis": models.TwoBernoullis,
    "VAE": lambda: models.VAE(2, 6, 5, generator(0)),
    "VAE, normal": lambda: models.VAE(
        2, 6, 5, generator(0), likelihood="gaussian", scale="network", smallest=0.1
    ),
    "VAE, normal, one scale": lambda: models.VAE(
        2, 6, 5, generator(0), likelihood="gaussian", scale="shared"
    ),
}
