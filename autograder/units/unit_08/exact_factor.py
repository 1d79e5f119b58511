"""How many factors are enough for any covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="How many factors are enough",
    function="exact_factor",
    points=2,
    difficulty=4,
    importance=3,
    minutes=30,
    read="section 2, Gaussians: what correlation costs",
    hides=[],
    because="course_vi fits a factor covariance by climbing, and has no formula for one",
)

NAMES = "factor, scale"


def random_covariance(rng: np.random.Generator, dim: int, widest: float = 0.5) -> np.ndarray:
    """Eigenvalues that lie apart by a factor of 1.5 at least, from about .1 to 10, on scales of their own."""
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    steps = np.cumsum(rng.uniform(0.45, 1.2, dim))
    values = np.exp(steps - steps.mean())
    scales = np.exp(rng.permutation(np.linspace(-widest, widest, dim)))
    return np.asarray((turn * values) @ turn.T * np.outer(scales, scales))


def _answer(probe: Probe, covariance: np.ndarray) -> tuple[Any, Any]:
    """(factor, scale); arrays of floats where they have the right shape."""
    dim = len(covariance)
    factor, scale = unpack(probe.value(covariance), 2, NAMES)
    for name, value, shape in (("factor", factor, (dim, dim - 1)), ("scale", scale, (dim,))):
        if isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in "fiu":
            continue
        actual = f"shape {value.shape}" if isinstance(value, np.ndarray) else "no tensor of numbers"
        return holds(
            False, f"{name} has shape {shape}", actual, "shape", "One factor fewer than latents."
        ), None
    if not np.isfinite(factor).all() or not np.isfinite(scale).all():
        return holds(
            False,
            "finite numbers",
            "NaN or infinity",
            "not_finite",
            "Is the root of a negative number in it?",
        ), None
    return factor, scale


def _pieces(covariance: np.ndarray) -> dict[str, np.ndarray]:
    """Covariances that one might build with one factor fewer."""
    values, vectors = np.linalg.eigh(covariance)
    least, kept = values[0], values[1:]
    low_rank = (vectors[:, 1:] * kept) @ vectors[:, 1:].T
    shrunk = (vectors[:, 1:] * (kept - least)) @ vectors[:, 1:].T
    eye = np.eye(len(covariance))
    return {
        "not_shrunk": low_rank + least * eye,
        "variances_restored": low_rank + np.diag(np.diag(covariance - low_rank)),
        "variance_for_scale": shrunk + least**2 * eye,
        "eigenvalues_not_rooted": (vectors[:, 1:] * (kept - least) ** 2) @ vectors[:, 1:].T
        + least * eye,
        "largest_lost": (vectors[:, :-1] * (values[:-1] - least)) @ vectors[:, :-1].T + least * eye,
        "diagonal_alone": np.diag(np.diag(covariance)),
    }


SAYS = {
    "not_shrunk": "The factors keep their whole variance, and the diagonal adds some more in every direction: too much by the same amount "
    "along each factor.",
    "variances_restored": "The variances are right, and the correlations are not: a direction was dropped, and only its variances were "
    "put back. What must the diagonal be so that what is left has one rank fewer?",
    "variance_for_scale": "scale is a standard deviation: the covariance holds its square.",
    "eigenvalues_not_rooted": "The factor holds variances. B B' squares it: take the root.",
    "largest_lost": "The direction of the largest variance was dropped.",
    "diagonal_alone": "This is the diagonal alone, without factors.",
}


def _judged(probe: Probe, covariances: list[np.ndarray]) -> Finding:
    finding = Finding(True)
    for covariance in covariances:
        factor, scale = _answer(probe, covariance)
        if isinstance(factor, Finding):
            return factor
        if (scale <= 0).any():
            hint = "A scale is a standard deviation, above zero: without it q has no density."
            return holds(
                False, "scales above zero", f"one of {scale.min():.3g}", "no_density", hint
            )
        finding = compare(
            factor @ factor.T + np.diag(scale**2),
            covariance,
            what="B B' + diag(scale^2)",
            rtol=1e-6,
            atol=1e-9 * float(np.abs(covariance).max()),
            mistakes=[Mistake(key, SAYS[key], value) for key, value in _pieces(covariance).items()],
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Three to six latents, one factor fewer", weight=2)
def one_factor_fewer(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [random_covariance(rng, dim) for dim in (3, 4, 6)])


@EXERCISE.part("Two latents, of either sign, and small and large units")
def pairs_and_units(probe: Probe, rng: np.random.Generator) -> Finding:
    correlation = rng.uniform(0.4, 0.9)
    pairs = [np.array([[1.0, sign * correlation], [sign * correlation, 1.7]]) for sign in (-1, 1)]
    small, large = (random_covariance(rng, 4) * unit for unit in (1e-5, 1e5))
    return _judged(probe, [*pairs, small, large])


@EXERCISE.part(
    "Independent latents, and equal ones", weight=0.5, needs=["one_factor_fewer", "pairs_and_units"]
)
def already_diagonal(probe: Probe, rng: np.random.Generator) -> Finding:
    equal = rng.uniform(0.5, 2.0) * np.eye(3)
    return _judged(probe, [np.diag(rng.permutation([0.3, 1.1, 2.0])), equal])
