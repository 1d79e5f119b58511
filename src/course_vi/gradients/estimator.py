r"""What every estimator does: check what it was given, draw the noise, and return a value with a gradient of its own."""

from __future__ import annotations

import math
from typing import Protocol, cast

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import Density, Drawn, Reparametrized, broadcast
from course_vi.families.base import Family, batch_shape
from course_vi.gradients.bound_structure import Bound, bound_name, is_linear
from course_vi.models.base import Model
from course_vi.nets import first_parameter

__all__ = [
    "Estimator",
    "as_surrogate",
    "draw_noise",
    "log_joint",
    "refuse_other_batch",
    "sample",
    "sample_shape",
    "transport_noise",
]


class Estimator(Protocol):
    """A surrogate ``(*B)`` whose value is the bound and whose gradient is the estimate: contract of everything in ``gradients``.

    A function, or a module where there is something to remember or to learn.
    """

    def __call__(
        self,
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = ...,
        bound: Bound = ...,
        generator: torch.Generator | None = ...,
        noise: Tensor | None = ...,
    ) -> Tensor:
        """Arguments as in ``gradients.reparametrized``."""


def draw_noise(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    bound: Bound,
    generator: torch.Generator | None,
    noise: Tensor | None,
    pathwise: bool,
) -> Tensor:
    """Check the arguments and return the noise ``(K, *B, noise_dim)``: the caller's, or freshly drawn.

    Raises: see ``sample_shape``; and
        ValueError: noise of another shape.
    """
    shape = sample_shape(p, q, x, num_samples, bound, pathwise)
    if noise is None:
        return q.noise(shape, generator)
    validate.event_size("noise", noise, q.noise_dim)
    if tuple(noise.shape[:-1]) != shape:
        raise ValueError(f"noise has shape {tuple(noise.shape)}; expected {(*shape, q.noise_dim)}")
    return noise


def sample(
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    bound: Bound,
    generator: torch.Generator | None,
    noise: Tensor | None,
) -> tuple[Density, Tensor]:
    """q(. | x), and samples from it ``(K, *B, D)`` without a graph: what every estimator begins with that needs no path.

    Raises: see ``draw_noise``; and
        ValueError: noise for a family that has none.
    """
    if q.shares_latents:
        raise TypeError(
            f"q is a {type(q).__name__}, whose rows share latents: a score function would credit these with one row's reward. Use a "
            "path gradient, such as gradients.reparametrized"
        )
    if noise is not None and not q.noise_dim:
        raise ValueError(
            f"noise was given, but q is a {type(q).__name__}, which draws its samples from a generator; expected noise=None"
        )
    if q.noise_dim:
        eps = draw_noise(p, q, x, num_samples, bound, generator, noise, pathwise=False)
        density = q.distribution(x)
        with torch.no_grad():
            return density, transport_noise(density, eps)
    shape = sample_shape(p, q, x, num_samples, bound, pathwise=False)
    validate.same_generator(generator, x.device)
    density = q.distribution(x)
    refuse_other_batch(density, torch.Size(shape[1:]))
    with torch.no_grad():
        return density, cast(Drawn, density).draw(shape, generator)


def sample_shape(
    p: Model, q: Family, x: Tensor, num_samples: int, bound: Bound, pathwise: bool
) -> tuple[int, ...]:
    """Check the arguments and return ``(K, *B)``.

    Raises:
        TypeError: a pathwise estimator for a family that has no z = t_phi(eps).
        ValueError: wrong shapes; NaN or infinity in x; x on another device than the parameters of p or q; a family and a model of
            different sizes; a minibatch scale inside a bound that is not linear.
    """
    validate.positive_integer("num_samples", num_samples)
    validate.event_size("x", x, p.data_dim)
    for name, module in (("p", p), ("q", q)):
        parameter = first_parameter(module)
        if parameter is not None:
            validate.same_place("x", x, f"the parameters of {name}", parameter)
    if not (validate.trusts() or x.device.type == "meta") and not math.isfinite(
        float(x.sum())
    ):  # one number to look at; the long look only if it is odd
        validate.finite("x", x)
    if q.dim != p.latent_dim and (q.dim < 2 or q.dim != sum(p.categories)):
        one_hot = f", or {sum(p.categories)} entries one-hot" if p.categories else ""
        raise ValueError(
            f"q is over {q.dim} latents, but p has {p.latent_dim}{one_hot}; expected one family for all of them"
        )
    if pathwise and not q.reparametrized:
        raise TypeError(
            f"q is a {type(q).__name__}, which has no z = t(eps): expected a reparametrizable family. "
            "Use gradients.score_function, or a relaxation of it"
        )
    if p.likelihood_scale(x) != 1.0 and not is_linear(bound, max(num_samples, 2)):
        raise ValueError(
            f"bound is {bound_name(bound)} and p scales a minibatch by {p.likelihood_scale(x):g}; expected bounds.elbo. "
            "A scale inside a non-linear bound is no bound at all: the noise of the minibatch enters the logarithm"
        )
    return (num_samples, *batch_shape(q, x, local=p.local))


def transport_noise(density: Density, eps: Tensor) -> Tensor:
    """z = t_phi(eps), ``(K, *B, D)``, or a refusal: a family that answers for another batch would be paired silently."""
    refuse_other_batch(density, eps.shape[1:-1])
    return cast(Reparametrized, density).transport(eps)


def refuse_other_batch(density: Density, batch: torch.Size) -> None:
    if broadcast(batch, density.batch_shape) != batch:
        raise ValueError(
            f"q answers for a batch {tuple(density.batch_shape)}; expected {tuple(batch)}. "
            "Does it read x where the latents are global?"
        )


def log_joint(p: Model, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z), ``(K, *B)``, or a refusal: a forgotten sum over the event would broadcast silently."""
    try:
        log_p = p.log_joint(x, z)
    except RuntimeError as error:
        p.explain(error, x=x, z=z)
        raise
    if log_p.shape != z.shape[:-1]:
        raise ValueError(
            f"p.log_joint gave shape {tuple(log_p.shape)} for z of shape {tuple(z.shape)}; expected {tuple(z.shape[:-1])}"
        )
    return log_p


def as_surrogate(value: Tensor, surrogate: Tensor) -> Tensor:
    """``value`` going forward, the gradient of ``surrogate`` going back.

    The order matters in float32: value + (s - s) is exactly the value; s + (value - s) loses digits when s is large.

    >>> s = torch.tensor(3.1e6, requires_grad=True)
    >>> as_surrogate(torch.tensor(-83.17), s).item() == torch.tensor(-83.17).item()
    True
    """
    return value.detach() + (surrogate - surrogate.detach())
