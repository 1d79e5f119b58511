"""Conditioning a Gaussian."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import LearnerError, Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="Conditioning a Gaussian",
    function="condition",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="section 7, Gaussians, conditioned",
    hides=[],
    because="no function of course_vi conditions a Gaussian given by mean and covariance",
)

NAMES = "mean, covariance"

X_FIRST = "You cut mean and covariance as if x came first. They are of (z, x): z is the first block, and x has the last x.shape[-1] places."


def _joint(rng: np.random.Generator, dim: int, data: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean ``(D + Dx)`` and covariance of a joint Gaussian, far from singular; scales from a thirtieth to three."""
    size, scale = dim + data, 10 ** rng.uniform(-1.5, 0.5, dim + data)
    root = rng.normal(size=(size, size))
    cov = root @ root.T / size + 0.5 * np.eye(size)
    return scale * rng.normal(size=size), scale[:, None] * cov * scale


def _condition(
    mean: np.ndarray, cov: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    dim = len(mean) - x.shape[-1]
    zz, zx, xx = cov[:dim, :dim], cov[:dim, dim:], cov[dim:, dim:]
    gain, far = zx @ np.linalg.inv(xx), x - mean[dim:]
    first, last = slice(None, x.shape[-1]), slice(x.shape[-1], None)  # the blocks, if x came first
    swapped = cov[last, first] @ np.linalg.inv(cov[first, first])
    pieces = {
        "x_first": mean[last] + (x - mean[first]) @ swapped.T,
        "cov_x_first": cov[last, last] - swapped @ cov[first, last],
        "uncentred": mean[:dim] + x @ gain.T,
        "no_prior_mean": far @ gain.T,
        "minus": mean[:dim] - far @ gain.T,
        "no_inverse": mean[:dim] + far @ zx.T,
        "gain_transposed": mean[:dim] + far @ gain
        if gain.shape[0] == gain.shape[1]
        else mean[:dim],
        "prior": mean[:dim] + 0 * (far @ gain.T),
        "zz": zz,
        "plus": zz + gain @ zx.T,
        "explained": gain @ zx.T,
        "cov_no_inverse": zz - zx @ zx.T,
        "precision": np.linalg.inv(zz - gain @ zx.T),
    }
    return mean[:dim] + far @ gain.T, zz - gain @ zx.T, pieces


@EXERCISE.part("The mean of z given x")
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 3, 2)
    x = mean[3:] + rng.normal(size=(4, 2)) * cov.diagonal()[3:] ** 0.5
    want, _, m = _condition(mean, cov, x)
    finding = compare(
        unpack(probe.value(mean, cov, x), 2, NAMES)[0],
        want,
        _mean_mistakes(m),
        what="the conditional mean",
    )
    for shape in ((2,), (1,), (3, 2), (1, 2)):  # as many z as x, and as many again in the batch
        if not finding.ok:
            return finding
        finding = _mean_of_batch(probe, rng, shape)
    return finding


def _mean_of_batch(probe: Probe, rng: np.random.Generator, shape: tuple[int, ...]) -> Finding:
    """The mean for two latents and two data, whose gain is square, with x of shape ``(*shape, 2)``."""
    mean, cov = _joint(rng, 2, 2)
    x = mean[2:] + rng.normal(size=(*shape, 2)) * cov.diagonal()[2:] ** 0.5
    want, _, m = _condition(mean, cov, x)
    turned = Mistake(
        "gain_transposed",
        "The gain stands on its wrong side. Where z and x have the same size no shape tells: x in rows takes gain.T.",
        m["gain_transposed"],
    )
    flat = Mistake(
        "batch_flattened",
        "The numbers are right, but several batch axes came back as one: the mean has shape (*B, D).",
        want.reshape(-1, 2),
    )
    mistakes = [turned, *([flat] if len(shape) > 1 else []), *_mean_mistakes(m)]
    got = unpack(probe.value(mean, cov, x), 2, NAMES)[0]
    return compare(got, want, mistakes, what=f"the conditional mean for x of shape {x.shape}")


def _mean_mistakes(m: dict[str, np.ndarray]) -> list[Mistake]:
    return [
        Mistake("x_first", X_FIRST, m["x_first"]),
        Mistake(
            "uncentred",
            "x is multiplied as it is. What moves z is how far x lies from its own mean.",
            m["uncentred"],
        ),
        Mistake(
            "no_prior_mean",
            "The mean of z is missing: at x equal to its mean, z is expected at its own.",
            m["no_prior_mean"],
        ),
        Mistake("sign", "z moves to the wrong side: add the correction.", m["minus"]),
        Mistake(
            "no_inverse",
            "The covariance of x is not divided out: multiply by its inverse.",
            m["no_inverse"],
        ),
        Mistake("unconditional", "This is the mean of z before x was seen.", m["prior"]),
    ]


@EXERCISE.part("The covariance of z given x")
def covariance(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 3, 2)
    _, want, m = _condition(mean, cov, rng.normal(size=(4, 2)))
    got = unpack(probe.value(mean, cov, rng.normal(size=(4, 2))), 2, NAMES)[1]
    return compare(got, want, _covariance_mistakes(m), what="the conditional covariance")


def _covariance_mistakes(m: dict[str, np.ndarray]) -> list[Mistake]:
    return [
        Mistake("x_first", X_FIRST, m["cov_x_first"]),
        Mistake(
            "added",
            "You added what x explains. To see x makes z more certain: subtract.",
            m["plus"],
        ),
        Mistake("unconditional", "This is the covariance of z before x was seen.", m["zz"]),
        Mistake(
            "explained_only",
            "This is the part that x explains. Subtract it from the covariance of z.",
            m["explained"],
        ),
        Mistake(
            "no_inverse",
            "The covariance of x is not divided out: multiply by its inverse.",
            m["cov_no_inverse"],
        ),
        Mistake(
            "precision",
            "This is the inverse of what is asked for, the conditional precision.",
            m["precision"],
        ),
    ]


@EXERCISE.part("The course's toy: half of x, variance one half", weight=0.5)
def toy(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(5, 1))
    mean, cov = np.zeros(2), np.array([[1.0, 1.0], [1.0, 2.0]])
    _, _, m = _condition(mean, cov, x)
    of_mean = [
        known for known in _mean_mistakes(m) if known.key in ("sign", "unconditional")
    ]  # the others are right here, or look like another
    of_variance = [known for known in _covariance_mistakes(m) if known.key != "x_first"]
    finding = compare(
        unpack(probe.value(mean, cov, x), 2, NAMES)[0],
        x / 2,
        of_mean,
        what="the posterior mean of the toy",
    )
    if not finding.ok:
        return finding
    return compare(
        unpack(probe.value(mean, cov, x), 2, NAMES)[1],
        [[0.5]],
        of_variance,
        what="its posterior variance",
    )


@EXERCISE.part("Variances of a hundred-millionth, next to others of one; data far out", weight=0.5)
def small_and_far(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 2, 3)
    scale = np.array([1e-4, 1.0, 1.0, 1e-3, 1e-4]) / cov.diagonal() ** 0.5
    cov = scale[:, None] * cov * scale
    far = rng.uniform(6.0, 9.0, (4, 3)) * rng.choice([-1, 1], (4, 3))
    x = mean[2:] + far * cov.diagonal()[2:] ** 0.5
    want, variance, m = _condition(mean, cov, x)
    actual = probe.value(mean, cov, x)
    unit = cov.diagonal()[:2] ** 0.5
    finding = compare(
        (unpack(actual, 2, NAMES)[0] - mean[:2]) / unit,
        (want - mean[:2]) / unit,
        what="the conditional mean less the mean, in standard deviations",
    )
    if not finding.ok:
        return finding
    return compare(
        unpack(actual, 2, NAMES)[1] / unit / unit[:, None],
        variance / unit / unit[:, None],
        what="the conditional covariance, in units of the variances",
    )


@EXERCISE.part("x without a batch, and more data than latents", weight=0.5)
def unbatched_with_more_data(probe: Probe, rng: np.random.Generator) -> Finding:
    mean, cov = _joint(rng, 1, 4)
    x = mean[1:] + rng.normal(size=4) * cov.diagonal()[1:] ** 0.5
    want, _, m = _condition(mean, cov, x)
    hint = "Without a batch x is a vector: use x @ gain.T, or (gain @ x.unsqueeze(-1)).squeeze(-1), which work for both."
    try:
        got = unpack(probe.value(mean, cov, x), 2, NAMES)[0]
        finding = compare(
            got, want, _mean_mistakes(m), what="the conditional mean for x of shape (4,)"
        )
    except LearnerError as error:
        if error.kind not in ("IndexError", "RuntimeError", "ValueError"):
            raise
        return Finding(
            False,
            "a conditional mean for x of shape (4,)",
            f"{error.kind}: {error.message}",
            "no_batch",
            hint,
        )
    plain = finding.ok or finding.diagnosis not in ("shape", "type")
    return finding if plain else Finding(False, finding.expected, finding.actual, "no_batch", hint)
