"""What K samples of a Renyi bound miss, predicted on the toy, and what its gradient misses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack
from autograder.units.unit_10.reference import judged

EXERCISE = exercise(
    __name__,
    title="What K samples miss, predicted",
    function="predicted_renyi",
    points=4,
    difficulty=4,
    importance=4,
    minutes=45,
    read="section 2, Other averages of the same weights",
    hides=[],
    because="no function of course_vi predicts the bias of a bound",
)

NAMES = "bound, bias, bias of the gradient"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """Data, prior means, and Gaussians q, ``(*B)`` each; the order alpha, and the number K of samples."""

    x: np.ndarray
    prior_mean: np.ndarray
    loc: np.ndarray
    log_scale: np.ndarray
    alpha: float
    num_samples: int


def log_moment(given: Given, power: float) -> np.ndarray:
    """log E w^power under q, where it exists; ``(*B)``."""
    x, mu, m, log_s, _, _ = given
    s2 = np.exp(2 * log_s)
    a, b = -1 + 1 / (2 * s2), x + mu - m / s2
    c = -(x**2 + mu**2) / 2 + m**2 / (2 * s2) + log_s - LOG_2PI / 2
    left = 1 - 2 * power * a * s2
    inside = power * (a * m**2 + b * m) + power**2 * b**2 * s2 / 2
    value: np.ndarray = power * c - np.log(left) / 2 + inside / left
    return value


def log_moment_slope(given: Given, power: float) -> np.ndarray:
    """Its derivative in the prior mean: power times the mean of z - mu under q w^power, normalized."""
    x, mu, m, log_s, _, _ = given
    s2 = np.exp(2 * log_s)
    precision = 1 / s2 + 2 * power * (1 - 1 / (2 * s2))
    mean = (m / s2 + power * (x + mu - m / s2)) / precision
    value: np.ndarray = power * (mean - mu)
    return value


def ratio(given: Given) -> np.ndarray:
    """Variance over squared mean of w^(1 - alpha)."""
    power = 1 - given.alpha
    value: np.ndarray = np.expm1(log_moment(given, 2 * power) - 2 * log_moment(given, power))
    return value


def ratio_slope(given: Given) -> np.ndarray:
    power = 1 - given.alpha
    change = log_moment_slope(given, 2 * power) - 2 * log_moment_slope(given, power)
    value: np.ndarray = (1 + ratio(given)) * change
    return value


def table(given: Given) -> np.ndarray:
    """The bound, its bias at K samples and that of its gradient in the prior mean, ``(3, *B)``."""
    power = 1 - given.alpha
    factor = -1 / (2 * given.num_samples * power)
    return np.stack(
        [log_moment(given, power) / power, factor * ratio(given), factor * ratio_slope(given)]
    )


def _evidence(given: Given) -> np.ndarray:
    value: np.ndarray = -((given.x - given.prior_mean) ** 2) / 4 - np.log(4 * np.pi) / 2
    return value


def _common(given: Given, row: int) -> list[Mistake]:
    """Wrong readings of scale and order, which show in every row."""
    shown = [
        (
            "log_scale_as_variance",
            "exp(log_scale) is used as a variance. It is the standard deviation.",
            given._replace(log_scale=given.log_scale / 2),
        ),
        (
            "prior_at_zero",
            "The prior's mean is taken to be zero. It is an argument.",
            given._replace(prior_mean=0 * given.prior_mean),
        ),
        (
            "iwae",
            "This is alpha = 0, whatever alpha is.",
            given._replace(alpha=0.0),
        ),
        (
            "order_alpha",
            "The weights are raised to the power alpha, not 1 - alpha.",
            given._replace(alpha=1.0 - given.alpha),
        ),
    ]
    with np.errstate(all="ignore"):
        return [Mistake(key, hint, table(other)[row]) for key, hint, other in shown]


def _bound_mistakes(given: Given) -> list[Mistake]:
    power = 1 - given.alpha
    own = [
        ("evidence", "This is the log evidence, which only alpha = 0 reaches.", _evidence(given)),
        (
            "not_divided",
            "The logarithm of the mean is not divided by 1 - alpha.",
            log_moment(given, power),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in own] + _common(given, 0)


def _turned(given: Given, right: np.ndarray) -> tuple[str, str, np.ndarray]:
    """The other sign: for alpha above 1 it is what those expect for whom every bound from samples lies below."""
    if given.alpha < 1:
        return "sign", "The sign is turned.", -right
    hint = "The bias points the wrong way for alpha above 1, where the logarithm is divided by a negative number."
    return "always_down", hint, -right


def _bias_mistakes(given: Given) -> list[Mistake]:
    power, right = 1 - given.alpha, table(given)[1]
    own = [
        (
            "not_divided",
            "The logarithm is divided by 1 - alpha, and so is its bias.",
            right * power,
        ),
        (
            "divided_twice",
            "1 - alpha divides once: the variance is that of the powers themselves.",
            right / power,
        ),
        (
            "times_order",
            "The bias is multiplied by 1 - alpha where it is divided by it.",
            right * power**2,
        ),
        ("half_lost", "The half of the second-order term is lost.", 2 * right),
        _turned(given, right),
        ("k_lost", "This is the bias at K = 1.", right * given.num_samples),
        ("root_k", "This falls with the root of K.", right * given.num_samples**0.5),
        (
            "second_moment",
            "This takes the mean square of the powers for their variance.",
            -(1 + ratio(given)) / (2 * given.num_samples * power),
        ),
        (
            "not_relative",
            "The variance is not divided by the square of the mean.",
            right * np.exp(2 * log_moment(given, power)),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in own] + _common(given, 1)


def _gradient_mistakes(given: Given) -> list[Mistake]:
    power, right = 1 - given.alpha, table(given)[2]
    factor = -1 / (2 * given.num_samples * power)
    slope = log_moment_slope(given, power) / power
    own = [
        (
            "slope_of_bound",
            "This is the gradient of the bound itself. Its bias is the slope of the second row.",
            slope,
        ),
        (
            "slope_of_both",
            "This is the mean of the gradient. Its bias is what is left without the gradient of the bound.",
            slope + right,
        ),
        (
            "slope_of_log",
            "This is the slope of the logarithm of the relative variance.",
            factor * ratio_slope(given) / ratio(given),
        ),
        (
            "moment_held",
            "The mean of the powers is held constant. It moves with the prior, too.",
            factor * (1 + ratio(given)) * log_moment_slope(given, 2 * power),
        ),
        _turned(given, right),
        ("k_lost", "This is the bias at K = 1.", right * given.num_samples),
        (
            "not_divided",
            "The logarithm is divided by 1 - alpha, and so is its bias.",
            right * power,
        ),
        ("half_lost", "The half of the second-order term is lost.", 2 * right),
        (
            "other_parameter",
            "This is the slope in x. It is asked in the prior's mean.",
            _by_differences(given, "x"),
        ),
        (
            "other_parameter",
            "This is the slope in the mean of q. It is asked in the prior's mean.",
            _by_differences(given, "loc"),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in own] + _common(given, 2)


def _by_differences(given: Given, name: str) -> np.ndarray:
    step = 1e-6
    there, back = (
        table(given._replace(**{name: getattr(given, name) + off}))[1] for off in (step, -step)
    )
    value: np.ndarray = (there - back) / (2 * step)
    return value


MISTAKES = (_bound_mistakes, _bias_mistakes, _gradient_mistakes)


def _given(
    rng: np.random.Generator, batch: tuple[int, ...], alpha: float, far: float = 0.0
) -> Given:
    """Scales for which the variance of the powers is finite: a fifth to a half of the way to where it is not."""
    power, size = 1 - alpha, int(np.prod(batch, dtype=int))
    edge = 0.5 - 1 / (4 * power)  # of the variance of q, on the near side of the posterior's 1 / 2
    share = rng.uniform(0.2, 0.5, size)
    spread = 0.5 + share * (edge - 0.5) if edge > 0 else rng.uniform(0.2, 1.2, size)
    # the other side of 1 / 2 is safe whatever the power is
    mirrored = rng.uniform(0.7, 1.4, size) if power > 0 else rng.uniform(0.15, 0.4, size)
    variance = np.where(np.arange(size) % 2 == 0, spread, mirrored).reshape(batch)
    x, mu = far + rng.normal(size=batch), rng.uniform(0.3, 1.5, batch) * rng.choice([-1, 1], batch)
    off = rng.uniform(0.15, 0.4, batch) * rng.choice([-1, 1], batch)
    return Given(x, mu, (x + mu) / 2 + off, np.log(variance) / 2, alpha, int(rng.integers(16, 200)))


def _judged(probe: Probe, given: Given, row: int) -> Finding:
    actual = unpack(probe.value(*given), 3, NAMES)[row]
    what = f"the {ROWS[row]}, alpha = {given.alpha:.3g}, a batch of shape {given.x.shape}"
    return judged(actual, table(given)[row], MISTAKES[row], given, what)


def _alphas(rng: np.random.Generator) -> list[float]:
    return [
        float(rng.uniform(low, high)) for low, high in ((0.2, 0.7), (-1.0, -0.4), (1.3, 2.6))
    ] + [0.0]


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for alpha, batch in zip(_alphas(rng), ((5,), (2, 3), (4,), (3,)), strict=True):
        if finding.ok:
            finding = _judged(probe, _given(rng, batch, alpha), row)
    return finding


@EXERCISE.part("The Renyi bound of q, exactly", weight=1.5)
def bound(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("The bias of its estimate from K samples", weight=1.5)
def bias(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part("The bias of the gradient in the prior's mean", weight=1)
def bias_of_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 2)


@EXERCISE.part(
    "One datum, with and without a batch axis; x far out, where weights are below 1e-300",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    alphas, finding = _alphas(rng), Finding(True)
    cases = [
        _given(rng, (1,), alphas[0]),
        _given(rng, (), alphas[1]),
        _given(rng, (3,), alphas[0], far=80.0),
        _given(rng, (3,), alphas[1], far=-80.0),
    ]
    for given in cases:
        for row in range(3):
            finding = _judged(probe, given, row) if finding.ok else finding
    return finding
