"""The implicit gradient of a Gamma."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="The implicit gradient of a Gamma",
    function="implicit_gamma",
    points=4,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 8, When t has no formula",
    hides=["distributions.positive:_cdf_slope"],
)


def gamma_slope(alpha: np.ndarray, g: np.ndarray) -> np.ndarray:
    """dz/dalpha of a Gamma(alpha, 1) variable at fixed noise: minus the slope of its distribution function over its density."""
    density = np.exp((alpha - 1) * np.log(g) - g - special.gammaln(alpha))
    return -gamma_cdf_slope(alpha, g) / density


def gamma_cdf_slope(alpha: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The derivative of the distribution function in alpha, by central differences of fourth order in the smaller tail."""
    step, upper = 1e-3 * np.maximum(alpha, 0.1), g > alpha

    def cdf(a: np.ndarray) -> np.ndarray:
        return np.where(upper, -special.gammaincc(a, g), special.gammainc(a, g))

    slope: np.ndarray = (
        8 * (cdf(alpha + step) - cdf(alpha - step))
        - (cdf(alpha + 2 * step) - cdf(alpha - 2 * step))
    ) / (12 * step)
    return slope


DETACHED = (
    "z does not depend on the concentration: the implicit gradient was not attached. Its value is g / rate, "
    "its slope comes from F."
)
SIGN = (
    "The sign is turned. F(z) must stay where it is, so what dF/dalpha adds, q dz must take away: "
    "dz/dalpha = -(dF/dalpha) / q."
)
NO_DENSITY = "This is -dF/dalpha alone. Divide it by the density of g, the slope of F in z."
RESCALED = (
    "This moves z in proportion, as if z were alpha times a fixed variable. Only the rate is such a scale; the concentration "
    "changes the shape."
)


Given = dict[str, np.ndarray]


def _gamma(rng: np.random.Generator, batch: tuple[int, ...] = (3, 2), samples: int = 5) -> Given:
    concentration = rng.uniform(0.6, 6.0, batch)
    g = special.gammaincinv(concentration, rng.uniform(0.02, 0.98, (samples, *batch)))
    rate = np.where(
        rng.random(batch) < 0.5, rng.uniform(0.1, 0.6, batch), rng.uniform(1.6, 9.0, batch)
    )
    return {"concentration": concentration, "rate": rate, "g": g, "weight": _weights(rng, g.shape)}


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Those of the draws: each its own, some negative."""
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1, 1], shape)


def _one_each(rng: np.random.Generator, alpha: Any, rate: Any, g: np.ndarray) -> Given:
    """Parameters of their own for every draw, so that slopes come back one by one: ``(R, 1)``, and g ``(1, R, 1)``."""
    rows = {"concentration": alpha + 0 * g, "rate": rate + 0 * g, "weight": _weights(rng, g.shape)}
    given = {name: value[:, None] for name, value in rows.items()}
    return {**given, "g": g[None, :, None], "weight": given["weight"][None]}


def _slopes(probe: Probe, given: Given) -> Any:
    """The slope in the concentration of each draw, ``(R,)``; what came instead, if it has another shape."""
    got = probe.drive("gamma/pullback", **given)["concentration"]
    weight = given["weight"][0]
    fits = isinstance(got, np.ndarray) and got.shape == weight.shape
    return (got / weight)[:, 0] if fits else got


@EXERCISE.part("The value is g / rate", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, samples in (((3, 2), 5), ((3,), 1), ((2, 2, 2), 3)):
        given = _gamma(rng, batch, samples)
        actual, again = (probe.drive("gamma/pullback", **given)["z"] for _ in range(2))
        finding = _own_noise(probe, actual, again) or _value(actual, given)
        if not finding.ok:
            return finding
    return finding


def _own_noise(probe: Probe, actual: Any, again: Any) -> Finding | None:
    both = (
        isinstance(actual, np.ndarray)
        and isinstance(again, np.ndarray)
        and actual.shape == again.shape
    )
    if not both or probe.stateful or np.allclose(actual, again, 1e-3, 1e-6, equal_nan=True):
        return None
    return holds(
        False,
        "z = g / rate, for the draws g that you were given",
        "other numbers at each call",
        "own_noise",
        "Random variables of your own are in it. The draws are g: work with them.",
    )


def _value(actual: Any, given: Given) -> Finding:
    alpha, rate, g = given["concentration"], given["rate"], given["g"]
    return compare(
        actual,
        g / rate,
        what="z",
        rtol=1e-7,
        mistakes=[
            Mistake(
                "rate_as_scale",
                "g was multiplied by the rate. A large rate makes z small: divide.",
                g * rate,
            ),
            Mistake("rate_forgotten", "The rate is missing: z = g / rate.", g),
            Mistake(
                "value_shifted",
                "The surrogate has added slope times concentration to the value. s - s.detach() adds a "
                "gradient and no value.",
                _near((g + gamma_slope(alpha, g) * alpha) / rate),
            ),
        ],
    )


def _near(value: np.ndarray) -> Callable[[np.ndarray], bool]:
    """Whether an answer is this one, as far as an approximation of the slope allows."""
    return lambda got: (
        got.shape == value.shape and bool(np.allclose(got, value, rtol=3e-3, atol=1e-9))
    )


def _slope_mistakes(
    alpha: Any, rate: Any, g: np.ndarray, average: Callable[[np.ndarray], np.ndarray] | None = None
) -> list[Mistake]:
    """What mistakes would return.

    Args:
        average: what the part makes of the slopes of the draws; nothing if it takes them as they are.
    """
    exact, cdf = gamma_slope(alpha, g), gamma_cdf_slope(alpha, g)
    log_density = (alpha - 1) * np.log(g) - g - special.gammaln(alpha)

    def near(value: np.ndarray) -> Callable[[np.ndarray], bool]:
        return _near(value if average is None else average(value))

    return [
        Mistake("slope_sign", SIGN, near(-exact / rate)),
        Mistake("density_missing", NO_DENSITY, near(-cdf / rate)),
        Mistake("density_missing", NO_DENSITY, near(-cdf)),
        Mistake(
            "log_density",
            "This divides by the log density. Take its exponential.",
            near(-cdf / log_density / rate),
        ),
        Mistake(
            "rate_twice",
            "The rate was counted twice: the slope of g, divided by the density of g, and then once by "
            "the rate.",
            near(exact / rate**2),
        ),
        Mistake(
            "rate_in_slope",
            "The slope of g is right; z = g / rate divides it by the rate.",
            near(exact),
        ),
        Mistake(
            "inverted",
            "The fraction stands on its head: the density of g is below, dF/dalpha above.",
            near(-np.exp(log_density) / cdf / rate),
        ),
        Mistake(
            "difference_not_halved",
            "Twice too large. From alpha - h to alpha + h it is 2h: divide by that.",
            near(2 * exact / rate),
        ),
        Mistake("rescaled", RESCALED, near(g / alpha / rate)),
        Mistake("detached", DETACHED, near(np.zeros_like(g))),
    ]


@EXERCISE.part("The slope in the concentration, draw by draw", weight=2)
def slope_in_concentration(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = rng.uniform(0.6, 6.0, 8)
    g = special.gammaincinv(alpha, rng.uniform(0.02, 0.98, 8))
    rate = float(rng.choice([rng.uniform(0.3, 0.6), rng.uniform(1.6, 3.0)]))
    return compare(
        _slopes(probe, _one_each(rng, alpha, rate, g)),
        gamma_slope(alpha, g) / rate,
        rtol=2e-3,
        what="dz/dconcentration",
        mistakes=_slope_mistakes(alpha, rate, g),
    )


@EXERCISE.part(
    "Samples and a batch: gradients of both parameters, each draw with a weight of its own"
)
def batch_gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, samples in (((3, 2), 5), ((2,), 3)):
        given = _gamma(rng, batch, samples)
        reply = probe.drive("gamma/pullback", **given)
        g, alpha, rate, weight = (given[name] for name in ("g", "concentration", "rate", "weight"))

        def summed(slopes: np.ndarray, weight: np.ndarray = weight) -> np.ndarray:
            total: np.ndarray = (weight * slopes).sum(0)
            return total

        finding = compare(
            reply["rate"],
            summed(-g / rate**2),
            what="the gradient of the rate",
            mistakes=[
                Mistake(
                    "rate_detached",
                    "The rate is a scale: z = g / rate gives it a gradient with no effort, if nothing is "
                    "detached.",
                    np.zeros_like(rate),
                ),
                Mistake(
                    "rate_as_scale",
                    "g was multiplied by the rate. A large rate makes z small: divide.",
                    summed(g),
                ),
            ],
        )
        if finding.ok:
            slope = gamma_slope(alpha, g)
            each = Mistake(
                "slope_averaged",
                "Every draw of a datum has the same slope: their mean. Each draw has its own.",
                _near(summed(slope.mean(0) / rate + 0 * g)),
            )
            moved = Mistake(
                "slope_of_another_draw",
                "The slopes are those of other draws: each belongs to the draw at which it was taken.",
                _near(summed(np.roll(slope, 1, 0) / rate)),
            )
            finding = compare(
                reply["concentration"],
                summed(slope / rate),
                rtol=2e-3,
                what="the gradient of the concentration",
                mistakes=[*_slope_mistakes(alpha, rate, g, summed), each, moved],
            )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Averaged over all draws: d E z = 1 / rate, d E log g = trigamma", weight=0.5)
def mean_slopes(probe: Probe, rng: np.random.Generator) -> Finding:
    """A mean over the quantiles at the midpoints of 2,000 equal cells."""
    alpha = float(rng.uniform(1.5, 4.0))
    g = special.gammaincinv(alpha, (np.arange(2000) + 0.5) / 2000)
    rate = float(rng.uniform(1.6, 3.0))
    slopes = as_array(_slopes(probe, _one_each(rng, alpha, rate, g)))
    if slopes.shape != g.shape:
        return compare(slopes, np.zeros(2000), what="dz/dconcentration")

    def means(each: np.ndarray) -> np.ndarray:
        return np.array([each.mean(), (each * rate / g).mean()])

    return compare(
        means(slopes),
        np.array([1 / rate, special.polygamma(1, alpha)]),
        rtol=5e-3,
        what="the mean slopes",
        mistakes=_slope_mistakes(alpha, rate, g, means),
    )


@EXERCISE.part("Far into the tails, and at small and large concentrations", weight=0.5)
def tails(probe: Probe, rng: np.random.Generator) -> Finding:
    """In proportion to the draw: g is as small as 1e-10 here."""
    alpha = np.array([0.2, 0.3, 0.3, 1.0, 1.0, 60.0, 60.0, 150.0])
    cells = np.array([0.01, 0.5, 0.999, 0.001, 0.9999, 0.001, 0.5, 0.999])
    g = special.gammaincinv(alpha, cells * rng.uniform(0.9, 1.0, 8))
    rate = np.exp(rng.uniform(0.5, 4.0, 8) * rng.choice([-1, 1], 8))
    got = _slopes(probe, _one_each(rng, alpha, rate, g))
    return compare(
        got * rate / g if isinstance(got, np.ndarray) and got.shape == g.shape else got,
        gamma_slope(alpha, g) / g,
        rtol=1e-2,
        what="(dz/dconcentration) / z",
        mistakes=_slope_mistakes(alpha, rate, g, lambda slopes: slopes * rate / g),
    )
