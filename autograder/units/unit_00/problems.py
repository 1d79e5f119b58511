"""Problems of unit 00: two quantities with one parameter, and a watch over the sizes of tensors."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from autograder.protocol.problems import driver, problem

__all__ = ["TooLarge"]


class TooLarge(MemoryError):
    """An operation made a tensor larger than was allowed."""


class _Watch(TorchDispatchMode):
    """Refuse every operation whose result has more than ``limit`` entries. Views that repeat entries without storing them may pass."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor) and leaf.numel() > self.limit and 0 not in leaf.stride():
                raise TooLarge(
                    f"{func} made a tensor of shape {tuple(leaf.shape)}: {leaf.numel():,} entries"
                )
        return result


@problem("two_quantities")
def two_quantities(a: Tensor, b: Tensor, scale: Tensor) -> dict[str, Any]:
    """``value = sin(a) + b`` and ``surrogate = scale * a^2 b``, both ``(*B)``, each depending on both parameters."""
    a, b = a.requires_grad_(), b.requires_grad_()
    return {
        "value": a.sin() + b,
        "surrogate": scale * a**2 * b,
        "batch": a.shape,
        "learn": {"a": a, "b": b},
    }


@driver("watch_sizes")
def watch_sizes(
    learner: Any, scale: Tensor, factor: Tensor, v: Tensor, limit: int
) -> dict[str, Any]:
    """Call the learner's function while every tensor with more than ``limit`` entries is refused.

    Returns:
        ``{"large": 1}`` if one was made, else ``{"large": 0, "value": the answer}``.
    """
    try:
        with _Watch(limit):
            return {"large": 0, "value": learner(scale, factor, v)}
    except TooLarge:
        return {"large": 1}
