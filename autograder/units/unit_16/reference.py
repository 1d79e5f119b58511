"""What several exercises of unit 16 share: KLs and densities of diagonal normals, slopes of answers, and the comparison of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Size, Tensor

from autograder.checks.compare import compare
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import GradientReply
from autograder.protocol.pullback import pull_back
from autograder.units.shared import LOG_2PI, Arrays

__all__ = ["compared", "kl", "normal_log_prob", "slopes", "tensors"]


def tensors(params: Arrays) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(value)) for name, value in params.items()}


def kl(loc: Tensor, log_scale: Tensor, other_loc: Any = 0.0, other_log_scale: Any = 0.0) -> Tensor:
    """KL of one diagonal normal from another, a standard one unless it is given, summed over the last axis."""
    other = torch.as_tensor(other_log_scale, dtype=torch.float64)
    ratio = log_scale - other
    off = (loc - other_loc) * (-other).exp()
    return (0.5 * (2 * ratio).exp() + 0.5 * off**2 - 0.5 - ratio).sum(-1)


def normal_log_prob(z: Tensor, loc: Any = 0.0, log_scale: Any = 0.0) -> Tensor:
    """log N(z; loc, exp(log_scale)^2), number by number."""
    log_scale = torch.as_tensor(log_scale, dtype=torch.float64)
    value: Tensor = -0.5 * ((z - loc) * (-log_scale).exp()) ** 2 - log_scale - 0.5 * LOG_2PI
    return value


def slopes(value: Tensor, learn: dict[str, Tensor], batch: Sequence[int], seed: int) -> np.ndarray:
    """All gradients side by side, ``(P)``, pulled back with the weights of the request of this seed."""
    found = pull_back(
        value, list(learn.values()), Size(batch), seed, shared=True, retain_graph=True
    )
    parts = [
        torch.zeros_like(parameter) if one is None else one
        for parameter, one in zip(learn.values(), found, strict=True)
    ]
    return np.concatenate([part.numpy().ravel() for part in parts])


def compared(
    reply: GradientReply,
    found: dict[str, Tensor],
    says: dict[str, str],
    made: dict[str, Any],
    what: str,
    of_gradient: bool = False,
) -> Finding:
    """The value, or the gradient, of a reply beside what is right and what mistakes make of it.

    Args:
        found: values with graphs; what is right is called ``right``.
        made: the problem's objects, of which the graphs are.
    """
    if of_gradient:
        values = {
            key: slopes(value, made["learn"], made["batch"], reply.seed)
            for key, value in found.items()
        }
        got: Any = reply.flat()
    else:
        values = {key: value.detach().numpy() for key, value in found.items()}
        got = reply.value
    same = "kl_missing" if of_gradient else "kl_detached"  # a KL that is missing has no gradient
    mistakes = [Mistake(key, says[key], values[key]) for key in found if key not in ("right", same)]
    title = f"the gradient of {what}" if of_gradient else what
    return compare(got, values["right"], mistakes, rtol=1e-5 if of_gradient else 1e-9, what=title)
