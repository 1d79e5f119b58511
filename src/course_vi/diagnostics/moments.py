r"""How good is a gradient estimator? Its mean, its variance, and the error of both."""

from __future__ import annotations

import copy
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.bounds import elbo
from course_vi.families.base import Family, batch_shape
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.models.base import Model

Module = TypeVar("Module", bound=nn.Module)

__all__ = ["GradientMoments", "gradient_moments", "gradient_samples", "replicate"]


class GradientMoments(NamedTuple):
    """Moments of a gradient estimate, per parameter (names as in ``named_parameters`` of q, with ``p.`` in front for the model's).

    Attributes:
        mean: ``{name: tensor}``.
        variance: of *one* estimate, ``{name: tensor}``.
        standard_error: of the mean over the replicates, ``{name: tensor}``.
        replicates: R.
    """

    mean: dict[str, Tensor]
    variance: dict[str, Tensor]
    standard_error: dict[str, Tensor]
    replicates: int

    def z_scores(self, exact: dict[str, Tensor]) -> dict[str, Tensor]:
        """(mean - exact) / standard error, where exact is given."""
        return {
            name: (self.mean[name] - value) / self.standard_error[name]
            for name, value in exact.items()
        }


def replicate(q: Family, replicates: int) -> Family:
    """R copies of a family in one: every parameter gets a leading axis of size R. The batch axis is also the replicate axis.

    >>> from course_vi.families import MeanField
    >>> replicate(MeanField(3), 1000).loc.shape
    torch.Size([1000, 3])
    """
    if not q.replicable or batch_shape(q, None):
        raise TypeError(
            f"q is a {type(q).__name__} with batch {tuple(q.batch_shape)}; expected a Gaussian family without a batch"
        )
    return _copies(q, replicates)


def _copies(module: Module, replicates: int) -> Module:
    many = copy.deepcopy(module)
    for name, parameter in module.named_parameters():
        expanded = parameter.detach().expand(replicates, *parameter.shape).clone()
        setattr(many, name, nn.Parameter(expanded, requires_grad=parameter.requires_grad))
    return many


def gradient_samples(
    estimator: Estimator,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    replicates: int = 1000,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    method: str = "auto",
) -> dict[str, Tensor]:
    """R independent gradient estimates, ``{name: (R, *shape)}``.

    Args:
        estimator: any of ``course_vi.gradients``, or your own with the same signature.
        x: one datum ``(Dx,)``; a batch ``(*B, Dx)`` (its estimates are added up); or the data set of a global model.
        method: ``"batch"`` gives every replicate its own copy of the parameters and makes *one* backward pass: millions of
            replicates a second, and noise that an estimator wrongly shares over the batch shows in the variance. It needs a
            Gaussian family and one datum (or global latents), and sees the gradient of theta only where p is ``replicable``, too.
            ``"loop"`` makes one backward pass per replicate, for any family and any model. ``"auto"`` takes the batch where it can.
    """
    validate.positive_integer("replicates", replicates)
    validate.one_of("method", method, ("auto", "batch", "loop"))
    theta = [parameter for parameter in p.parameters() if parameter.requires_grad]
    single = not p.local or x.dim() == 1
    batchable = q.replicable and not q.batch_shape and single
    if method == "batch" and not batchable:
        raise ValueError(
            "method is 'batch'; expected a Gaussian family without a batch, and one datum or global latents. Use 'loop'"
        )
    if method == "batch" or (method == "auto" and batchable and not theta):
        return _batch(estimator, p, q, x, num_samples, replicates, bound, generator)
    return _loop(estimator, p, q, x, num_samples, replicates, bound, generator)


def gradient_moments(
    estimator: Estimator,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int = 1,
    replicates: int = 1000,
    bound: Bound = elbo,
    generator: torch.Generator | None = None,
    method: str = "auto",
) -> GradientMoments:
    r"""Mean, variance and standard error of a gradient estimator, from R independent estimates.

    .. math:: \bar g = \frac1R \sum_r \hat g_r, \qquad v = \frac1{R-1} \sum_r (\hat g_r - \bar g)^2, \qquad
              \mathrm{se} = \sqrt{v / R}

    Compare ``mean`` with an exact gradient in units of ``standard_error``: that is a test of bias.

    Arguments: see ``gradient_samples``.

    >>> from course_vi.families import MeanField
    >>> from course_vi.gradients import reparametrized
    >>> from course_vi.models import ConjugateToy
    >>> toy, x = ConjugateToy(), torch.tensor([2.0], dtype=torch.float64)
    >>> best = toy.posterior(x)
    >>> q = MeanField(1, best.loc, best.log_scale)
    >>> moments = gradient_moments(reparametrized, toy, q, x, replicates=20_000, generator=torch.Generator().manual_seed(0))
    >>> round(moments.variance["loc"].item()), round(moments.variance["log_scale"].item())    # theory: 1/s^2 = 2, and 2
    (2, 2)
    """
    if replicates < 2:
        raise ValueError(f"replicates is {replicates}; expected at least 2 to estimate a variance")
    samples = gradient_samples(
        estimator, p, q, x, num_samples, replicates, bound, generator, method
    )
    mean = {name: value.mean(0) for name, value in samples.items()}
    variance = {name: value.var(0) for name, value in samples.items()}
    return GradientMoments(
        mean, variance, {name: (v / replicates).sqrt() for name, v in variance.items()}, replicates
    )


def _batch(
    estimator: Estimator,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    replicates: int,
    bound: Bound,
    generator: torch.Generator | None,
) -> dict[str, Tensor]:
    rows = x.shape[0] if not p.local else 1
    chunk = max(
        1, min(replicates, int(2e7) // max(1, num_samples * max(q.noise_dim, q.dim, rows) * 4))
    )
    parts: dict[str, list[Tensor]] = {}
    for start in range(0, replicates, chunk):
        size = min(chunk, replicates - start)
        many = replicate(q, size)
        model = _copies(p, size) if p.replicable else p
        value = estimator(
            model,
            many,
            x.expand(size, *x.shape) if p.local else x,
            num_samples,
            bound=bound,
            generator=generator,
        )
        if tuple(value.shape) != (size,):
            raise ValueError(
                f"the estimator returned shape {tuple(value.shape)} for parameters with a batch of {size}; expected ({size},)"
            )
        named = dict(many.named_parameters())
        if p.replicable:
            named |= {f"p.{name}": parameter for name, parameter in model.named_parameters()}
        learned = {name: value for name, value in named.items() if value.requires_grad}
        for name, gradient in zip(learned, _gradients(value, list(learned.values())), strict=True):
            parts.setdefault(name, []).append(gradient)
    return {name: torch.cat(gradients) for name, gradients in parts.items()}


def _loop(
    estimator: Estimator,
    p: Model,
    q: Family,
    x: Tensor,
    num_samples: int,
    replicates: int,
    bound: Bound,
    generator: torch.Generator | None,
) -> dict[str, Tensor]:
    named = {
        **dict(q.named_parameters()),
        **{f"p.{name}": parameter for name, parameter in p.named_parameters()},
    }
    learned = {name: parameter for name, parameter in named.items() if parameter.requires_grad}
    parts: dict[str, list[Tensor]] = {name: [] for name in learned}
    for _ in range(replicates):
        value = estimator(p, q, x, num_samples, bound=bound, generator=generator)
        for name, gradient in zip(learned, _gradients(value, list(learned.values())), strict=True):
            parts[name].append(gradient)
    return {name: torch.stack(gradients) for name, gradients in parts.items()}


def _gradients(value: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    if not value.requires_grad:
        raise ValueError(
            "the estimator's value does not depend on any parameter; expected a surrogate with a graph (was it detached?)"
        )
    gradients = torch.autograd.grad(value.sum(), parameters, allow_unused=True)
    return [
        torch.zeros_like(parameter) if gradient is None else gradient
        for parameter, gradient in zip(parameters, gradients, strict=True)
    ]
