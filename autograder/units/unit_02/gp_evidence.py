"""Evidence of a Gaussian process in two parts, and the slopes of both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, as_array, unpack

EXERCISE = exercise(
    __name__,
    title="A Gaussian process: fit and complexity",
    function="gp_evidence",
    points=3,
    difficulty=3,
    importance=3,
    minutes=35,
    read="The bandwidth of a Gaussian process",
    hides=["models.tractable.gaussian_process_regression:GaussianProcessRegression.log_evidence"],
)

NAMES = "parts, gradient"
PARTS = ("fit", "complexity")
SLOPES = ("log lengthscale", "log scale", "log noise")


class Series(NamedTuple):
    """Inputs u ``(N)``, values y ``(N)``, and the logarithms of lengthscale, scale and noise."""

    u: np.ndarray
    y: np.ndarray
    log_lengthscale: float
    log_scale: float
    log_noise: float

    @property
    def squares(self) -> np.ndarray:
        """Squared distances in units of the lengthscale."""
        value: np.ndarray = ((self.u[:, None] - self.u) * np.exp(-self.log_lengthscale)) ** 2
        return value

    @property
    def gram(self) -> np.ndarray:
        value: np.ndarray = np.exp(2 * self.log_scale - 0.5 * self.squares)
        return value

    @property
    def noise(self) -> np.ndarray:
        value: np.ndarray = np.exp(2 * self.log_noise) * np.eye(len(self.u))
        return value

    def parts(self, matrix: np.ndarray | None = None) -> np.ndarray:
        """-y' A^-1 y / 2 and -log|A| / 2, ``(2)``."""
        a = self.gram + self.noise if matrix is None else matrix
        return -0.5 * np.array([self.y @ np.linalg.solve(a, self.y), np.linalg.slogdet(a)[1]])

    def gradient(self) -> np.ndarray:
        """Slopes of both parts, ``(2, 3)``."""
        a = self.gram + self.noise
        inverse = np.linalg.inv(a)
        alpha = inverse @ self.y
        changes = (self.gram * self.squares, 2 * self.gram, 2 * self.noise)
        return np.array(
            [
                [0.5 * alpha @ change @ alpha for change in changes],
                [-0.5 * (inverse * change).sum() for change in changes],
            ]
        )

    def exact(self) -> np.ndarray:
        """Parts and their slopes, ``(2, 4)``."""
        return np.concatenate([self.parts()[:, None], self.gradient()], 1)


def _part_mistakes(at: Series, row: int) -> list[float]:
    """What ``PART_SAYS`` names, in that order."""
    count, right = len(at.u), at.parts()
    scaled = at._replace(log_scale=at.log_scale / 2)
    length = at._replace(log_lengthscale=at.log_lengthscale / 2)
    exponent = at._replace(log_lengthscale=at.log_lengthscale - 0.5 * np.log(2))
    noise = at._replace(log_noise=at.log_noise / 2)
    with np.errstate(all="ignore"):
        noiseless = at.gram + 1e-6 * np.eye(count)
        return [
            right.sum(),
            right.sum() - 0.5 * count * LOG_2PI,
            right[row] - 0.5 * count * LOG_2PI,
            2 * right[row],
            -right[row],
            at.parts(noiseless)[row],
            scaled.parts()[row],
            length.parts()[row],
            noise.parts()[row],
            exponent.parts()[row],
        ]


PART_SAYS = (
    ("both_parts", "This is the sum of both parts. They are asked apart."),
    ("whole_evidence", "This is the whole log evidence. Its two parts are asked, and the constant belongs to neither."),
    ("constant_kept", "The constant -N/2 log 2 pi is in it. It belongs to neither part."),
    ("half_lost", "The half is missing."),
    ("sign", "The sign is turned: both parts are terms of the log evidence, so that they add up to it."),
    ("noise_lost", "The noise is missing from the covariance of y."),
    ("scale_as_variance", "exp(log_scale) is used as a variance. It is a scale: square it."),
    ("lengthscale_as_square", "exp(log_lengthscale) is used as a squared length. Distances are divided by it before they are squared."),
    ("noise_as_variance", "exp(log_noise) is used as a variance. It is a scale: square it."),
    ("exponent_half_lost", "The half in the kernel's exponent is missing."),
)  # fmt: skip


def _slope_mistakes(at: Series, row: int) -> list[tuple[str, str, np.ndarray]]:
    right = at.gradient()
    values = np.exp([at.log_lengthscale, at.log_scale, at.log_noise])
    return [
        (
            "plain_slopes",
            "These are the slopes in lengthscale, scale and noise. Those in their logarithms are asked.",
            right[row] / values,
        ),
        (
            "half_slopes",
            "These are the slopes in the logarithms of the squares: half of what is asked.",
            right[row] / 2,
        ),
        (
            "rows_summed",
            "This is the gradient of the whole evidence. That of each part is asked.",
            right.sum(0),
        ),
        ("rows_swapped", "The rows are exchanged: the fit comes first.", right[1 - row]),
        ("sign", "The sign is turned.", -right[row]),
    ]


def _inputs(
    rng: np.random.Generator, count: int, length: float, scale: float, noise: float
) -> Series:
    """A wiggly series, the inputs in no order, some close together."""
    u = rng.permutation(np.sort(rng.uniform(-3.0, 3.0, count)) + 0.02 * rng.normal(size=count))
    if count > 3:
        u[1], u[2] = u[0] + 0.05, u[3]  # close together, and measured twice at one place
    y = scale * (np.sin(2 * u + rng.uniform(0, 6)) + 0.3 * rng.normal(size=count))
    logs = np.log([length, scale, noise]) + rng.uniform(-0.2, 0.2, 3)
    return Series(u, y + 0.4 * scale, *map(float, logs))


def _series(rng: np.random.Generator) -> list[Series]:
    """Short and long lengths, small and large scales, weak and strong noise."""
    return [
        _inputs(rng, 5, 0.2, 1.5, 0.4),
        _inputs(rng, 7, 1.0, 0.05, 0.02),
        _inputs(rng, 8, 3.0, 20.0, 2.0),
        _inputs(rng, 4, 0.7, 0.6, 3.0),
        _inputs(rng, 100, 0.5, 1.0, 0.0125),  # a determinant that no number can hold
    ]


def _asked(probe: Probe, places: list[Series]) -> tuple[Finding | None, np.ndarray, np.ndarray]:
    """Parts ``(S, 2)`` and slopes ``(S, 2, 3)`` of all series, or what is wrong with their shapes."""
    parts, slopes = [], []
    for at in places:
        pair = unpack(probe.value(*at), 2, NAMES)
        first, second = (as_array(each) for each in pair)
        if first.shape != (2,):
            return compare(pair[0], at.parts(), what="the two parts"), first, second
        if second.shape != (2, 3):
            want = at.gradient()
            turned = [Mistake("transposed", "Rows are the parts, columns the parameters.", want.T)]
            return compare(pair[1], want, turned, what="the gradient"), first, second
        parts.append(first)
        slopes.append(second)
    return None, np.array(parts), np.array(slopes)


def _judged(probe: Probe, places: list[Series], *asked: tuple[int, bool]) -> Finding:
    """Parts, and slopes of parts: each asked for by its number and whether the slopes are meant."""
    odd, parts, gradient = _asked(probe, places)
    if odd is not None:
        return odd
    finding = Finding(True)
    for row, slopes in asked:
        if finding.ok:
            finding = _slopes(gradient, places, row) if slopes else _part(parts, places, row)
    return finding


def _slopes(gradient: np.ndarray, places: list[Series], row: int) -> Finding:
    each = [_slope_mistakes(at, row) for at in places]
    mistakes = [
        Mistake(same[0][0], same[0][1], np.stack([one[2] for one in same]))
        for same in zip(*each, strict=True)
    ]
    want = np.stack([at.gradient()[row] for at in places])
    what = f"the slopes of the {PARTS[row]} in " + ", ".join(SLOPES)
    return compare(gradient[:, row], want, mistakes, rtol=1e-6, what=what)


def _part(parts: np.ndarray, places: list[Series], row: int) -> Finding:
    wrong = np.array([_part_mistakes(at, row) for at in places])
    mistakes = [Mistake(key, hint, wrong[:, i]) for i, (key, hint) in enumerate(PART_SAYS)]
    swapped = np.stack([at.parts()[1 - row] for at in places])
    hint = "The parts are exchanged: the fit comes first."
    mistakes.append(Mistake("rows_swapped", hint, swapped))
    want = np.stack([at.parts()[row] for at in places])
    what = f"the {PARTS[row]} of {len(places)} series"
    return compare(parts[:, row], want, mistakes, rtol=1e-7, what=what)


@EXERCISE.part("The part of the evidence that sees y")
def fit(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _series(rng), (0, False))


@EXERCISE.part("The part that does not")
def complexity(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _series(rng), (1, False))


@EXERCISE.part("The slopes of the first part")
def slopes_of_fit(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _series(rng), (0, True))


@EXERCISE.part("The slopes of the second")
def slopes_of_complexity(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _series(rng), (1, True))


@EXERCISE.part("One value, two, and twelve at a long lengthscale", weight=0.5)
def other_sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    places = [
        _inputs(rng, 1, 1.0, 1.5, 0.5),
        _inputs(rng, 2, 2.0, 0.8, 0.2),
        _inputs(rng, 3, 2.0, 0.8, 0.2),
        _inputs(rng, 12, 4.0, 2.0, 0.1),
    ]
    return _judged(probe, places, (0, False), (1, False), (0, True), (1, True))
