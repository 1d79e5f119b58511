"""Drivers of unit 02: what is differentiated on the learner's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.protocol.problems import driver
from autograder.protocol.pullback import row_weights

__all__: list[str] = []


@driver("predicted_bias/slopes")
def predicted_bias_slopes(
    learner: Callable[..., Any], first: Tensor, second: Tensor, num_samples: int, t: float
) -> Tensor:
    """The slopes of the first row of the learner's table in the two moments, ``(2, *B)``; zeros where no graph leads to them."""
    moments = [each.clone().requires_grad_() for each in (first, second)]
    bias = learner(*moments, num_samples, t)[0]
    weights = row_weights(first.shape)
    if not (isinstance(bias, Tensor) and bias.requires_grad and bias.shape == first.shape):
        return torch.zeros(2, *first.shape, dtype=first.dtype)
    slopes = torch.autograd.grad(bias, moments, weights.to(bias), allow_unused=True)
    return torch.stack(
        [torch.zeros_like(first) if slope is None else slope / weights for slope in slopes]
    )
