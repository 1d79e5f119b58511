"""Woodbury: large matrices that are never made."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import several, unpack

EXERCISE = exercise(
    __name__,
    title="Woodbury: large matrices that are never made",
    function="woodbury",
    points=3,
    difficulty=4,
    importance=3,
    minutes=30,
    read="section 7, Gaussians, conditioned",
    hides=[],
    because="no function of course_vi gives the log-determinant and the quadratic form apart",
)

NAMES, RANK = "log_det, quadratic", 5
RTOL = 1e-8  # double precision, with room for any right order of the sums


def _in_double(finding: Finding) -> Finding:
    """What failed by its last digits alone is told so."""
    got, want = np.asarray(finding.got), np.asarray(finding.want)
    if finding.ok or got.shape != want.shape or not np.allclose(got, want, rtol=1e-5, atol=0):
        return finding
    hint = "Right to five digits, and double precision gives more: is something in it float32?"
    return Finding(False, finding.expected, finding.actual, "last_digits", hint)


def _factor(
    rng: np.random.Generator,
    dim: int,
    rank: int,
    batch: tuple[int, ...] = (3,),
    least: float = 0.2,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scales from ``least`` to one."""
    scale = 10 ** rng.uniform(np.log10(least), 0, dim)
    return scale, rng.normal(size=(dim, rank)), rng.normal(size=(*batch, dim))


def _dense(scale: np.ndarray, factor: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cov = np.diag(scale**2) + factor @ factor.T
    return np.linalg.slogdet(cov)[1], np.einsum("...i,ij,...j->...", v, np.linalg.inv(cov), v)


@EXERCISE.part("The log-determinant")
def log_determinant(probe: Probe, rng: np.random.Generator) -> Finding:
    """Small scales: it is negative."""
    scale, factor, v = _factor(rng, 12, RANK, least=1e-3)
    want, _ = _dense(scale, factor, v)
    inner = np.eye(RANK) + factor.T @ (factor / scale[:, None] ** 2)
    inner_det, diagonal = np.linalg.slogdet(inner)[1], 2 * np.log(scale).sum()
    finding = compare(
        unpack(probe.value(scale, factor, v), 2, NAMES)[0],
        want,
        what="log det",
        rtol=RTOL,
        mistakes=[
            Mistake(
                "diagonal_lost",
                "This is the determinant of the small matrix alone. Add that of diag(scale^2).",
                inner_det,
            ),
            Mistake(
                "inner_lost",
                "This is the determinant of diag(scale^2) alone. Add that of the small matrix I + B' diag(scale^-2) B.",
                diagonal,
            ),
            Mistake(
                "scale_not_squared",
                "The covariance holds diag(scale^2), not diag(scale).",
                _dense(scale**0.5, factor, v)[0],
            ),
            Mistake(
                "half",
                "This is half the log-determinant: Cholesky's diagonal counts twice.",
                want / 2,
            ),
            Mistake(
                "half_inner",
                "The small matrix counts once: if you sum the log of its Cholesky diagonal, double it.",
                diagonal + inner_det / 2,
            ),
            Mistake(
                "inverse_diagonal",
                "S is diag(scale^-2), the inverse of what stands in the covariance: its log-determinant is "
                "-2 sum log scale, and +2 is needed.",
                inner_det - diagonal,
            ),
            Mistake(
                "half_diagonal",
                "diag(scale^2) has log-determinant 2 sum log scale; the 2 is missing.",
                diagonal / 2 + inner_det,
            ),
        ],
    )
    return _in_double(finding)


@EXERCISE.part("The quadratic form")
def quadratic_form(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 8, RANK)
    _, want = _dense(scale, factor, v)
    weighted = v / scale**2
    inner = np.eye(RANK) + factor.T @ (factor / scale[:, None] ** 2)
    correction = np.einsum(
        "...i,ij,...j->...", weighted @ factor, np.linalg.inv(inner), weighted @ factor
    )
    plain = (v * weighted).sum(-1)
    finding = compare(
        unpack(probe.value(scale, factor, v), 2, NAMES)[1],
        want,
        what="v' cov^-1 v",
        rtol=RTOL,
        mistakes=[
            Mistake(
                "plus",
                "The correction is subtracted: a factor adds variance, so v is less surprising.",
                plain + correction,
            ),
            Mistake(
                "unweighted",
                "In the correction S stands on both sides of B: weigh v by scale^-2 before it meets the factor.",
                plain
                - np.einsum("...i,ij,...j->...", v @ factor, np.linalg.inv(inner), v @ factor),
            ),
            Mistake(
                "correction_lost",
                "This is v' diag(scale^-2) v. The correction of Woodbury's formula is missing.",
                plain,
            ),
            Mistake(
                "correction_only",
                "This is the correction alone. Subtract it from v' diag(scale^-2) v.",
                correction,
            ),
            Mistake(
                "scale_not_squared",
                "The covariance holds diag(scale^2), not diag(scale).",
                _dense(scale**0.5, factor, v)[1],
            ),
            Mistake(
                "covariance_form",
                "This is v' cov v. The density needs the inverse of the covariance.",
                (v**2 * scale**2).sum(-1) + ((v @ factor) ** 2).sum(-1),
            ),
            Mistake(
                "over_everything",
                "You summed over the batch too. Each v has a quadratic form of its own.",
                want.sum(),
            ),
        ],
    )
    if not finding.ok:
        return _in_double(finding)
    small = v / 1000
    _, want = _dense(scale, factor, small)
    floor = Mistake(
        "floor",
        "One number for three vectors near zero: something keeps yours from being as small as the quadratic form is.",
        lambda got: got.shape == want.shape and bool(np.ptp(got) == 0 and (got > want).all()),
    )
    got = unpack(probe.value(scale, factor, small), 2, NAMES)[1]
    return compare(got, want, [floor], what="v' cov^-1 v for v near zero", rtol=RTOL, atol=0.0)


@EXERCISE.part("2,000 dimensions, and no matrix of 2,000 by 2,000")
def two_thousand_dimensions(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = (
        rng.uniform(1.5, 6.0, 2000),
        rng.normal(size=(2000, 3)),
        rng.normal(size=2000),
    )
    # the product of 2,000 squares is infinite
    reply = probe.drive("watch_sizes", scale=scale, factor=factor, v=v, limit=400_000)
    hint = (
        "A matrix of D x D was made. At D = 10,000 it takes 800 megabytes and its Cholesky factor minutes. Work with "
        "B' diag(scale^-2) B, which is R x R, and divide by scale**2 elementwise."
    )
    if reply["large"]:
        return holds(
            False,
            "no tensor of more than 400,000 entries",
            "one with at least 4,000,000",
            "dense",
            hint,
        )
    pair = reply["value"]
    if not several(pair, 2):
        return holds(
            False,
            "two tensors (log_det, quadratic)",
            "something else",
            "type",
            "Return both, the log-determinant first.",
        )
    inner = np.eye(3) + factor.T @ (factor / scale[:, None] ** 2)
    log_det = 2 * np.log(scale).sum() + np.linalg.slogdet(inner)[1]
    part_of_v = factor.T @ (v / scale**2)
    quadratic = (v**2 / scale**2).sum() - part_of_v @ np.linalg.solve(inner, part_of_v)
    product = Mistake(
        "product",
        "The product of 2,000 numbers is too large (or small) for floating point. Its logarithm is a sum: add up "
        "2 log scale.",
        lambda got: not np.isfinite(got[0]),
    )
    return compare(
        [float(pair[0]), float(pair[1])],
        [log_det, quadratic],
        [product],
        what="log det and quadratic form",
    )


@EXERCISE.part("Forty factors of unequal size beside scales of 1e-5, a batch of one v", weight=0.5)
def many_factors(probe: Probe, rng: np.random.Generator) -> Finding:
    """The determinant of the small matrix is no floating-point number; its logarithm is."""
    _, factor, v = _factor(rng, 60, 40, (1,))
    scale = 10 ** rng.uniform(-5, -4, 60)
    factor = factor * 10 ** rng.uniform(-2, 0, 40)
    whitened, u = factor / scale[:, None], v / scale
    values, vectors = np.linalg.eigh(np.eye(60) + whitened @ whitened.T)
    log_det, quadratic = unpack(probe.value(scale, factor, v), 2, NAMES)
    want = np.log(values).sum() + 2 * np.log(scale).sum()
    overflow = Mistake(
        "determinant_overflows",
        "The determinant of the small matrix is too large for a floating-point number here. Take "
        "logdet, or the logarithms of a Cholesky diagonal.",
        np.asarray(np.inf),
    )
    finding = compare(log_det, want, [overflow], what="log det", rtol=1e-6)
    if not finding.ok:
        return finding
    return compare(quadratic, ((u @ vectors) ** 2 / values).sum(-1), what="v' cov^-1 v", rtol=1e-3)


@EXERCISE.part("One v without a batch, and a factor of rank one", weight=0.5)
def unbatched_rank_one(probe: Probe, rng: np.random.Generator) -> Finding:
    scale, factor, v = _factor(rng, 4, 1, ())
    (log_det, quadratic), wanted = (
        unpack(probe.value(scale, factor, v), 2, NAMES),
        _dense(scale, factor, v),
    )
    finding = compare(log_det, wanted[0], what="log det")
    return finding if not finding.ok else compare(quadratic, wanted[1], what="v' cov^-1 v")
