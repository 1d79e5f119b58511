"""S8: two gaps, predicted."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="S8: two gaps, predicted",
    function="gaps",
    points=4,
    difficulty=4,
    importance=5,
    minutes=35,
    read="section 5, Two gaps",
    hides=[],
    because="course_vi has no function that returns these gaps",
)


def _linear(
    rng: np.random.Generator, dim: int = 2, data: int = 3, batch: int = 4
) -> tuple[np.ndarray, ...]:
    """W, variance, x, and an encoder's loc and log_scale that are near the truth and not on it."""
    weight, variance, x = (
        rng.normal(size=(data, dim)),
        np.asarray(rng.choice([rng.uniform(0.1, 0.3), rng.uniform(1.5, 3.0)])),
        2 * rng.normal(size=(batch, data)),
    )
    precision, mean = _posterior(weight, variance, x)
    loc = mean + rng.uniform(0.2, 0.8) * rng.normal(size=(batch, dim))
    return (
        weight,
        variance,
        x,
        loc,
        -0.5 * np.log(np.diag(precision)) + 0.6 * rng.normal(size=(batch, dim)),
    )


def _posterior(
    weight: np.ndarray, variance: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    precision = np.eye(weight.shape[1]) + weight.T @ weight / variance
    return precision, np.linalg.solve(precision, weight.T @ x.T / variance).T


def _kl(precision: np.ndarray, mean: np.ndarray, loc: np.ndarray, s2: np.ndarray) -> np.ndarray:
    far = loc - mean
    trace = (np.diag(precision) * s2).sum(-1)
    mahalanobis = np.einsum("...i,ij,...j->...", far, precision, far)
    return 0.5 * (
        trace + mahalanobis - s2.shape[-1] - np.log(s2).sum(-1) - np.linalg.slogdet(precision)[1]
    )


def _both(
    weight: np.ndarray, variance: np.ndarray, x: np.ndarray, loc: np.ndarray, log_scale: np.ndarray
) -> dict[str, np.ndarray]:
    precision, mean = _posterior(weight, variance, x)
    total = _kl(precision, mean, loc, np.exp(2 * log_scale))
    best = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1]) + 0 * total
    marginal = _kl(precision, mean, mean, np.diag(np.linalg.inv(precision)) + 0 * mean)
    diagonal = np.diag(precision)
    squared, centre = _posterior(weight, variance**2, x)
    best2 = 0.5 * (np.log(np.diag(squared)).sum() - np.linalg.slogdet(squared)[1]) + 0 * total
    return {
        "squared_approximation": best2,
        "squared_amortization": _kl(squared, centre, loc, np.exp(2 * log_scale)) - best2,
        "fourth": _kl(precision, mean, mean, diagonal**-2 + 0 * mean),
        "mean_kept": _kl(precision, mean, loc, 1 / diagonal + 0 * mean),
        "total": total,
        "approximation": best,
        "amortization": total - best,
        "marginal": marginal,
        "scale_only": _kl(precision, mean, mean, np.exp(2 * log_scale)) - best,
    }


def _gap_mistakes(g: dict[str, np.ndarray], which: str) -> list[Mistake]:
    other = "amortization" if which == "approximation" else "approximation"
    kept = [
        Mistake(
            "best_at_the_encoders_mean",
            "Your q* keeps the encoder's mean. The best q has the posterior's, and only the scales "
            "differ.",
            g["mean_kept"],
        )
    ]
    return [
        *(kept if which == "approximation" else []),
        Mistake(
            "swapped",
            f"This is the {other} gap. The approximation gap comes first, the amortization gap second.",
            g[other],
        ),
        Mistake(
            "total",
            "This is the whole gap, KL(q || posterior). Split it: what the best member of the family lacks, and the "
            "rest.",
            g["total"],
        ),
        Mistake(
            "sign",
            "The sign is turned. Gaps are what is missing: they are never negative.",
            -g[which],
        ),
        Mistake(
            "marginal_variance",
            "Your best q has the posterior's marginal variances. Reverse KL wants the conditional ones, one over "
            "the diagonal of the precision, which are smaller.",
            g["marginal"] if which == "approximation" else g["total"] - g["marginal"],
        ),
        Mistake("no_half", "A factor of one half is missing.", 2 * g[which]),
        Mistake(
            "variance_squared",
            "sigma^2 came in as `variance`, and you squared it again.",
            g[f"squared_{which}"],
        ),
        Mistake(
            "log_variance_as_log_scale",
            "The best variance is 1 / Lambda_dd, so the best log scale is -1/2 log Lambda_dd.",
            g["fourth"] if which == "approximation" else g["total"] - g["fourth"],
        ),
        Mistake(
            "mean_ignored",
            "The encoder's mean misses the posterior's, and that costs too.",
            g["scale_only"] if which == "amortization" else g["scale_only"] + g["approximation"],
        ),
    ]


def _part_of_gap(probe: Probe, inputs: tuple[np.ndarray, ...], which: str) -> Finding:
    got = unpack(probe.value(*inputs), 2, "approximation, amortization")[
        0 if which == "approximation" else 1
    ]
    g = _both(*inputs)
    if (
        isinstance(got, np.ndarray)
        and got.shape == ()
        and which == "approximation"
        and g[which].ndim
        and np.isclose(got, g[which].flat[0])
    ):
        return Finding(
            False,
            "one number per datum, (*B)",
            "a single number",
            "not_per_datum",
            "It happens to be the same for every datum, but return it for each: expand it to the shape of the other.",
        )
    return compare(got, g[which], _gap_mistakes(g, which), what=f"the {which} gap")


@EXERCISE.part("The approximation gap")
def approximation_gap(probe: Probe, rng: np.random.Generator) -> Finding:
    return _part_of_gap(probe, _linear(rng), "approximation")


@EXERCISE.part("The amortization gap")
def amortization_gap(probe: Probe, rng: np.random.Generator) -> Finding:
    return _part_of_gap(probe, _linear(rng), "amortization")


@EXERCISE.part("Five latents; eight, and next to no noise; one datum without a batch")
def other_shapes(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _part_of_gap(probe, _linear(rng, 5, 7, 3), "amortization")
    if not finding.ok:
        return finding
    weight, _, x, *_ = _linear(rng, 8, 10, 2)
    variance = np.asarray(rng.uniform(1e-5, 1e-4))  # log det of the precision is about a hundred
    precision, mean = _posterior(weight, variance, x)
    near = -0.5 * np.log(np.diag(precision)) + 0.6 * rng.normal(size=mean.shape)
    loc = mean + 0.01 * rng.normal(size=mean.shape)
    for which in ("approximation", "amortization"):
        finding = _part_of_gap(probe, (weight, variance, x, loc, near), which)
        if not finding.ok:
            return finding
    weight, variance, x, loc, log_scale = _linear(rng, 2, 3, 1)
    for which in ("amortization", "approximation"):
        alone = (weight, variance, x[0], loc[0], log_scale[0])
        finding = _part_of_gap(probe, alone, which)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "An encoder that says the best there is has no amortization gap; orthogonal loadings leave no approximation gap",
    needs=["approximation_gap", "amortization_gap"],
)
def vanishing_gaps(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, variance, x, _, _ = _linear(rng, 3, 5, 2)
    precision, mean = _posterior(weight, variance, x)
    perfect = -0.5 * np.log(np.diag(precision)) + 0 * mean
    finding = compare(
        unpack(probe.value(weight, variance, x, mean, perfect), 2, "approximation, amortization")[
            1
        ],
        np.zeros(2),
        what="the amortization gap of the best q",
        atol=1e-9,
    )
    if not finding.ok:
        return finding
    orthogonal = np.linalg.qr(weight)[0] * rng.uniform(0.5, 2.0, 3)
    return compare(
        unpack(
            probe.value(orthogonal, variance, x, mean, perfect), 2, "approximation, amortization"
        )[0],
        np.zeros(2),
        what="the approximation gap when the columns of W are orthogonal",
        atol=1e-9,
    )
