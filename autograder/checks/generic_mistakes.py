"""Mistakes that people make in every exercise, recognised from what came and what was wanted, with no work for each unit.

A *name* is given to the one transformation of the catalogue that explains every entry and can be told from what is right; where two
explain it, both are said and neither is named. What no name explains may still be *described*: a constant factor, a constant offset,
which entries are right. A description is true by construction and says no cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.recognise import ATOL, RTOL, numbers

__all__ = ["Named", "describe", "order", "recognise"]

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
MOST = 8  # how many times a constant may be lost


class Named(NamedTuple):
    """A name or a description.

    Attributes:
        key: begins with ``generic_`` for a name; ``either`` where two fit, ``described`` for what names nothing.
        came: numbers that belong to the sentence, for those who may see numbers.
        rests_on: the distinct numbers that tell this mistake from the right answer; None where numbers do not matter.
    """

    key: str
    hint: str
    actual: str = ""
    rests_on: tuple[float, ...] | None = None


Row = tuple[str, str, Any]  # key, sentence, what this mistake would return


def recognise(got: Any, want: Any, rtol: float = RTOL, atol: float = ATOL) -> Named | None:
    """The one generic mistake that turns ``want`` into ``got``."""
    got, want = _array(got), _array(want)
    if got is None or want is None or not got.size or not want.size or not np.isfinite(want).all():
        return None
    fits: dict[str, Named] = {}
    with np.errstate(all="ignore"):
        for key, hint, value in _catalogue(want):
            if key in fits:
                continue
            mistaken = np.asarray(value, dtype=float)
            if not (np.abs(mistaken) > 10 * atol).any():
                continue  # zeros alone show no cause
            rests_on = numbers(mistaken, want)
            if (
                rests_on
                and _close(got, mistaken, rtol, atol)
                and not _close(mistaken, want, rtol, atol)
            ):
                fits[key] = Named(key, hint, rests_on=rests_on)
    if len(fits) > 1:
        return Named(
            "either",
            "This is what would come from either of these. "
            + " Or: ".join(fit.hint for fit in fits.values()),
        )
    return next(iter(fits.values()), None)


def _array(value: Any) -> Any:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def _close(a: np.ndarray, b: np.ndarray, rtol: float, atol: float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol))


def _catalogue(want: np.ndarray) -> Iterator[Row]:
    yield from _entries(want)
    yield from _constants(want)
    for axis in range(want.ndim):
        yield from _along(want, axis)
    if want.ndim > 1:
        yield "generic_sum_all", "You summed over everything: one number came.", want.sum()
        yield "generic_mean_all", "You averaged over everything: one number came.", want.mean()
        yield "generic_transposed", "Rows and columns are exchanged.", np.swapaxes(want, -1, -2)
        yield (
            "generic_mean_in_rows",
            "Every entry is the mean over all of them.",
            want.mean() + 0 * want,
        )


def _entries(want: np.ndarray) -> list[Row]:
    """What is done to each number alone."""
    return [
        ("generic_sign", "The sign is turned: yours is minus what is asked.", -want),
        ("generic_twice", "Yours is twice what is asked.", 2 * want),
        ("generic_half", "Yours is half of what is asked.", want / 2),
        ("generic_minus_twice", "Yours is minus two times what is asked.", -2 * want),
        ("generic_minus_half", "Yours is minus one half of what is asked.", -want / 2),
        (
            "generic_bits",
            "Yours is what is asked, divided by ln 2: another base of the logarithm (bits for nats).",
            want / np.log(2),
        ),
        (
            "generic_nats",
            "Yours is what is asked, times ln 2: another base of the logarithm (nats for bits).",
            want * np.log(2),
        ),
        (
            "generic_log10",
            "Yours is what is asked, divided by ln 10: a decimal logarithm.",
            want / np.log(10),
        ),
        (
            "generic_abs",
            "Yours is the absolute value of what is asked: negative numbers lost their sign.",
            np.abs(want),
        ),
        ("generic_clamp", "Negative numbers were cut off at zero.", np.maximum(want, 0)),
        ("generic_clamp_above", "Positive numbers were cut off at zero.", np.minimum(want, 0)),
        ("generic_reciprocal", "Yours is one over what is asked.", 1 / want),
        ("generic_log", "Yours is the logarithm of what is asked.", np.log(want)),
        ("generic_exp", "Yours is the exponential of what is asked.", np.exp(want)),
        (
            "generic_square",
            "Yours is the square of what is asked: is it a variance, and a scale is asked?",
            want**2,
        ),
        (
            "generic_root",
            "Yours is the square root of what is asked: is it a scale, and a variance is asked?",
            np.sqrt(want),
        ),
        ("generic_half_log", "Yours is the logarithm of what is asked, halved.", np.log(want) / 2),
        (
            "generic_twice_exp",
            "Yours is the exponential of twice what is asked: is it a variance, and a log-scale is asked?",
            np.exp(2 * want),
        ),
    ]


def _constants(want: np.ndarray) -> Iterator[Row]:
    """What is added to every number alike. The number is said, and no cause that it does not prove."""
    for k in range(1, MOST + 1):
        for sign, word in ((1, "more"), (-1, "less")):
            yield (
                f"generic_2pi_{word}_{k}",
                f"Yours is {k} times (1/2) log 2 pi {word} than what is asked, at every entry: the constant "
                "of the Gaussian density is lost, too many times there, or there with the wrong sign.",
                want + sign * k * HALF_LOG_2PI,
            )
    for k in range(1, MOST + 1):
        for sign, word in ((1, "more"), (-1, "less")):
            yield (
                f"generic_constant_{word}_{k}",
                f"Yours is {k}/2 {word} than what is asked, at every entry.",
                want + sign * k / 2,
            )


def _along(want: np.ndarray, axis: int) -> Iterator[Row]:
    """What is done along one axis."""
    n, word = want.shape[axis], f"axis {axis} (of length {want.shape[axis]})"
    for keep in (False, True):
        yield (
            f"generic_sum_{axis}",
            f"You also summed over {word}. That axis is to stay.",
            want.sum(axis, keepdims=keep),
        )
        yield (
            f"generic_mean_{axis}",
            f"You also averaged over {word}. That axis is to stay.",
            want.mean(axis, keepdims=keep),
        )
    if n < 2:
        return
    mean, first = want.mean(axis, keepdims=True), np.take(want, [0], axis)
    yield (
        "generic_mean_in_rows",
        f"Every entry along {word} is the mean over it.",
        mean + 0 * want,
    )
    yield (
        f"generic_sum_in_rows_{axis}",
        f"Every entry along {word} is the sum over it.",
        n * mean + 0 * want,
    )
    yield (
        f"generic_first_in_rows_{axis}",
        f"Every entry along {word} is the first one.",
        first + 0 * want,
    )
    yield (
        f"generic_first_{axis}",
        f"Only the first entry along {word} came. That axis is to stay.",
        first.squeeze(axis),
    )
    yield (
        f"generic_cumulated_{axis}",
        f"Yours is the running sum along {word} of what is asked.",
        want.cumsum(axis),
    )
    if n > 2:
        yield (
            f"generic_times_{n}",
            f"Yours is {n} times what is asked: a sum over an axis of length {n} in place of a mean?",
            want * n,
        )
        yield (
            f"generic_over_{n}",
            f"Yours is what is asked, divided by {n}: a mean over an axis of length {n} in place of a sum?",
            want / n,
        )
        yield (
            f"generic_flipped_{axis}",
            f"The entries along {word} stand in reverse order.",
            np.flip(want, axis),
        )
    for shift in range(1, min(n, MOST + 1)):
        yield (
            f"generic_rolled_{axis}",
            f"The entries along {word} are right, and each stands in the wrong place, "
            "moved on by the same number of places.",
            np.roll(want, shift, axis),
        )


def order(value: Any, want: Any, got: Any) -> Named | None:
    """Whether what is asked was returned as another of several results."""
    wanted, mine = _array(want), _array(got)
    if not isinstance(value, list) or len(value) < 2 or wanted is None or mine is None:
        return None
    results = [_array(item) for item in value]
    where = [
        i for i, item in enumerate(results) if item is not None and _close(item, wanted, RTOL, ATOL)
    ]
    here = [
        i
        for i, item in enumerate(results)
        if item is not None and item.shape == mine.shape and np.array_equal(item, mine)
    ]
    if len(where) != 1 or not here or where[0] in here:
        return None
    hint = f"What is asked here is what you return as result {where[0] + 1} of {len(results)}: the results stand in another order."
    return Named("generic_order", hint, rests_on=numbers(mine, wanted))


def describe(got: Any, want: Any, rtol: float = RTOL, atol: float = ATOL) -> Named | None:
    """What is true of the difference, without a cause."""
    got, want = _array(got), _array(want)
    if (
        got is None
        or want is None
        or got.shape != want.shape
        or got.size < 3
        or not np.isfinite(got).all()
        or not np.isfinite(want).all()
    ):
        return None
    if not got.any():
        return Named("described", "Every entry of yours is zero.")
    if np.ptp(got) <= 1e-12 * np.abs(got).max() and np.ptp(want) > 1e-6:
        return Named("described", "Every entry of yours is the same number.")
    return _proportion(got, want) or _places(got, want, np.isclose(got, want, rtol=rtol, atol=atol))


def _proportion(got: np.ndarray, want: np.ndarray) -> Named | None:
    """One number added to, or multiplied with, all entries; rounding alone, which differs from entry to entry, is neither."""
    offset, big = got - want, np.abs(want) > 1e-6
    if (
        np.ptp(offset) <= min(1e-6 * (1 + np.abs(offset).max()), 0.01 * np.abs(offset).max())
        and np.ptp(want) > 1e-6
    ):
        return Named(
            "described",
            "Yours is what is asked plus one and the same number at every entry.",
            f"what is asked {offset.mean():+.5g}",
        )
    if (
        np.unique(np.round(want[big], 7)).size >= 3
        and not np.abs(got[~big]).max(initial=0.0) > 1e-6
    ):
        ratio = got[big] / want[big]
        if np.ptp(ratio) <= min(1e-6 * np.abs(ratio).max(), 0.01 * np.abs(ratio - 1).max()):
            return Named(
                "described",
                "Yours is what is asked times one and the same number at every entry.",
                f"what is asked times {ratio.mean():.5g}",
            )
    return None


def _places(got: np.ndarray, want: np.ndarray, right: np.ndarray) -> Named | None:
    """Which entries are right, if that can be said in a sentence."""
    if not right.any() or right.all() or right.mean() < 0.2:
        return None
    for axis in range(want.ndim):
        others = tuple(i for i in range(want.ndim) if i != axis)
        along, somewhere = right.all(axis=others), right.any(axis=others)
        if along.any() and not along.all() and (along == somewhere).all():
            where = f"axis {axis}" if want.ndim > 1 else "the axis"
            return Named(
                "described",
                f"Right at index {_listed(along)} of {where}, wrong at {_listed(np.logical_not(along))}.",
            )
    for side, word, other in (
        (want > 0, "positive", "negative"),
        (want < 0, "negative", "positive"),
    ):
        if (side == right).all() and right.sum() >= 3 and (~right).sum() >= 3:
            return Named(
                "described",
                f"Right wherever the right answer is {word}, wrong wherever it is {other}.",
            )
    return None


def _listed(mask: Any) -> str:
    places = [str(index) for index in np.flatnonzero(mask)]
    return ", ".join(places[:6]) + (", ..." if len(places) > 6 else "")
