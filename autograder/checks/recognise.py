"""Which mistake an answer looks like: a name rests on three numbers at least, and on one reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.finding import Finding, Mistake

__all__ = ["ATOL", "ENOUGH", "RTOL", "Seen", "by_function", "choose", "numbers", "recognise"]

RTOL, ATOL = 1e-5, 1e-7
ENOUGH = 3  # distinct numbers, none of them zero, that a name must rest on


def numbers(mistaken: np.ndarray, right: np.ndarray, room: Any = 0.0) -> tuple[float, ...]:
    """The distinct numbers, none of them zero, by which a mistake can be told from what is right; entries where both agree say nothing.

    Args:
        room: differences up to this are no difference.
    """
    if mistaken.shape == right.shape:
        with np.errstate(all="ignore"):
            apart = (np.abs(mistaken - right) > RTOL * np.abs(right) + ATOL + room) & np.isfinite(
                mistaken
            )
        mistaken, right = mistaken[apart], right[apart]
    return max((_distinct(right), _distinct(mistaken)), key=len)


def _distinct(values: np.ndarray) -> tuple[float, ...]:
    finite = values[np.isfinite(values) & (np.abs(values) > 1e-6)]
    return tuple(float(value) for value in np.unique(np.round(finite, 7)))


class Seen(NamedTuple):
    """What the mistakes of a part say of an answer."""

    key: str = ""
    hint: str = ""
    rests_on: tuple[float, ...] | None = None
    loose: bool = False

    def __bool__(self) -> bool:
        return bool(self.key)

    def finding(self, expected: str, actual: str, key: str, hint: str, **more: Any) -> Finding:
        """A failure under this name, or under the key and the sentence that go without one."""
        return Finding(
            False,
            expected,
            actual,
            self.key or key,
            self.hint or hint,
            rests_on=self.rests_on,
            loose=self.loose,
            unnamed=(key, hint),
            **more,
        )


def choose(fits: Sequence[tuple[Mistake, tuple[float, ...]]], loose: bool = False) -> Seen:
    """The name on which all that fit agree. Where two fit, both are said and neither is named."""
    if not fits:
        return Seen()
    if len({mistake.key for mistake, _ in fits}) > 1:
        return Seen(
            "either",
            "Either of these would give what came. "
            + " Or: ".join(dict.fromkeys(m.hint for m, _ in fits)),
        )
    (mistake, _), seen = fits[0], max((rests_on for _, rests_on in fits), key=len)
    return Seen(mistake.key, mistake.hint, None if loose else seen, loose)


def recognise(
    got: np.ndarray, target: np.ndarray, mistakes: Sequence[Mistake], rtol: float, atol: float
) -> Seen:
    """The mistake whose prediction agrees with what came and not with what is right: arrays first, then functions."""
    fits = []
    for mistake in mistakes:
        if callable(mistake.value):
            continue
        predicted = np.asarray(mistake.value, dtype=float)
        try:
            if (
                predicted.shape == got.shape
                and np.isfinite(predicted).any()
                and not _same(predicted, target, rtol, atol)
                and np.allclose(
                    got.astype(float), predicted, rtol=10 * rtol, atol=10 * atol, equal_nan=True
                )
            ):
                fits.append((mistake, numbers(predicted, target)))
        except (TypeError, ValueError, OverflowError):
            continue
    return choose(fits) or by_function(mistakes, got, got, target)


def _same(predicted: np.ndarray, target: np.ndarray, rtol: float, atol: float) -> bool:
    """Whether these inputs do not tell the mistake from what is right."""
    return predicted.shape == target.shape and bool(
        np.allclose(predicted, target, rtol=rtol, atol=atol)
    )


def by_function(
    mistakes: Sequence[Mistake], asked: np.ndarray, got: np.ndarray, target: np.ndarray
) -> Seen:
    """Mistakes that are recognised by a function: those that know numbers drawn at random from what came, then the first of the others."""
    fits = [mistake for mistake in mistakes if callable(mistake.value) and mistake.value(asked)]
    if not fits:
        return Seen()
    decoys = _decoys(asked)
    sharp = [mistake for mistake in fits if not any(_agrees(mistake, decoy) for decoy in decoys)]
    rests_on = numbers(np.asarray(got, dtype=float), target) if sharp else ()
    return choose([(mistake, rests_on) for mistake in sharp]) or choose([(fits[0], ())], loose=True)


def _agrees(mistake: Mistake, decoy: np.ndarray) -> bool:
    try:
        return bool(mistake.value(decoy))
    except Exception:
        return False


def _decoys(got: np.ndarray, count: int = 3) -> list[np.ndarray]:
    """Numbers drawn at random, of the shape and size of what came, and NaN or infinite where that was."""
    rng, values = np.random.default_rng(0), np.asarray(got, dtype=float)
    finite = np.isfinite(values)
    size = np.abs(values[finite]).mean() + 1e-3 if finite.any() else 1.0
    shift = rng.normal(size=(count, *values.shape[1:])) if values.ndim else np.zeros(count)
    return [
        np.where(finite, size * (rng.normal(size=values.shape) + shift[i]), values)
        for i in range(count)
    ]
