"""Checks of unit 06: frozen samples that run away, and the implicit gradient of a Gamma."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from autograder.checks.registry import part
from autograder.checks.unit_06_reference import gamma_cdf_slope, gamma_slope
from autograder.checks.unit_09_reference import as_array
from autograder.evidence import Finding, Mistake, compare, holds
from autograder.probes import Probe

RUNAWAY = "06_runaway"
GAMMA = "06_implicit_gamma"

# ------------------------------------------------------------------ frozen samples

ROTATED = ("L L' has the right covariance, but a triangular root of it turns the noise: L eps is another vector than A eps. "
           "Build the rows of L itself.")
USE_MEAN = ("With K = D there is one equation too many for the last row of L, as long as the mean stands still. The mean is a parameter "
            "too: ask only that all K samples have the *same* last coordinate, and move it to where you want it.")


def _pair(probe: Probe, eps: np.ndarray, log_det: float) -> tuple[np.ndarray, np.ndarray, Finding | None]:
    came: Any = probe.value(eps, log_det)
    dim = eps.shape[1]
    if not (isinstance(came, list) and len(came) == 2):
        return eps, eps, holds(False, "a pair (loc, scale_tril)", "something else", "type", "Return loc and scale_tril, in this order.")
    for got, shape, name in zip(came, ((dim,), (dim, dim)), ("loc", "scale_tril"), strict=True):
        if as_array(got).shape != shape:
            return eps, eps, compare(got, np.zeros(shape), what=name)
    loc, root = map(as_array, came)
    if any(getattr(got, "dtype", None) == np.float32 for got in came):
        return loc, root, holds(False, "numbers in double precision, as eps has", "single precision", "single_precision",
                                "Millions must cancel here, and seven digits are not enough. Make zeros and identity with dtype=eps.dtype.")
    if not (np.isfinite(loc).all() and np.isfinite(root).all()):
        return loc, root, holds(False, "finite numbers", "NaN or infinity", "not_finite",
                                "Was a square system solved that has no solution? lstsq "
                                "finds the shortest one where there are many.")
    return loc, root, None


def _worst(loc: np.ndarray, root: np.ndarray, eps: np.ndarray) -> tuple[float, float]:
    """Mean squared length of the samples, and how much is allowed: that of the noise, and rounding."""
    return float(((loc + eps @ root.T) ** 2).sum(-1).mean()), float((eps**2).sum(-1).mean()) * (1 + 1e-6) + 0.01


def _fate(probe: Probe, eps: np.ndarray, log_det: float) -> Finding:
    loc, root, odd = _pair(probe, eps, log_det)
    if odd is not None:
        return odd
    seen, allowed = _worst(loc, root, eps)
    if seen <= allowed:
        return Finding(True, f"samples of mean squared length at most {allowed:.3g}", f"{seen:.3g}")
    transposed, _ = _worst(loc, root.T, eps)
    key, says = "not_bounded", "The samples run away with L. Which rows of L may grow, and what must hold for their products with eps?"
    if transposed <= allowed:
        key, says = "transposed", "The samples stay put under L', not under L: z = loc + L eps, with eps a column. Look at the rows of L."
    elif len(eps) == eps.shape[1] and not loc.any():
        key, says = "mean_not_used", USE_MEAN
    elif not _is_asked(root, log_det):
        key, says = "not_bounded", "Mend L first, as the other part says: a lower triangle, a positive diagonal, log det L = log_det."
    elif _quiet_direction(root @ root.T, eps):
        key, says = "rotated", ROTATED
    elif np.allclose(root, np.diag(np.diag(root))):
        key, says = "diagonal", "A diagonal L stretches every sample with itself. The entries below the diagonal can pull them back."
    return Finding(False, f"samples of mean squared length at most {allowed:.3g}, at log det {log_det:g}", f"{seen:.3g}", key, says)


def _is_asked(root: np.ndarray, log_det: float) -> bool:
    """Whether this is a lower triangle with a positive diagonal and the determinant asked for."""
    diagonal = np.diag(root)
    return bool((diagonal > 0).all() and np.abs(np.triu(root, 1)).max() <= 1e-9 and abs(np.log(diagonal).sum() - log_det) < 1e-4)


def _quiet_direction(covariance: np.ndarray, eps: np.ndarray) -> bool:
    """Whether the widest direction of the covariance is one that the noise never visits."""
    widest = np.linalg.eigh(covariance)[1][:, -1]
    return bool(np.abs(eps @ widest).max() < 1e-4 * np.abs(eps).max() or np.abs((eps - eps.mean(0)) @ widest).max() < 1e-4)


@part(RUNAWAY, "A lower triangle with a positive diagonal, and the determinant asked for")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    for samples, dim, log_det in ((2, 4, float(rng.uniform(2.5, 3.5))), (1, 3, float(rng.uniform(9.0, 11.0)))):
        loc, root, odd = _pair(probe, rng.normal(size=(samples, dim)), log_det)
        if odd is not None:
            return odd
        if np.abs(np.triu(root, 1)).max() > 1e-9:
            upper = np.abs(np.tril(root, -1)).max() <= 1e-9
            return holds(False, "zeros above the diagonal", "other numbers", "upper" if upper else "not_triangular",
                         "This is an upper triangle. Row i of L may use eps_1 to eps_i." if upper else
                         "L must be lower triangular: row i uses eps_1 to eps_i. A dense matrix with these samples is not yet an L.")
        if (np.diag(root) <= 0).any():
            return holds(False, "a positive diagonal", "a number that is not positive", "negative_diagonal",
                         "Turn the sign of that whole row.")
        came = float(np.log(np.diag(root)).sum())
        finding = compare(np.array(came), np.array(log_det), what="log det L", mistakes=[
            Mistake("log_det_of_covariance", "This is the log determinant of the covariance L L', which is twice that of L.",
                    np.array(log_det / 2)),
            Mistake("log_det_as_entry", "log_det went into the diagonal as it is. Take its exponential.", np.array(np.log(log_det))),
            Mistake("every_row", "Every row was stretched by the whole factor: the determinant is the product of the diagonal.",
                    np.array(log_det * dim)),
        ])
        if not finding.ok:
            return finding
    return finding


@part(RUNAWAY, "The samples stay where they are, however large the determinant", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for samples, dim in ((2, 4), (1, 2), (4, 5)):
        eps = rng.normal(size=(samples, dim))
        for log_det in (0.0, 6.0, 14.0):
            finding = _fate(probe, eps, log_det)
            if not finding.ok:
                return finding
    return finding


@part(RUNAWAY, "Even with as many samples as dimensions: K = D", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for dim in (1, 3):
        eps = rng.normal(size=(dim, dim))
        for log_det in (6.0, 12.0):
            finding = _fate(probe, eps, log_det)
            if not finding.ok:
                return finding
    return finding


# ------------------------------------------------------------------ the implicit gradient

DETACHED = "z does not depend on the concentration: the implicit gradient was not attached. Its value is g / rate, its slope comes from F."
SIGN = "The sign is turned. F(z) must stay where it is, so what dF/dalpha adds, q dz must take away: dz/dalpha = -(dF/dalpha) / q."
NO_DENSITY = "This is -dF/dalpha alone. Divide it by the density of g, the slope of F in z."
RESCALED = ("This moves z in proportion, as if z were alpha times a fixed variable. Only the rate is such a scale; the concentration "
            "changes the shape.")


def _gamma(rng: np.random.Generator, samples: int = 4) -> dict[str, np.ndarray]:
    concentration = rng.uniform(0.6, 6.0, (3, 2))
    return {"concentration": concentration, "rate": rng.choice([rng.uniform(0.3, 0.6), rng.uniform(1.6, 3.0)], (3, 2)),
            "g": special.gammaincinv(concentration, rng.uniform(0.02, 0.98, (samples, 3, 2)))}


def _one_each(alpha: np.ndarray, rate: float, g: np.ndarray) -> dict[str, np.ndarray]:
    """Parameters of their own for every draw, so that slopes come back one by one."""
    return {"concentration": np.broadcast_to(alpha, g.shape)[:, None].copy(), "rate": np.full((len(g), 1), rate), "g": g[None, :, None]}


@part(GAMMA, "The value is g / rate", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _gamma(rng)
    g, rate = given["g"], given["rate"]
    came, again = (probe.drive("gamma/pullback", **given)["z"] for _ in range(2))
    both = isinstance(came, np.ndarray) and isinstance(again, np.ndarray) and came.shape == again.shape
    if both and not np.allclose(came, again, rtol=1e-3, atol=1e-6, equal_nan=True):
        return holds(False, "z = g / rate, for the draws g that you were given", "other numbers at each call", "own_noise",
                     "You drew Gamma variables of your own. The draws are g: work with them.")
    return compare(came, g / rate, what="z", mistakes=[
        Mistake("rate_as_scale", "g was multiplied by the rate. A large rate makes z small: divide.", g * rate),
        Mistake("rate_forgotten", "The rate is missing: z = g / rate.", g),
        Mistake("value_shifted", "The surrogate has added something to the value. s - s.detach() adds a gradient and no value.",
                lambda got: got.shape == g.shape and not np.allclose(got, g / rate)),
    ])


def _slope_mistakes(alpha: np.ndarray, rate: np.ndarray, g: np.ndarray, sum_over: int | None = None) -> list[Mistake]:
    exact, cdf, log_density = gamma_slope(alpha, g), gamma_cdf_slope(alpha, g), (alpha - 1) * np.log(g) - g - special.gammaln(alpha)

    def near(value: np.ndarray) -> Any:
        summed = value if sum_over is None else value.sum(sum_over)
        return lambda got: got.shape == summed.shape and bool(np.allclose(got, summed, rtol=3e-3, atol=1e-9))

    return [
        Mistake("slope_sign", SIGN, near(-exact / rate)),
        Mistake("density_missing", NO_DENSITY, near(-cdf / rate)),
        Mistake("density_missing", NO_DENSITY, near(-cdf)),
        Mistake("log_density", "This divides by the log density. Take its exponential.", near(-cdf / log_density / rate)),
        Mistake("rate_twice", "The rate was counted twice: the slope of g, divided by the density of g, and then once by the rate.",
                near(exact / rate**2)),
        Mistake("rate_in_slope", "The slope of g is right; z = g / rate divides it by the rate.", near(exact)),
        Mistake("inverted", "The fraction stands on its head: the density of g is below, dF/dalpha above.", near(
            -np.exp(log_density) / cdf / rate)),
        Mistake("difference_not_halved", "Twice too large. From alpha - h to alpha + h it is 2h: divide by that.", near(2 * exact / rate)),
        Mistake("rescaled", RESCALED, near(g / alpha / rate)),
        Mistake("detached", DETACHED, near(np.zeros_like(g))),
    ]


@part(GAMMA, "The slope in the concentration, draw by draw", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = rng.uniform(0.6, 6.0, 8)
    g = special.gammaincinv(alpha, rng.uniform(0.02, 0.98, 8))
    rate = float(rng.choice([rng.uniform(0.3, 0.6), rng.uniform(1.6, 3.0)]))
    got = probe.drive("gamma/pullback", **_one_each(alpha, rate, g))["concentration"]
    return compare(_row(got), gamma_slope(alpha, g) / rate, rtol=2e-3, what="dz/dconcentration",
                   mistakes=_slope_mistakes(alpha, np.full(8, rate), g))


def _row(got: Any) -> Any:
    return got[:, 0] if isinstance(got, np.ndarray) and got.ndim == 2 and got.shape[1] == 1 else got


@part(GAMMA, "Samples and a batch: gradients of both parameters")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _gamma(rng)
    reply, g, alpha, rate = probe.drive("gamma/pullback", **given), given["g"], given["concentration"], given["rate"]
    finding = compare(reply["rate"], -(g / rate**2).sum(0), what="the gradient of the rate", mistakes=[
        Mistake("rate_detached", "The rate is a scale: z = g / rate gives it a gradient with no effort, if nothing is detached.",
                np.zeros_like(rate)),
        Mistake("rate_as_scale", "g was multiplied by the rate. A large rate makes z small: divide.", g.sum(0)),
    ])
    return finding if not finding.ok else compare(reply["concentration"], (gamma_slope(alpha, g) / rate).sum(0), rtol=2e-3,
                                                  what="the gradient of the concentration", mistakes=_slope_mistakes(alpha, rate, g, 0))


@part(GAMMA, "Averaged over all draws: d E z = 1 / rate, d E log g = trigamma", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    """A mean over the quantiles at the midpoints of 2,000 equal cells."""
    alpha = float(rng.uniform(1.5, 4.0))
    g = special.gammaincinv(alpha, (np.arange(2000) + 0.5) / 2000)
    rate = float(rng.uniform(1.6, 3.0))
    slopes = as_array(_row(probe.drive("gamma/pullback", **_one_each(np.array([alpha]), rate, g))["concentration"]))
    if slopes.shape != g.shape:
        return compare(slopes, np.zeros(2000), what="dz/dconcentration")
    right = np.array([1 / rate, special.polygamma(1, alpha)])
    exact = gamma_slope(np.full(2000, alpha), g)
    return compare(np.array([slopes.mean(), (slopes * rate / g).mean()]), right, rtol=5e-3, what="the mean slopes", mistakes=[
        Mistake("slope_sign", SIGN, lambda got: bool(np.allclose(got, -right, rtol=0.02))),
        Mistake("rate_twice", "The rate was counted twice.", lambda got: bool(np.allclose(got, right / rate, rtol=0.02))),
        Mistake("rate_in_slope", "The slope of g is right; z = g / rate divides it by the rate.",
                lambda got: bool(np.allclose(got, right * rate, rtol=0.02))),
        Mistake("rescaled", RESCALED, np.array([(g / alpha).mean() / rate, 1 / alpha])),
        Mistake("detached", DETACHED, np.zeros(2)),
        Mistake("density_missing", NO_DENSITY, lambda got: bool(np.allclose(
            got, [(exact * _density(alpha, g)).mean() / rate, (exact * _density(alpha, g) / g).mean()], rtol=0.02))),
    ])


def _density(alpha: float, g: np.ndarray) -> np.ndarray:
    return np.exp((alpha - 1) * np.log(g) - g - special.gammaln(alpha))


@part(GAMMA, "Far into the tails, and at small and large concentrations", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    alpha = np.array([0.3, 0.3, 0.3, 1.0, 1.0, 60.0, 60.0, 60.0])
    g = special.gammaincinv(alpha, np.array([0.02, 0.5, 0.999, 0.001, 0.9999, 0.001, 0.5, 0.999]))
    got = probe.drive("gamma/pullback", **_one_each(alpha, 1.0, g))["concentration"]
    return compare(_row(got), gamma_slope(alpha, g), rtol=1e-2, what="dz/dconcentration",
                   mistakes=_slope_mistakes(alpha, np.ones(8), g))
