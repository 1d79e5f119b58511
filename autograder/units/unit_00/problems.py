"""Problems of unit 00: two quantities with one parameter, estimators to judge, and a watch over the sizes of tensors."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from autograder.protocol.problems import driver, problem

__all__ = ["NOISE", "NO_VERDICT", "TOO_MANY", "Estimator", "TooLarge", "TooMany"]


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


class _PythonMemory:
    """The most bytes that Python and NumPy held at once inside, beyond what they held before."""

    peak = 0

    def __enter__(self) -> _PythonMemory:
        self.running = tracemalloc.is_tracing()
        if not self.running:
            tracemalloc.start()
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.peak = tracemalloc.get_traced_memory()[1] - self.before
        if not self.running:
            tracemalloc.stop()


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
    """Call the learner's function while every tensor with more than ``limit`` entries is refused, and NumPy's memory is watched.

    Returns:
        ``{"large": 1}`` if one was made, else ``{"large": 0, "value": the answer}``.
    """
    try:
        with _Watch(limit):
            learner(
                scale, factor, v
            )  # what is imported on a first call takes memory, too, but once
        with _Watch(limit), _PythonMemory() as memory:
            value = learner(scale, factor, v)
    except TooLarge:
        return {"large": 1}
    if memory.peak > 2 * limit * scale.element_size():
        return {"large": 1}
    return {"large": 0, "value": value}


NO_VERDICT, TOO_MANY = -1, -2  # instead of 0 or 1


class TooMany(RuntimeError):
    """More replicates were asked for than a call may have."""


def _normal(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator)


def _uniform(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) - 0.5) * math.sqrt(12)


def _skewed(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    return -torch.log1p(-torch.rand(shape, generator=generator)) - 1


def _heavy(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A tenth of the draws are four times as wide: a kurtosis of about 13."""
    wide = torch.rand(shape, generator=generator) < 0.1
    return torch.randn(shape, generator=generator) * (1 + 3 * wide) / math.sqrt(2.5)


def _rare(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """One of two values, the upper one in a twentieth of the draws."""
    return ((torch.rand(shape, generator=generator) < 0.05).float() - 0.05) / math.sqrt(0.05 * 0.95)


# all of mean 0 and variance 1
NOISE: tuple[Callable[[tuple[int, int], torch.Generator], Tensor], ...] = (
    _normal,
    _uniform,
    _skewed,
    _heavy,
    _rare,
)


class Estimator:
    """``draw(n)``: n independent estimates of P numbers, in double precision, no more than ``limit`` in all.

    Args:
        noise: which of ``NOISE``.
        common: share of the variance that all entries have in common.
        mean, scale: of the estimates, ``(P,)``.
        single: estimates are numbers, ``(n,)``, and not ``(n, P)``.
    """

    def __init__(
        self,
        noise: int,
        common: float,
        seed: int,
        mean: Tensor,
        scale: Tensor,
        single: bool,
        limit: int,
    ) -> None:
        generator, entries = torch.Generator().manual_seed(seed), len(mean)
        self.asked, self.limit, self.mean, self.scale, self.single = 0, limit, mean, scale, single
        self.noise = NOISE[noise]((limit, entries), generator)
        if common:
            shared = NOISE[noise]((limit, 1), generator)
            self.noise = math.sqrt(common) * shared + math.sqrt(1 - common) * self.noise

    def __call__(self, n: int) -> Tensor:
        first, self.asked = self.asked, self.asked + max(int(n), 0)
        if self.asked > self.limit:
            raise TooMany(
                f"{self.asked:,} replicates were asked for; a call may have {self.limit:,}"
            )
        found = self.mean + self.scale * self.noise[first : self.asked].double()
        return found[:, 0] if self.single else found


@driver("is_biased")
def is_biased(
    learner: Any,
    noise: Tensor,
    common: Tensor,
    seed: Tensor,
    exact: Tensor,
    mean: Tensor,
    scale: Tensor,
    single: bool,
    limit: int,
) -> dict[str, Tensor]:
    """Put estimators to the learner's function, one a row, each afresh.

    Returns:
        ``verdict``, ``(C,)``: 1 for biased, 0 for not, ``NO_VERDICT`` or ``TOO_MANY``; ``asked``, ``(C,)``: how many replicates.
    """
    verdicts, asked = [], []
    for row in range(len(noise)):
        draw = Estimator(
            int(noise[row]),
            float(common[row]),
            int(seed[row]),
            mean[row],
            scale[row],
            single,
            limit,
        )
        try:
            verdict = _verdict(learner(draw, exact[row].item() if single else exact[row].clone()))
        except TooMany:
            verdict = TOO_MANY
        verdicts.append(TOO_MANY if draw.asked > limit else verdict)
        asked.append(draw.asked)
    return {"verdict": torch.tensor(verdicts), "asked": torch.tensor(asked)}


def _verdict(answer: Any) -> int:
    """True and False in any form: Python's, NumPy's, a tensor of one."""
    if hasattr(answer, "item") and getattr(answer, "size", None) is not None:
        count = answer.numel() if isinstance(answer, Tensor) else answer.size
        answer = answer.item() if count == 1 else None
    known = isinstance(answer, (bool, int, float)) and answer in (0, 1)
    return int(answer) if known else NO_VERDICT
