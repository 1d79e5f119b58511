"""Sets, functions, sequences and drawings in Pyro: the nets are the course's own, the densities Pyro's."""

from __future__ import annotations

import pyro
import pyro.distributions as dist
from torch import Tensor

from course_vi.models import DRAW, DeepMarkovModel, NeuralProcess, NeuralStatistician
from course_vi.nets import join
from course_vi.pyro_twins.twin import Twin, normal, output

__all__ = ["deep_markov", "draw", "neural_process", "neural_statistician"]


def neural_statistician(p: NeuralStatistician) -> Twin:
    """c ~ N(0, I); z_1, ..., z_N ~ N(mu(c), sigma(c)^2), one site; x_n from a network of z_n and c."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        points = x.unflatten(-1, (p.set_size, p.point_dim))
        with pyro.plate("data", len(x)):
            c = pyro.sample("c", dist.Normal(x.new_zeros(p.context_dim), 1.0).to_event(1))
            loc, log_scale = (
                part.unsqueeze(-2).expand(*part.shape[:-1], p.set_size, -1)
                for part in p.member(c).chunk(2, -1)
            )
            members = pyro.sample("z", normal(loc, log_scale).to_event(1))
            pyro.sample(
                "x", output(p, p.decoder(join(members, c.unsqueeze(-2)))).to_event(1), obs=points
            )

    return Twin(model, lambda z: dict(zip(("c", "z"), p.split(z), strict=True)))


def neural_process(p: NeuralProcess) -> Twin:
    """z ~ r(z | C), a diagonal normal; y_t from a network of x_t and z. The context and the inputs are given: no sites."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        context, inputs, outputs = p.split(x)
        with pyro.plate("data", len(x)):
            z = pyro.sample("z", normal(*p.encoder(context).chunk(2, -1)))
            pyro.sample(
                "y", output(p, p.decoder(join(inputs, z.unsqueeze(-2)))).to_event(1), obs=outputs
            )

    return Twin(model, lambda z: {"z": z})


def deep_markov(p: DeepMarkovModel) -> Twin:
    """z_0 ~ N(m, s^2), z_t from a network of z_{t-1}, x_t from a network of z_t: sites ``z_0``, ``x_0``, ``z_1``, ..."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        series = x.unflatten(-1, (p.steps, p.point_dim))
        with pyro.plate("data", len(x)):
            z = pyro.sample("z_0", normal(p.initial_loc, p.initial_log_scale))
            for t in range(p.steps):
                if t:
                    z = pyro.sample(f"z_{t}", normal(*p.transition(z).chunk(2, -1)))
                pyro.sample(f"x_{t}", output(p, p.emission(z)), obs=series[:, t])

    return Twin(
        model,
        lambda z: {
            f"z_{t}": value
            for t, value in enumerate(z.unflatten(-1, (p.steps, p.state_dim)).unbind(-2))
        },
    )


def draw(p: DRAW) -> Twin:
    """z_t ~ N(0, I) for each stroke, the canvas by the recurrent net, x from the last canvas: sites ``z_0``, ``z_1``, ..., ``x``."""

    def model(x: Tensor) -> None:
        pyro.module("theta", p)
        h, canvas = p.start()
        with pyro.plate("data", len(x)):
            for t in range(p.steps):
                z = pyro.sample(f"z_{t}", dist.Normal(x.new_zeros(p.stroke_dim), 1.0).to_event(1))
                h = p.cell(z, h)
                canvas = canvas + p.write(h)
            pyro.sample("x", output(p, canvas), obs=x)

    return Twin(
        model,
        lambda z: {
            f"z_{t}": value
            for t, value in enumerate(z.unflatten(-1, (p.steps, p.stroke_dim)).unbind(-2))
        },
    )
