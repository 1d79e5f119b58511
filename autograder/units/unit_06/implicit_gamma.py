"""The implicit gradient of a Gamma."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.exercise import exercise
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


DETACHED = "z does not depend on the concentration: the implicit gradient was not attached. Its value is g / rate, its slope comes from F."
SIGN = "The sign is turned. F(z) must stay where it is, so what dF/dalpha adds, q dz must take away: dz/dalpha = -(dF/dalpha) / q."
NO_DENSITY = "This is -dF/dalpha alone. Divide it by the density of g, the slope of F in z."
RESCALED = (
    "This moves z in proportion, as if z were alpha times a fixed variable. Only the rate is such a scale; the concentration "
    "changes the shape."
)


def _gamma(rng: np.random.Generator, samples: int = 4) -> dict[str, np.ndarray]:
    concentration = rng.uniform(0.6, 6.0, (3, 2))
    return {
        "concentration": concentration,
        "rate": rng.choice([rng.uniform(0.3, 0.6), rng.uniform(1.6, 3.0)], (3, 2)),
        "g": special.gammaincinv(concentration, rng.uniform(0.02, 0.98, (samples, 3, 2))),
    }


def _one_each(alpha: np.ndarray, rate: float, g: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters of their own for every draw, so that slopes come back one by one."""
    return {
        "concentration": np.broadcast_to(alpha, g.shape)[:, None].copy(),
        "rate": np.full((len(g), 1), rate),
        "g": g[None, :, None],
    }


@EXERCISE.part("The value is g / rate", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _gamma(rng)
    g, rate = given["g"], given["rate"]
    came, again = (probe.drive("gamma/pullback", **given)["z"] for _ in range(2))
    both = (
        isinstance(came, np.ndarray) and isinstance(again, np.ndarray) and came.shape == again.shape
    )
    if both and not np.allclose(came, again, rtol=1e-3, atol=1e-6, equal_nan=True):
        return holds(
            False,
            "z = g / rate, for the draws g that you were given",
            "other numbers at each call",
            "own_noise",
            "You drew Gamma variables of your own. The draws are g: work with them.",
        )
    return compare(
        came,
        g / rate,
        what="z",
        mistakes=[
            Mistake(
                "rate_as_scale",
                "g was multiplied by the rate. A large rate makes z small: divide.",
                g * rate,
            ),
            Mistake("rate_forgotten", "The rate is missing: z = g / rate.", g),
            Mistake(
                "value_shifted",
                "The surrogate has added something to the value. s - s.detach() adds a gradient and no value.",
                lambda got: got.shape == g.shape and not np.allclose(got, g / rate),
            ),
        ],
    )


def _slope_mistakes(
    alpha: np.ndarray, rate: np.ndarray, g: np.ndarray, sum_over: int | None = None
) -> list[Mistake]:
    exact, cdf, log_density = (
        gamma_slope(alpha, g),
        gamma_cdf_slope(alpha, g),
        (alpha - 1) * np.log(g) - g - special.gammaln(alpha),
    )

    def near(value: np.ndarray) -> Any:
        summed = value if sum_over is None else value.sum(sum_over)
        return lambda got: (
            got.shape == summed.shape and bool(np.allclose(got, summed, rtol=3e-3, atol=1e-9))
        )

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
            "The rate was counted twice: the slope of g, divided by the density of g, and then once by the rate.",
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
    got = probe.drive("gamma/pullback", **_one_each(alpha, rate, g))["concentration"]
    return compare(
        _row(got),
        gamma_slope(alpha, g) / rate,
        rtol=2e-3,
        what="dz/dconcentration",
        mistakes=_slope_mistakes(alpha, np.full(8, rate), g),
    )


def _row(got: Any) -> Any:
    return got[:, 0] if isinstance(got, np.ndarray) and got.ndim == 2 and got.shape[1] == 1 else got


@EXERCISE.part("Samples and a batch: gradients of both parameters")
def batch_gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _gamma(rng)
    reply, g, alpha, rate = (
        probe.drive("gamma/pullback", **given),
        given["g"],
        given["concentration"],
        given["rate"],
    )
    finding = compare(
        reply["rate"],
        -(g / rate**2).sum(0),
        what="the gradient of the rate",
        mistakes=[
            Mistake(
                "rate_detached",
                "The rate is a scale: z = g / rate gives it a gradient with no effort, if nothing is detached.",
                np.zeros_like(rate),
            ),
            Mistake(
                "rate_as_scale",
                "g was multiplied by the rate. A large rate makes z small: divide.",
                g.sum(0),
            ),
        ],
    )
    return (
        finding
        if not finding.ok
        else compare(
            reply["concentration"],
            (gamma_slope(alpha, g) / rate).sum(0),
            rtol=2e-3,
            what="the gradient of the concentration",
            mistakes=_slope_mistakes(alpha, rate, g, 0),
        )
    )


@EXERCISE.part("Averaged over all draws: d E z = 1 / rate, d E log g = trigamma", weight=0.5)
def mean_slopes(probe: Probe, rng: np.random.Generator) -> Finding:
    """A mean over the quantiles at the midpoints of 2,000 equal cells."""
    alpha = float(rng.uniform(1.5, 4.0))
    g = special.gammaincinv(alpha, (np.arange(2000) + 0.5) / 2000)
    rate = float(rng.uniform(1.6, 3.0))
    slopes = as_array(
        _row(
            probe.drive("gamma/pullback", **_one_each(np.array([alpha]), rate, g))["concentration"]
        )
    )
    if slopes.shape != g.shape:
        return compare(slopes, np.zeros(2000), what="dz/dconcentration")
    right = np.array([1 / rate, special.polygamma(1, alpha)])
    exact = gamma_slope(np.full(2000, alpha), g)
    return compare(
        np.array([slopes.mean(), (slopes * rate / g).mean()]),
        right,
        rtol=5e-3,
        what="the mean slopes",
        mistakes=[
            Mistake("slope_sign", SIGN, lambda got: bool(np.allclose(got, -right, rtol=0.02))),
            Mistake(
                "rate_twice",
                "The rate was counted twice.",
                lambda got: bool(np.allclose(got, right / rate, rtol=0.02)),
            ),
            Mistake(
                "rate_in_slope",
                "The slope of g is right; z = g / rate divides it by the rate.",
                lambda got: bool(np.allclose(got, right * rate, rtol=0.02)),
            ),
            Mistake("rescaled", RESCALED, np.array([(g / alpha).mean() / rate, 1 / alpha])),
            Mistake("detached", DETACHED, np.zeros(2)),
            Mistake(
                "density_missing",
                NO_DENSITY,
                lambda got: bool(
                    np.allclose(
                        got,
                        [
                            (exact * _density(alpha, g)).mean() / rate,
                            (exact * _density(alpha, g) / g).mean(),
                        ],
                        rtol=0.02,
                    )
                ),
            ),
        ],
    )


def _density(alpha: float, g: np.ndarray) -> np.ndarray:
    return np.exp((alpha - 1) * np.log(g) - g - special.gammaln(alpha))


@EXERCISE.part("Far into the tails, and at small and large concentrations", weight=0.5)
def tails(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = np.array([0.3, 0.3, 0.3, 1.0, 1.0, 60.0, 60.0, 60.0])
    g = special.gammaincinv(alpha, np.array([0.02, 0.5, 0.999, 0.001, 0.9999, 0.001, 0.5, 0.999]))
    got = probe.drive("gamma/pullback", **_one_each(alpha, 1.0, g))["concentration"]
    return compare(
        _row(got),
        gamma_slope(alpha, g),
        rtol=1e-2,
        what="dz/dconcentration",
        mistakes=_slope_mistakes(alpha, np.ones(8), g),
    )
