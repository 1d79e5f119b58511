"""Frozen samples, and how they run away."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, several

EXERCISE = exercise(
    __name__,
    title="Frozen samples, and how they run away",
    function="runaway",
    points=3,
    difficulty=4,
    importance=4,
    minutes=25,
    read="section 6, Frozen samples",
    hides=[],
    because="no function of course_vi fits an affine map to frozen samples",
)

ROTATED = (
    "L L' has the right covariance, but a triangular root of it turns the noise: L eps is another vector than A eps. "
    "Build the rows of L itself."
)
USE_MEAN = (
    "With K = D there is one equation too many for the last row of L, as long as the mean stands still. The mean is a parameter "
    "too: ask only that all K samples have the *same* last coordinate, and move it to where you want it."
)


def _pair(
    probe: Probe, eps: np.ndarray, log_det: float
) -> tuple[np.ndarray, np.ndarray, Finding | None]:
    actual: Any = probe.value(eps, log_det)
    dim = eps.shape[1]
    if not several(actual, 2):
        return (
            eps,
            eps,
            holds(
                False,
                "a pair (loc, scale_tril)",
                "something else",
                "type",
                "Return loc and scale_tril, in this order.",
            ),
        )
    for got, shape, name in zip(actual, ((dim,), (dim, dim)), ("loc", "scale_tril"), strict=True):
        if as_array(got).shape != shape:
            return eps, eps, compare(got, np.zeros(shape), what=name)
    loc, root = map(as_array, actual)
    if any(getattr(got, "dtype", None) == np.float32 for got in actual):
        return (
            loc,
            root,
            holds(
                False,
                "numbers in double precision, as eps has",
                "single precision",
                "single_precision",
                "Millions must cancel here, and seven digits are not enough. Make zeros and identity with dtype=eps.dtype.",
            ),
        )
    if not (np.isfinite(loc).all() and np.isfinite(root).all()):
        return (
            loc,
            root,
            holds(
                False,
                "finite numbers",
                "NaN or infinity",
                "not_finite",
                "Something overflows, or a system is solved that has no solution or many: lstsq finds the "
                "shortest one where there are many.",
            ),
        )
    return loc, root, None


def _worst(loc: np.ndarray, root: np.ndarray, eps: np.ndarray) -> tuple[float, float]:
    """Mean squared length of the samples, and how much is allowed: that of the noise, and rounding."""
    return float(((loc + eps @ root.T) ** 2).sum(-1).mean()), float((eps**2).sum(-1).mean()) * (
        1 + 1e-6
    ) + 0.01


def _fate(probe: Probe, eps: np.ndarray, log_det: float) -> Finding:
    loc, root, odd = _pair(probe, eps, log_det)
    if odd is not None:
        return odd
    seen, allowed = _worst(loc, root, eps)
    if seen <= allowed:
        return Finding(True, f"samples of mean squared length at most {allowed:.3g}", f"{seen:.3g}")
    transposed, _ = _worst(loc, root.T, eps)
    key, hint = (
        "not_bounded",
        "The samples run away with L. Which rows of L may grow, and what must hold for their products with eps?",
    )
    if transposed <= allowed and _is_asked(root.T, log_det):
        key, hint = (
            "transposed",
            "The samples stay put under L', not under L: z = loc + L eps, with eps a column. Look at the rows of L.",
        )
    elif len(eps) == eps.shape[1] and not loc.any():
        key, hint = "mean_not_used", USE_MEAN
    elif not _is_asked(root, log_det):
        key, hint = (
            "not_bounded",
            "Mend L first, as the other part says: a lower triangle, a positive diagonal, log det L = log_det.",
        )
    elif _rotated(root, eps):
        key, hint = "rotated", ROTATED
    elif len(root) > 1 and np.allclose(root, np.diag(np.diag(root))):
        key, hint = (
            "diagonal",
            "A diagonal L stretches every sample with itself. The entries below the diagonal can pull them back.",
        )
    return Finding(
        False,
        f"samples of mean squared length at most {allowed:.3g}, at log det {log_det:g}",
        f"{seen:.3g}",
        key,
        hint,
    )


def _is_asked(root: np.ndarray, log_det: float) -> bool:
    """Whether this is a lower triangle with a positive diagonal and the determinant asked for."""
    diagonal = np.diag(root)
    return bool(
        (diagonal > 0).all()
        and np.abs(np.triu(root, 1)).max() <= 1e-9
        and abs(np.log(diagonal).sum() - log_det) < 1e-4
    )


def _rotated(root: np.ndarray, eps: np.ndarray) -> bool:
    """Whether the covariance is stretched in one direction alone, one that the noise never visits, and L is not made by its last row."""
    if len(root) < 3 or np.abs(np.tril(root[:-1], -1)).max() < 1e-6:
        return False
    widths, directions = np.linalg.eigh(root @ root.T)
    quiet = min(np.abs(noise @ directions[:, -1]).max() for noise in (eps, eps - eps.mean(0)))
    return bool(np.ptp(widths[:-1]) < 1e-3 * widths[0] and quiet < 1e-6)


@EXERCISE.part("A lower triangle with a positive diagonal, and the determinant asked for")
def triangle_and_determinant(probe: Probe, rng: np.random.Generator) -> Finding:
    sizes = (
        (2, 4, float(rng.uniform(2.5, 3.5))),
        (1, 3, float(rng.uniform(9.0, 11.0))),
        (4, 4, 14.0),
        (2, 3, 0.0),
        (3, 6, float(rng.uniform(2.5, 3.5))),
    )
    roots = []
    for samples, dim, log_det in sizes:
        _, root, odd = _pair(probe, rng.normal(size=(samples, dim)), log_det)
        if odd is not None:
            return odd
        roots.append(root)
    if any(np.abs(np.triu(root, 1)).max() > 1e-9 for root in roots):
        upper = all(np.abs(np.tril(root, -1)).max() <= 1e-9 for root in roots)
        return holds(
            False,
            "zeros above the diagonal",
            "other numbers",
            "upper" if upper else "not_triangular",
            "This is an upper triangle. Row i of L may use eps_1 to eps_i."
            if upper
            else "L must be lower triangular: row i uses eps_1 to eps_i. A dense matrix with these "
            "samples is not yet an L.",
        )
    if any((np.diag(root) < 0).any() for root in roots):
        return holds(
            False,
            "a positive diagonal",
            "a negative number",
            "negative_diagonal",
            "The diagonal of L is positive. Where a number is negative, turn the sign of its whole row.",
        )
    finding = Finding(True)
    for (_, dim, log_det), root in zip(sizes, roots, strict=True):
        finding = _log_det(root, log_det, dim)
        if not finding.ok:
            return finding
    return finding


def _log_det(root: np.ndarray, log_det: float, dim: int) -> Finding:
    with np.errstate(divide="ignore"):
        actual = np.log(np.diag(root)).sum()
    return compare(
        np.array(actual),
        np.array(log_det),
        what="log det L",
        mistakes=[
            Mistake(
                "log_det_of_covariance",
                "This is the log determinant of the covariance L L', which is twice that of L.",
                np.array(log_det / 2),
            ),
            Mistake(
                "log_det_as_entry",
                "log_det went into the diagonal as it is. Take its exponential.",
                np.array(np.log(log_det) if log_det else np.nan),
            ),
            Mistake(
                "every_row",
                "Every row was stretched by the whole factor: the determinant is the product of the "
                "diagonal.",
                np.array(log_det * dim),
            ),
        ],
    )


@EXERCISE.part(
    "The samples stay where they are, however large the determinant",
    weight=1.5,
    needs=["triangle_and_determinant"],
)
def samples_stay(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for samples, dim in ((2, 4), (1, 2), (4, 5), (3, 8)):
        eps = rng.normal(size=(samples, dim))
        for log_det in (0.0, 6.0, 14.0):
            finding = _fate(probe, eps, log_det)
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part(
    "Even with as many samples as dimensions: K = D", weight=0.5, needs=["triangle_and_determinant"]
)
def as_many_samples_as_dimensions(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for dim in (3, 1, 5):
        eps = rng.normal(size=(dim, dim))
        for log_det in (6.0, 14.0):
            finding = _fate(probe, eps, log_det)
            if not finding.ok:
                return finding
    return finding
