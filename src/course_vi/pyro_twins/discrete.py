"""Discrete latents in Pyro, which can add up all their states by itself (``TraceEnum_ELBO``), in the model and in the guide."""

from __future__ import annotations

from collections.abc import Callable

import pyro
import pyro.distributions as dist
import torch
from pyro.poutine.runtime import InferDict
from torch import Tensor

from course_vi.families import BernoulliMeanField
from course_vi.models import (
    BernoulliMixture,
    GaussianHMM,
    GaussianMixture,
    HiddenMarkovModel,
    MultivariateGaussianHMM,
    SigmoidBeliefNet,
)
from course_vi.pyro_twins.twin import Twin

__all__ = [
    "belief_net",
    "bernoulli_guide",
    "bernoulli_mixture",
    "gaussian_mixture",
    "hidden_markov",
]

EVERY: InferDict = {"enumerate": "parallel"}


def gaussian_mixture(p: GaussianMixture) -> Twin:
    """z ~ Categorical(pi), x ~ N(mu_z, Sigma_z). With ``TraceEnum_ELBO`` and an empty guide the loss is minus the log evidence."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        covariances = p.roots @ p.roots.mT
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Categorical(logits=p.logits), infer=EVERY)
            pyro.sample("x", dist.MultivariateNormal(p.locs[z], covariances[z]), obs=x)

    return Twin(model, lambda z: {"z": z[..., 0].long()})


def bernoulli_mixture(p: BernoulliMixture) -> Twin:
    """z ~ Categorical(pi), x_i ~ Bernoulli(p_zi)."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", dist.Categorical(logits=p.logits), infer=EVERY)
            pyro.sample("x", dist.Bernoulli(logits=p.pixel_logits[z]).to_event(1), obs=x)

    return Twin(model, lambda z: {"z": z[..., 0].long()})


def hidden_markov(p: HiddenMarkovModel) -> Twin:
    """A state for each step, ``z_0`` ... ``z_{T-1}``; ``pyro.markov`` tells Pyro to eliminate them one after another."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            z = torch.zeros((), dtype=torch.long)
            for t in pyro.markov(range(p.steps)):
                logits = p.transition_logits[z] if t else p.initial_logits
                z = pyro.sample(f"z_{t}", dist.Categorical(logits=logits), infer=EVERY)
                if isinstance(p, GaussianHMM):
                    pyro.sample(f"x_{t}", dist.Normal(p.loc[z], p.log_scale.exp()[z]), obs=x[:, t])
                elif isinstance(p, MultivariateGaussianHMM):
                    law = dist.MultivariateNormal(p.loc[z], (p.root @ p.root.mT)[z])
                    pyro.sample(f"x_{t}", law, obs=x.unflatten(-1, (p.steps, -1))[:, t])
                else:
                    pyro.sample(
                        f"x_{t}", dist.Categorical(logits=p.emission_logits[z]), obs=x[:, t].long()
                    )

    return Twin(model, lambda z: {f"z_{t}": z[..., t].long() for t in range(p.steps)})


def belief_net(p: SigmoidBeliefNet) -> Twin:
    """Bits from the top layer down, one site each: ``z{layer}_{bit}``, layer 1 the lowest."""
    names = [
        f"z{layer}_{bit}" for layer in range(1, len(p.layers)) for bit in range(p.layers[layer])
    ]

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        with pyro.plate("data", len(x)):
            logits = p.biases[-1].expand(len(x), -1)
            for layer in reversed(range(1, len(p.layers))):
                bits = [
                    pyro.sample(f"z{layer}_{bit}", dist.Bernoulli(logits=logits[..., bit]))
                    for bit in range(p.layers[layer])
                ]
                above = torch.stack(torch.broadcast_tensors(*bits), -1)
                logits = above @ p.weights[layer - 1].mT + p.biases[layer - 1]
            pyro.sample("x", dist.Bernoulli(logits=logits).to_event(1), obs=x)

    return Twin(model, lambda z: dict(zip(names, z.unbind(-1), strict=True)))


def bernoulli_guide(
    q: BernoulliMeanField, twin: Twin, enumerated: bool = True
) -> Callable[[Tensor], None]:
    """Independent bits with q's own logits, one site each. Enumerated, the ELBO of ``TraceEnum_ELBO`` is exact."""
    names = list(twin.sites(torch.zeros(q.dim)))

    def guide(x: Tensor) -> None:
        pyro.module("q", q)
        with pyro.plate("data", len(x)):
            for bit, name in enumerate(names):
                pyro.sample(
                    name,
                    dist.Bernoulli(logits=q.logits[..., bit]),
                    infer=EVERY if enumerated else None,
                )

    return guide
