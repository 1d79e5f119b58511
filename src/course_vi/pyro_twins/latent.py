"""Latents of their own for every datum, from two Bernoullis to variational autoencoders: everything inside the plate."""

from __future__ import annotations

from typing import Any

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from course_vi.models import (
    VAE,
    ConditionalVAE,
    ConjugateToy,
    DeepBernoulli,
    DoublyDeepBernoulli,
    GaussianChain,
    HierarchicalVAE,
    ProbabilisticPCA,
    TwoBernoullis,
)
from course_vi.pyro_twins.twin import Twin, normal, output

__all__ = [
    "conditional_vae",
    "conjugate_toy",
    "deep_bernoulli",
    "doubly_deep_bernoulli",
    "gaussian_chain",
    "hierarchical_vae",
    "probabilistic_pca",
    "two_bernoullis",
    "vae",
]


def _standard(x: Tensor, size: int) -> Any:
    return dist.Normal(x.new_zeros(size), 1.0).to_event(1)


def _bits(logits: Tensor) -> Any:
    return dist.Bernoulli(logits=logits, validate_args=False).to_event(1)


def conjugate_toy(p: ConjugateToy) -> Twin:
    """z ~ N(0, I), x ~ N(z, I)."""

    def model(x: Tensor) -> None:
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", _standard(x, p.latent_dim))
            pyro.sample("x", dist.Normal(z, 1.0).to_event(1), obs=x)

    return Twin(model, lambda z: {"z": z})


def gaussian_chain(p: GaussianChain) -> Twin:
    """z2 ~ N(0, 1), z1 ~ N(z2, 1), x ~ N(z1, 1); the event of z is (z1, z2)."""

    def model(x: Tensor) -> None:
        with pyro.plate("data", len(x)):
            z2 = pyro.sample("z2", _standard(x, 1))
            z1 = pyro.sample("z1", dist.Normal(z2, 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z1, 1.0).to_event(1), obs=x)

    return Twin(model, lambda z: {"z1": z[..., :1], "z2": z[..., 1:]})


def two_bernoullis(p: TwoBernoullis) -> Twin:
    """z ~ N(0, 1), x_i ~ Bernoulli(sigmoid(a_i + b_i z))."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", _standard(x, 1))
            pyro.sample("x", _bits(p.intercepts + p.slopes * z), obs=x)

    return Twin(model, lambda z: {"z": z})


def probabilistic_pca(p: ProbabilisticPCA) -> Twin:
    """z ~ N(0, I), x ~ N(W z + mu, sigma^2 I)."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", _standard(x, p.latent_dim))
            pyro.sample("x", normal(z @ p.loadings.mT + p.loc, p.log_noise_scale), obs=x)

    return Twin(model, lambda z: {"z": z})


def vae(p: VAE) -> Twin:
    """z ~ N(0, I), x ~ bits or normals from the decoder."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", _standard(x, p.latent_dim))
            pyro.sample("x", output(p, p.decoder(z)), obs=x)

    return Twin(model, lambda z: {"z": z})


def conditional_vae(p: ConditionalVAE) -> Twin:
    """The label's columns are given: they enter the decoder, and are no site."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        images, labels = x[:, : p.image_dim], x[:, p.image_dim :]
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", _standard(x, p.latent_dim))
            raw = p.decoder(torch.cat([z, labels.expand(*z.shape[:-1], -1)], -1))
            pyro.sample("x", output(p, raw), obs=images)

    return Twin(model, lambda z: {"z": z})


def hierarchical_vae(p: HierarchicalVAE) -> Twin:
    """z2 ~ N(0, I), z1 from a network of z2, x from a network of z1; the event of z is (z1, z2)."""
    lower, upper = p.latent_dims

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z2 = pyro.sample("z2", _standard(x, upper))
            raw, kind = p.network(z2), p.transition
            loc, log_scale = (
                raw.split(lower, -1) if kind.scale == "network" else (raw, kind.log_scales(raw))
            )
            z1 = pyro.sample("z1", normal(loc, log_scale))
            pyro.sample("x", output(p.bottom, p.bottom.decoder(z1)), obs=x)

    return Twin(model, lambda z: {"z1": z[..., :lower], "z2": z[..., lower:]})


def deep_bernoulli(p: DeepBernoulli) -> Twin:
    """z ~ N(mu, Sigma), x ~ bits from a network."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.MultivariateNormal(p.loc, p.root @ p.root.mT))
            pyro.sample("x", _bits(p.decoder(z)), obs=x)

    return Twin(model, lambda z: {"z": z})


def doubly_deep_bernoulli(p: DoublyDeepBernoulli) -> Twin:
    """z1 ~ N(mu, Sigma_1), z2 ~ N(g(z1), Sigma_2), x ~ bits from a network of z2."""
    top, _ = p.sizes

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z1 = pyro.sample("z1", dist.MultivariateNormal(p.loc, p.first_root @ p.first_root.mT))
            z2 = pyro.sample(
                "z2", dist.MultivariateNormal(p.inner(z1), p.second_root @ p.second_root.mT)
            )
            pyro.sample("x", _bits(p.decoder(z2)), obs=x)

    return Twin(model, lambda z: {"z1": z[..., :top], "z2": z[..., top:]})
