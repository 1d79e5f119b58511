"""A loss of Pyro as an estimator of the course: so that the same checks can be made of it."""

from __future__ import annotations

from typing import Any

import pyro
import torch
from torch import Tensor

from course_vi.bounds import elbo
from course_vi.families.base import Family
from course_vi.gradients.bound_structure import Bound
from course_vi.gradients.estimator import Estimator
from course_vi.models.base import Model
from course_vi.pyro_twins.twin import gaussian_guide

__all__ = ["pyro_estimator"]


def pyro_estimator(loss: Any) -> Estimator:
    """An estimator whose value is minus Pyro's loss on the twins of p and q, summed over the data, with the gradient that Pyro computes.

    Args:
        loss: an object with ``loss_and_grads(model, guide, x)``, such as ``pyro.infer.Trace_ELBO()``, or a function of ``(model, guide, x)``
            whose value is differentiable, such as ``stl_loss``. It decides how many particles there are, and which bound it is.

    p has a twin (``TWINS``), and q is ``MeanField`` or ``FullRank``. Pyro draws from torch's global generator; its parameter store is cleared.

    >>> from pyro.infer import Trace_ELBO
    >>> from course_vi.families import MeanField
    >>> from course_vi.models import ConjugateToy
    >>> value = pyro_estimator(Trace_ELBO())(ConjugateToy(), MeanField(1), torch.zeros(3, 1))
    >>> value.shape, value.requires_grad
    (torch.Size([]), True)
    """

    def estimator(
        p: Model,
        q: Family,
        x: Tensor,
        num_samples: int = 1,
        bound: Bound = elbo,
        generator: torch.Generator | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        from course_vi.pyro_twins import twin

        pyro.clear_param_store()
        twins = twin(p)
        model, guide = twins.model, gaussian_guide(q, twins)
        if not hasattr(loss, "loss_and_grads"):
            value: Tensor = -loss(model, guide, x)
            return value
        parameters = [*q.parameters(), *p.parameters()]
        kept = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        try:
            surrogate = torch.as_tensor(-loss.loss_and_grads(model, guide, x)).to(x)
            for parameter in parameters:
                if parameter.grad is not None:
                    surrogate = (
                        surrogate - (parameter.grad * (parameter - parameter.detach())).sum()
                    )
        finally:
            for parameter, grad in zip(parameters, kept, strict=True):
                parameter.grad = grad
        return surrogate

    estimator.__name__ = getattr(loss, "__name__", type(loss).__name__)
    return estimator
