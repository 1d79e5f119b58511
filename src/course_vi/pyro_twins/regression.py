"""Regressions in Pyro: latents outside the plate over the data, because all rows share them."""

from __future__ import annotations

import math

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from course_vi.models import (
    BayesianLinearRegression,
    BayesianLogisticRegression,
    GaussianProcessRegression,
    LinearMixedModel,
)
from course_vi.pyro_twins.twin import Twin, normal

__all__ = ["gaussian_process", "linear_mixed", "linear_regression", "logistic_regression"]


def logistic_regression(p: BayesianLogisticRegression) -> Twin:
    """z ~ N(0, tau^2 I) once; y_n ~ Bernoulli(sigmoid(f_n' z)). With ``num_data`` a minibatch is scaled by its plate."""

    def model(x: Tensor) -> None:
        zeros = x.new_zeros(p.latent_dim)
        z = pyro.sample("z", normal(zeros, torch.full_like(zeros, math.log(p.prior_scale))))
        with pyro.plate("data", p.num_data or len(x), subsample=x):
            pyro.sample("y", dist.Bernoulli(logits=x[:, :-1] @ z), obs=x[:, -1])

    return Twin(model, lambda z: {"z": z}, local=False)


def linear_regression(p: BayesianLinearRegression) -> Twin:
    """z ~ N(0, tau^2 I) once; y_n ~ N(f_n' z, sigma^2); tau and sigma are learned."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        z = pyro.sample(
            "z", normal(x.new_zeros(p.latent_dim), p.log_prior_scale.expand(p.latent_dim))
        )
        with pyro.plate("data", p.num_data or len(x), subsample=x):
            pyro.sample("y", dist.Normal(x[:, :-1] @ z, p.log_noise_scale.exp()), obs=x[:, -1])

    return Twin(model, lambda z: {"z": z}, local=False)


def gaussian_process(p: GaussianProcessRegression) -> Twin:
    """f ~ N(0, K) at all inputs at once, x ~ N(f, sigma^2 I): one datum is one set of values."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        inputs = p.get_buffer("inputs")
        gram = p.covariance(inputs, inputs) + p.jitter * (2 * p.log_scale).exp() * torch.eye(
            len(inputs), dtype=x.dtype, device=x.device
        )
        with pyro.plate("data", len(x)):
            f = pyro.sample("z", dist.MultivariateNormal(x.new_zeros(len(inputs)), gram))
            pyro.sample("x", normal(f, p.log_noise.expand(len(inputs))), obs=x)

    return Twin(model, lambda z: {"z": z})


def linear_mixed(p: LinearMixedModel) -> Twin:
    """One site for each grouping factor, named ``factor_0``, ``factor_1``, ...; then the rows."""
    names = [f"factor_{f}" for f in range(len(p.levels))]

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        covariates, groups, y = x[:, : p.covariates], x[:, p.covariates : -1].long(), x[:, -1]
        loc = covariates @ p.fixed
        for f, (name, count) in enumerate(zip(names, p.levels, strict=True)):
            effect = pyro.sample(
                name, normal(x.new_zeros(count), p.log_random_scales[f].expand(count))
            )
            loc = loc + effect[groups[:, f]]
        with pyro.plate("data", len(x)):
            pyro.sample("y", dist.Normal(loc, p.log_noise_scale.exp()), obs=y)

    return Twin(model, lambda z: dict(zip(names, z.split(p.levels, -1), strict=True)), local=False)
