"""The sleep phase of bits, and least squares on their probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_12.reference import either_sign

EXERCISE = exercise(
    __name__,
    title="Asleep, and the factor that least squares loses",
    function="sleep_gradients",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 3, On which scale is an error measured?",
    hides=["learning.wake_sleep:sleep_phase"],
)

ASLEEP, SQUARES = 0, 1
TITLES = ("asleep", "of least squares")
RTOL = 1e-8


class Given(NamedTuple):
    """Probabilities ``f: (B, D)``, how they move, ``slopes: (B, D, P)``, and dreamt bits ``z: (B, D)``."""

    f: np.ndarray
    slopes: np.ndarray
    z: np.ndarray

    def rows(self, factor: np.ndarray) -> np.ndarray:
        """``(B, P)``, with a factor for each bit."""
        return np.einsum("bd,bdp->bp", factor, self.slopes)

    def right(self) -> tuple[np.ndarray, np.ndarray]:
        off = self.z - self.f
        return self.rows(off / (self.f * (1 - self.f))).mean(0), self.rows(off).mean(0)


def _given(
    rng: np.random.Generator,
    dreams: int = 6,
    bits: int = 3,
    parameters: int = 4,
    rare: bool = False,
) -> Given:
    """Probabilities between .03 and .97, or, if ``rare``, nearer to either end than a thousandth: there the dream may surprise."""
    shape = (dreams, bits)
    f = rng.uniform(0.03, 0.97, shape)
    if rare:
        small = 10.0 ** -rng.uniform(3, 9, shape)
        f = np.where(rng.random(shape) < 0.5, small, 1 - small)
    z = (rng.random(shape) < 0.5).astype(float)
    slopes = (
        either_sign(rng, (*shape, parameters)) * (f * (1 - f) if rare else 1 + 0 * f)[..., None]
    )
    return Given(f, slopes, z)


def _mistakes(given: Given, row: int) -> list[Mistake]:
    f, z, want = given.f, given.z, given.right()
    off = z - f
    known = [
        ("order_swapped", "The two are exchanged: asleep comes first.", want[1 - row]),
        ("factor_of_logit", "This is right if the slopes were those of the logit. They are those of the probability f.",
         given.rows(off * f * (1 - f)).mean(0)),
        ("summed", "You summed over the dreams. Their mean is asked.", want[row] * len(f)),
        ("mean_over_bits", "You averaged over the bits. The log-probability of a dream is a sum over them.",
         want[row] / f.shape[1]),
        ("zeros_forgotten", "Only bits that are one speak here. A bit that is zero has the log-probability log(1 - f).",
         given.rows(z / f).mean(0)),
        ("sign_of_zeros", "The slope of log(1 - f) is negative.", given.rows(np.where(z > 0.5, 1 / f, 1 / (1 - f))).mean(0)),
        ("standard_scores", "This divides by the standard deviation of the bit. Differentiate log f and log(1 - f) once more.",
         given.rows(off / np.sqrt(f * (1 - f))).mean(0)),
        ("half_lost", "A factor two is too many: the objective is half of the squares.", 2 * want[SQUARES]),
        ("downhill", "The sign is turned: asked is the direction of ascent.", -want[row]),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _judged(probe: Probe, given: Given, row: int) -> Finding:
    both = unpack(probe.value(*given), 2, "asleep, least squares")
    what = f"the gradient {TITLES[row]}, for slopes of shape {given.slopes.shape}"
    return compare(both[row], given.right()[row], _mistakes(given, row), RTOL, what=what)


@EXERCISE.part("Asleep: the gradient of log q at dreams", weight=1.5)
def asleep(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), ASLEEP)
    return finding if not finding.ok else _judged(probe, _given(rng, 3, 3, 3), ASLEEP)


@EXERCISE.part("Least squares on probabilities")
def least_squares(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), SQUARES)
    return finding if not finding.ok else _judged(probe, _given(rng, 4, 4, 4), SQUARES)


@EXERCISE.part(
    "Probabilities nearer to 0 or 1 than a thousandth, down to 1e-9; one dream, one bit, one parameter"
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for sizes in ((8, 3, 4), (1, 2, 3), (5, 1, 3), (4, 3, 1)):
        for rare in (True, False):
            given = _given(rng, *sizes, rare=rare)
            for row in (ASLEEP, SQUARES):
                finding = _judged(probe, given, row) if finding.ok else finding
    return finding
