"""Exact questions: equal up to rounding, zero for every draw, or a property that holds. Chance has no part in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.finding import Finding, Mistake
from autograder.checks.recognise import ATOL, RTOL, Seen, recognise

__all__ = ["compare", "holds", "zero"]


def compare(
    got: Any,
    want: Any,
    mistakes: Sequence[Mistake] | Callable[[], Sequence[Mistake]] = (),
    rtol: float = RTOL,
    atol: float | None = None,
    what: str = "it",
    columns: Callable[[], dict[str, np.ndarray]] | None = None,
) -> Finding:
    """Equal up to rounding, in shape and value. ``want`` may be nested in lists or dicts; ``got`` must then be too.

    Chance has no part in this: inputs are float64, and the tolerance leaves room for any right order of summation.

    Args:
        mistakes: that might be seen; or what makes them, which is asked on failure alone.
        rtol, atol: the tolerance; without ``atol`` a hundredth of ``rtol``, and never more than 1e-7.
        columns: makes the named parts of which the difference may be a sum, each of the shape of ``want``; called on failure alone. A
            gradient that was asked of p and q needs none: its parts are made from the request.
    """
    target = np.asarray(want, dtype=float)
    atol = ATOL * min(1.0, rtol / RTOL) if atol is None else atol
    if isinstance(got, (bool, int, float, np.generic)):
        got = np.asarray(got)
    if isinstance(got, list):
        try:
            got = np.asarray([np.asarray(item, dtype=float) for item in got])
        except (TypeError, ValueError, OverflowError):
            pass
    if not isinstance(got, np.ndarray):
        kind = got.get("$type", "dict") if isinstance(got, dict) else type(got).__name__
        several = kind.startswith("result that is not")
        hint = (
            "Return all of them, separated by commas, in the order of the docstring."
            if several
            else "Return a tensor."
        )
        return Finding(
            False,
            f"{what} is a tensor of shape {target.shape}",
            f"a {kind}",
            "type",
            hint,
            got=got,
            want=target,
        )
    raw = got

    def seen() -> Seen:
        with np.errstate(all="ignore"):
            known = mistakes() if callable(mistakes) else mistakes
        return recognise(raw, target, known, rtol, atol)

    if got.shape != target.shape:
        same = np.squeeze(got).shape == np.squeeze(target).shape
        hint = (
            "An axis of length one is too many, or missing: look at keepdim, unsqueeze and squeeze."
            if same
            else "Check which axes you sum or average over."
        )
        return seen().finding(
            f"{what} has shape {target.shape}",
            f"shape {got.shape}",
            "shape",
            hint,
            got=got,
            want=target,
        )
    got = got.astype(float)
    if not np.isfinite(got).all():
        bad = int((~np.isfinite(got)).sum())
        return seen().finding(
            f"{what} is finite everywhere",
            f"{bad} of {got.size} numbers are NaN or infinite",
            "not_finite",
            "Look for the logarithm of zero, or an exponential that overflows.",
            got=got,
            want=target,
        )
    if np.allclose(got, target, rtol=rtol, atol=atol):
        return Finding(True, f"{what} = {_brief(target)}", _agreement(got, target))
    return seen().finding(
        f"{what} = {_brief(target)}",
        _unlike(got, target),
        "value",
        "",
        got=got,
        want=target,
        columns=columns,
    )


def zero(
    got: np.ndarray,
    scale: float = 1.0,
    mistakes: Sequence[Mistake] = (),
    what: str = "the gradient",
    tol: float = 1e-8,
) -> Finding:
    """Zero up to rounding: for a gradient whose variance vanishes at the posterior, sample by sample."""
    got = np.asarray(got, dtype=float)
    largest = float(np.abs(got).max()) if got.size else 0.0
    if got.size and np.isfinite(got).all() and largest <= tol * max(scale, 1.0):
        return Finding(True, f"{what} is zero for every draw", f"at most {largest:.1e}")
    seen = recognise(got, np.zeros_like(got), mistakes, 1e-5, 1e-7)
    expected = f"{what} is zero for every draw of the noise"
    return seen.finding(
        expected, f"numbers up to {largest:.3g}", "not_zero", "", got=got, want=np.zeros_like(got)
    )


def holds(
    ok: bool, expected: str, actual: str, diagnosis: str = "property", hint: str = ""
) -> Finding:
    """A property stated in words, with what was seen."""
    return (
        Finding(True, expected, actual) if ok else Finding(False, expected, actual, diagnosis, hint)
    )


def _agreement(got: np.ndarray, target: np.ndarray) -> str:
    """How well two arrays agree that are equal up to rounding, in words."""
    error, scale = (
        float(np.abs(got - target).max(initial=0.0)),
        float(np.abs(target).max(initial=0.0)),
    )
    if error <= 1e-17 * scale:  # less than a double can show: zero, or next to nothing
        return "as asked, to the last digit"
    return (
        f"as asked, to {int(np.log10(scale / error))} digits" if scale > 10 * error else "as asked"
    )


def _unlike(got: np.ndarray, target: np.ndarray) -> str:
    """A few numbers of what came; where they read as what was expected, how far the farthest is off."""
    brief = _brief(got)
    if brief != _brief(target):
        return brief
    worst = int(np.abs(got - target).argmax())
    off, value = float((got - target).flat[worst]), float(target.flat[worst])
    return f"{brief}, of which number {worst + 1} is off by {off:.1e} (it should be {value:.12g})"


def _brief(array: np.ndarray) -> str:
    """A few numbers of an array, enough to see what is going on."""
    flat = np.atleast_1d(array).ravel()
    shown = ", ".join(f"{number:.5g}" for number in flat[:4])
    more = f", ... ({flat.size} numbers)" if flat.size > 4 else ""
    return f"{shown}{more}" if array.ndim == 0 else f"[{shown}{more}]"
