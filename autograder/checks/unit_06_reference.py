"""What the checks of unit 06 hold answers against: a second model, quadrature, and the slopes of a Gamma by SciPy."""

from __future__ import annotations

import numpy as np
from scipy import special

Arrays = dict[str, np.ndarray]


def hermite(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the expectation over a standard normal."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    return points, weights / weights.sum()


def random_toy(rng: np.random.Generator, batch: tuple[int, ...] = (3,), samples: int = 4) -> tuple[Arrays, np.ndarray]:
    """Parameters of a diagonal Gaussian, data, and noise, in two dimensions."""
    shape = (*batch, 2)
    params = {"loc": rng.normal(size=shape), "log_scale": rng.uniform(-1.2, 0.3, shape), "x": rng.normal(size=shape)}
    return params, rng.normal(size=(samples, *shape))


def logcosh_terms(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> Arrays:
    """The parts of the gradient for ``problems.unit_06.LogCosh``, averaged over samples: ``(*B, 2 D)``, loc first."""
    s = np.exp(log_scale)
    z = loc + s * eps
    slope = -z + np.tanh(x - z)

    def both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a.mean(0), b.mean(0)], -1)

    model, path = both(slope, slope * s * eps), both(slope + eps / s, (slope + eps / s) * s * eps)
    score = -both(eps / s, eps**2 - 1)
    return {"model": model, "path": path, "score": score, "total": path + score}


def quadratic_variances(a: float, b: float, m: float, s: float, shift: tuple[float, float] | None = None) -> np.ndarray:
    r"""Variances of the one-sample gradients of E f, f(z) = a z^2 / 2 + b z, z ~ N(m, s^2).

    Rows: pathwise; score function; score function with baselines. Columns: m, log s. With z = m + s e,
    f = u + v e + w e^2, where u = f(m), v = s (a m + b), w = a s^2 / 2. The best constant baselines are u + 3 w for m and
    u + 5 w for log s; ``shift`` takes others, counted from u.
    """
    u, v, w = a * m**2 / 2 + b * m, s * (a * m + b), a * s**2 / 2

    def score(m_level: float, s_level: float) -> list[float]:
        """With the constant term of f at these levels."""
        return [(m_level**2 + 2 * v**2 + 15 * w**2 + 6 * m_level * w) / s**2,
                2 * s_level**2 + 10 * v**2 + 74 * w**2 + 20 * s_level * w]

    less = (3 * w, 5 * w) if shift is None else shift
    return np.array([[4 * w**2 / s**2, v**2 + 8 * w**2], score(u, u), score(-less[0], -less[1])])


def gamma_slope(alpha: np.ndarray, g: np.ndarray) -> np.ndarray:
    """dz/dalpha of a Gamma(alpha, 1) variable at fixed noise: minus the slope of its distribution function over its density."""
    density = np.exp((alpha - 1) * np.log(g) - g - special.gammaln(alpha))
    return -gamma_cdf_slope(alpha, g) / density


def gamma_cdf_slope(alpha: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The derivative of the distribution function in alpha, by central differences of fourth order in the smaller tail."""
    step, upper = 1e-3 * np.maximum(alpha, 0.1), g > alpha

    def cdf(a: np.ndarray) -> np.ndarray:
        return np.where(upper, -special.gammaincc(a, g), special.gammainc(a, g))

    slope: np.ndarray = (8 * (cdf(alpha + step) - cdf(alpha - step)) - (cdf(alpha + 2 * step) - cdf(alpha - 2 * step))) / (12 * step)
    return slope
