"""Whether the numbers of a statement bear it out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from course_vi.study.events import Agreement, Arm, Comparison, Rest
from course_vi.study.table import Table

__all__ = [
    "flat",
    "judge_agreement",
    "judge_comparison",
    "judge_rest",
    "numbers_of",
    "run_arms",
    "summary",
]


def flat(value: Any) -> float:
    """What an arm gave, as a number.

    Raises:
        ValueError: it is not one finite number.

    >>> flat(torch.tensor([2.0]))
    2.0
    """
    number = float(value.detach() if isinstance(value, Tensor) else value)
    if not math.isfinite(number):
        raise ValueError(f"an arm gave {number}; expected a finite number")
    return number


def numbers_of(value: Any) -> dict[str, float]:
    """One number, or several by name, as ``{name: number}``.

    >>> numbers_of({"mean": 2, "share": 0.5}), numbers_of(3)
    ({'mean': 2.0, 'share': 0.5}, {'value': 3.0})
    """
    if isinstance(value, Mapping):
        return {str(name): flat(one) for name, one in value.items()}
    return {"value": flat(value)}


def run_arms(
    arms: Mapping[str, Arm], data: Table, seeds: Sequence[int]
) -> dict[str, list[float]]:  # fmt: skip
    """Each arm with each seed: seed by seed, so that both arms of a pair run one after the other."""
    found: dict[str, list[float]] = {name: [] for name in arms}
    for seed in seeds:
        for name, arm in arms.items():
            found[name].append(flat(arm(data, seed)))
    return found


def summary(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """Mean, standard error and t of paired differences; t is infinite where they are all the same and not zero.

    >>> summary([2.0, 3.0], [1.0, 1.0])
    (1.5, 0.5, 3.0)
    """
    d = torch.tensor(first, dtype=torch.float64) - torch.tensor(second, dtype=torch.float64)
    mean, error = d.mean().item(), d.std().item() / math.sqrt(len(d))
    t = mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0
    return mean, error, t


def judge_comparison(event: Comparison) -> None:
    """Fill in numbers, verdict and line."""
    (one, first), (two, second) = event.values.items()
    mean, error, t = summary(first, second)
    event.holds = t >= event.limit
    event.numbers = _both(one, first) | _both(two, second)
    event.numbers |= {"n": float(len(first)), "difference": mean, "standard error": error, "t": t}
    if sum(second):
        event.numbers["ratio"] = sum(first) / sum(second)
    if sum(first):
        event.numbers["inverse ratio"] = sum(second) / sum(first)
    event.printed = _line(
        event.holds, event.sentence, len(first), f"difference {mean:+.4g} ± {error:.2g}, t = {t:+.1f}"
    )  # fmt: skip


def judge_agreement(event: Agreement) -> None:
    """Fill in numbers, verdict and line: mean difference and two standard errors within the tolerance, and not so for ``wrong``."""
    (one, first), (two, second), (_, wrong) = event.values.items()
    mean, error, t = summary(first, second)
    far, its_error, _ = summary(wrong, second)
    equal = abs(mean) + 2 * error <= event.within
    seen = abs(far) - 2 * its_error > event.within
    event.holds = equal and seen
    event.numbers = _both(one, first) | _both(two, second)
    event.numbers |= {"n": float(len(first)), "difference": mean, "standard error": error, "t": t}
    event.numbers |= {"within": event.within, "wrong": far, "its standard error": its_error}
    says = f"difference {mean:+.3g} ± {error:.2g}, within {event.within:g}; the wrong one {far:+.3g} ± {its_error:.2g}"
    event.printed = _line(event.holds, event.sentence, len(first), says)


def judge_rest(event: Rest) -> None:
    """Fill in numbers, verdict and line."""
    mean, error, _ = summary(event.values["twice"], event.values["once"])
    moved, _, _ = summary(event.values["once"], event.starts)
    still = abs(mean) + 2 * error <= event.within
    event.holds = still and abs(moved) > event.within
    event.numbers = {"n": float(len(event.starts)), "difference": mean, "standard error": error}
    event.numbers |= {"within": event.within, "moved": moved, "steps": float(event.steps)}
    says = f"twice {event.steps} steps give {mean:+.3g} ± {error:.2g} more, within {event.within:g}; moved by {moved:+.3g}"
    event.printed = _line(event.holds, event.sentence, len(event.starts), says)


def _both(name: str, values: Sequence[float]) -> dict[str, float]:
    spread = torch.tensor(values, dtype=torch.float64).std().item()
    found = {name: sum(values) / len(values), f"{name}, standard deviation": spread}
    return found | {f"{name}, standard error": spread / math.sqrt(len(values))}


def _line(holds: bool, sentence: str, n: int, says: str) -> str:
    return f"{'holds' if holds else 'DOES NOT HOLD'}: {sentence}  (n = {n}, {says})"
