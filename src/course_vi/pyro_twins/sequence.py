"""A linear Gaussian state space model in Pyro, step by step."""

from __future__ import annotations

import pyro
import pyro.distributions as dist
from torch import Tensor

from course_vi.models import LinearGaussianSSM
from course_vi.pyro_twins.twin import Twin

__all__ = ["state_space"]


def state_space(p: LinearGaussianSSM) -> Twin:
    """z_0 ~ N(m, P), z_t ~ N(A z_{t-1}, Q), x_t ~ N(C z_t, R): sites ``z_0``, ``x_0``, ``z_1``, ..."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        series = x.unflatten(-1, (p.steps, p.p))
        moved, seen = p.transition_root @ p.transition_root.mT, p.emission_root @ p.emission_root.mT
        with pyro.plate("data", len(x)):
            z = pyro.sample(
                "z_0", dist.MultivariateNormal(p.initial_loc, p.initial_root @ p.initial_root.mT)
            )
            for t in range(p.steps):
                if t:
                    z = pyro.sample(f"z_{t}", dist.MultivariateNormal(z @ p.transition.mT, moved))
                pyro.sample(
                    f"x_{t}", dist.MultivariateNormal(z @ p.emission.mT, seen), obs=series[:, t]
                )

    return Twin(
        model,
        lambda z: {
            f"z_{t}": value for t, value in enumerate(z.unflatten(-1, (p.steps, p.d)).unbind(-2))
        },
    )
