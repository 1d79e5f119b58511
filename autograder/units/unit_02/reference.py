"""What several exercises of unit 02 share: the moments of a weight on the toy."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.finding import Finding, Mistake
from autograder.units.shared import as_array

__all__ = ["row_of", "toy_relative_variance"]


def toy_relative_variance(v: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Var(w) / p(x)^2 on the toy under q = N(x / 2 + delta, v), infinite where v <= 1/4."""
    with np.errstate(all="ignore"):
        room = 4 * v - 1
        log_square = np.log(2 * v) - 0.5 * np.log(room) + 2 * delta**2 / room
        found: np.ndarray = np.where(room > 0, np.expm1(log_square), np.inf)
    return found


def row_of(
    actual: object,
    want: np.ndarray,
    row: int,
    mistakes: list[Mistake],
    whole: str,
    names: tuple[str, ...],
    rtol: float = 1e-5,
    atol: float | None = None,
) -> Finding:
    """One row of a table against its own mistakes; a table of another shape is compared as a whole."""
    table = as_array(actual)
    if table.shape != want.shape:
        turned = [
            Mistake("transposed", f"The rows are {', '.join(names)}.", np.moveaxis(want, 0, -1))
        ]
        return compare(actual, want, turned if want.ndim > 1 else [], rtol=rtol, what=whole)
    others = [
        Mistake(f"row_{other + 1}_again", f"This is row {other + 1}, {names[other]}.", want[other])
        for other in range(len(want))
        if other != row
    ]
    return compare(
        table[row], want[row], [*mistakes, *others], rtol=rtol, atol=atol, what=names[row]
    )
