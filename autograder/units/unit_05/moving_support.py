"""A support that moves with its parameter."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays, as_array

EXERCISE = exercise(
    __name__,
    title="A support that moves",
    function="moving_support",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 4, Where it is wrong",
    hides=[],
    because="course_vi has nothing for supports that move",
)

ROWS = ("the score function's estimate", "its bias", "the repaired estimate")


def f_of(given: Arrays, z: np.ndarray) -> np.ndarray:
    """The function of the driver: h0 + h1 z + h2 [z > place] + h3 sin(3 z)."""
    h = given["height"]
    value: np.ndarray = h[0] + h[1] * z + h[2] * (z > given["place"]) + h[3] * np.sin(3 * z)
    return value


def _inputs(rng: np.random.Generator, batch: tuple[int, ...], samples: int, power: float) -> Arrays:
    """f has a jump under q, and is not zero at the border; the supports are short and long."""
    phi = rng.permutation(np.geomspace(0.3, 4.0, max(int(np.prod(batch)), 1))).reshape(batch)
    if not batch:
        phi = np.array(rng.uniform(0.6, 3.0))
    return {
        "height": rng.uniform(0.7, 1.5, 4) * rng.choice([-1, 1], 4),
        "place": np.array(rng.uniform(0.2, 0.5)),
        "phi": phi,
        "z": phi * rng.random((samples, *batch)) ** (1 / power),
        "power": np.array(power),
        "b": rng.uniform(0.5, 3.0, batch) * rng.choice([-1, 1], batch),
    }


def _rows(given: Arrays) -> np.ndarray:
    """The three rows, ``(3, *B)``."""
    rate = given["power"] / given["phi"]
    f, edge, b = f_of(given, given["z"]).mean(0), f_of(given, given["phi"]), given["b"]
    return np.stack([-rate * (f - b), rate * (b - edge), rate * (edge - f)])


def _asked(probe: Probe, given: Arrays) -> tuple[object, np.ndarray]:
    sent = {**given, "power": float(given["power"])}
    actual = probe.drive("moving_support/rows", **sent)
    return actual, as_array(actual)


def _mistakes(row: int, given: Arrays) -> list[Mistake]:
    rate, phi, power = given["power"] / given["phi"], given["phi"], given["power"]
    f, edge, b = f_of(given, given["z"]).mean(0), f_of(given, phi), given["b"]
    right = _rows(given)
    swapped = [
        Mistake(
            f"row_{other + 1}_again",
            f"This is row {other + 1}, {ROWS[other]}.",
            right[other],
        )
        for other in range(3)
        if other != row
    ]
    power_lost = Mistake(
        "power_lost",
        "The power is missing: at its border this density is power / phi, and its score is -power / phi. 1 / phi is that of the "
        "uniform.",
        right[row] / power,
    )
    phi_lost = Mistake(
        "phi_lost",
        "The score is divided by phi: power log phi has the slope power / phi.",
        right[row] * phi,
    )
    if row == 0:
        return [
            power_lost,
            phi_lost,
            Mistake(
                "score_sign",
                "The score has the wrong sign. As phi grows, the density gets thinner everywhere: its logarithm falls.",
                -right[0],
            ),
            Mistake("baseline_lost", "The baseline b is not subtracted from f.", -rate * f),
            Mistake("baseline_added", "The baseline b is added. Subtract it.", -rate * (f + b)),
            *swapped,
        ]
    if row == 1:
        return [
            power_lost,
            phi_lost,
            Mistake(
                "bias_sign",
                "The sign is turned: a bias is the mean of the estimate minus the truth.",
                -right[1],
            ),
            Mistake(
                "baseline_lost",
                "This is the bias without a baseline. Here E s is not zero, so the baseline moves the mean too.",
                -rate * edge,
            ),
            Mistake(
                "baseline_harmless",
                "This takes the bias to come from the baseline alone, -b E s. Without a baseline there is one already: the mass at "
                "the border.",
                rate * b,
            ),
            *swapped,
        ]
    return [
        power_lost,
        phi_lost,
        Mistake(
            "baseline_left",
            "The border's term is there, and the baseline is still in it: this is off by b times power / phi.",
            right[2] + rate * b,
        ),
        Mistake("baseline_twice", "The baseline comes in twice.", right[2] - rate * b),
        Mistake(
            "border_sign",
            "The border's term has the wrong sign: as phi grows, mass appears at z = phi, and f(phi) comes in with a plus.",
            -rate * (f + edge),
        ),
        Mistake(
            "border_power_lost",
            "The border's term is f(phi) times the density there, which is power / phi, not 1 / phi.",
            edge / phi - rate * f,
        ),
        *swapped,
    ]


def _judged(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    powers = rng.permutation([rng.uniform(0.4, 0.7), rng.uniform(2.0, 4.0)])
    for batch, samples, power in (((5,), 4, powers[0]), ((2, 3), 1, powers[1]), ((), 3, 1.0)):
        given = _inputs(rng, batch, samples, float(power))
        actual, rows = _asked(probe, given)
        right = _rows(given)
        if rows.shape != right.shape:
            return compare(actual, right, what="the three rows")
        finding = compare(rows[row], right[row], _mistakes(row, given), what=ROWS[row])
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Row 1: the score function's estimate, with the baseline that is given")
def score_row(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, 0)


@EXERCISE.part("Row 2: its bias, exactly")
def bias_row(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, 1)


@EXERCISE.part("Row 3: the estimate, repaired")
def repaired_row(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, 2)


@EXERCISE.part(
    "Averaged over the whole support, row 3 is the slope of E f, and row 1 misses it by row 2"
)
def means(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng, (2,), 1, float(rng.uniform(1.5, 3.0)))
    given["height"][2:] = 0.0  # linear: E f = h0 + h1 phi power / (power + 1)
    u = (np.arange(300) + 0.5)[:, None] / 300
    given["z"] = given["phi"] * u ** (1 / given["power"])
    actual, rows = _asked(probe, given)
    if rows.shape != (3, 2):
        return compare(actual, _rows(given), what="the three rows")
    slope = given["height"][1] * given["power"] / (given["power"] + 1) + 0 * given["phi"]
    return compare(
        np.stack([rows[2], rows[0] - rows[1]]),
        np.stack([slope, slope]),
        rtol=1e-3,
        what="the slope of E f",
    )
