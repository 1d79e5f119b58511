"""The course's models and families once more, in Pyro: asserted equal, and used to test what Pyro's estimators are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_vi import models
from course_vi.models.base import Model
from course_vi.pyro_twins import deep, discrete, latent, regression, sequence
from course_vi.pyro_twins.discrete import bernoulli_guide
from course_vi.pyro_twins.estimator import pyro_estimator
from course_vi.pyro_twins.stl import stl_loss
from course_vi.pyro_twins.toy import gradients, toy_guide, toy_model
from course_vi.pyro_twins.twin import Twin, gaussian_guide, log_joint

__all__ = [
    "TWINS",
    "Twin",
    "bernoulli_guide",
    "gaussian_guide",
    "gradients",
    "log_joint",
    "pyro_estimator",
    "stl_loss",
    "toy_guide",
    "toy_model",
    "twin",
]

TWINS: dict[type[Model], Callable[[Any], Twin]] = {
    models.BayesianLinearRegression: regression.linear_regression,
    models.BayesianLogisticRegression: regression.logistic_regression,
    models.BernoulliMixture: discrete.bernoulli_mixture,
    models.ConditionalVAE: latent.conditional_vae,
    models.ConjugateToy: latent.conjugate_toy,
    models.DRAW: deep.draw,
    models.DeepBernoulli: latent.deep_bernoulli,
    models.DeepMarkovModel: deep.deep_markov,
    models.DoublyDeepBernoulli: latent.doubly_deep_bernoulli,
    models.GaussianChain: latent.gaussian_chain,
    models.GaussianHMM: discrete.hidden_markov,
    models.GaussianMixture: discrete.gaussian_mixture,
    models.GaussianProcessRegression: regression.gaussian_process,
    models.HiddenMarkovModel: discrete.hidden_markov,
    models.HierarchicalVAE: latent.hierarchical_vae,
    models.LinearGaussianSSM: sequence.state_space,
    models.LinearMixedModel: regression.linear_mixed,
    models.NeuralProcess: deep.neural_process,
    models.NeuralStatistician: deep.neural_statistician,
    models.ProbabilisticPCA: latent.probabilistic_pca,
    models.SigmoidBeliefNet: discrete.belief_net,
    models.TwoBernoullis: latent.two_bernoullis,
    models.VAE: latent.vae,
}


def twin(p: Model) -> Twin:
    """The Pyro twin of a course model: the same density, from the same parameters, in Pyro's own distributions.

    Raises:
        TypeError: a model without one. (A normalizing constant that only enumeration gives has no place in Pyro: energy models.)

    >>> import torch
    >>> p = models.TwoBernoullis()
    >>> x, z = torch.ones(3, 2), torch.zeros(3, 1)
    >>> torch.allclose(log_joint(twin(p), x, z), p.log_joint(x, z).sum())
    True
    """
    if type(p) not in TWINS:
        raise TypeError(
            f"p is a {type(p).__name__}, which has no twin in Pyro; expected one of {', '.join(t.__name__ for t in TWINS)}"
        )
    return TWINS[type(p)](p)
