"""EM on mixtures of one number each, by its closed steps: maxima, and the Jacobian of a step there, without any information matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Case", "information", "jacobian", "log_joint", "make_case", "maximum", "step"]


class Case(NamedTuple):
    """A mixture at the maximum of its likelihood; see ``problems.mixture_log_joint`` for the coordinates.

    Attributes:
        theta: the maximum, ``(P)``.
        jacobian: of an EM step at theta, ``(P, P)``.
    """

    kind: str
    clusters: int
    plain: bool
    turn: np.ndarray
    known: np.ndarray
    theta: np.ndarray
    x: np.ndarray
    jacobian: np.ndarray

    @property
    def eigenvalues(self) -> np.ndarray:
        """Of the Jacobian, the largest last; they are real."""
        return np.sort(np.linalg.eigvals(self.jacobian).real)

    def sent(self) -> dict[str, Any]:
        """As it travels to the learner's side."""
        fields = self._asdict()
        return {name: fields[name] for name in Case._fields if name != "jacobian"}


Model = tuple[str, int, bool, np.ndarray]  # kind, clusters, plain, known


def _apart(model: Model, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``(C)``, and the numbers of the clusters ``(k, C)``."""
    kind, clusters, plain, known = model
    shares, rest = v[: clusters - 1], v[clusters - 1 :]
    if plain:
        weights = np.append(shares, 1 - shares.sum())
    else:
        weights = np.exp(np.append(shares, 0.0))
        weights = weights / weights.sum()
    if kind == "known":
        return weights, known[None]
    if kind == "normal":
        loc, wide = rest[:clusters], rest[clusters:]
        return weights, np.stack([loc, wide if plain else np.exp(wide)])
    return weights, (rest if plain else np.exp(rest))[None]


def _together(model: Model, weights: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The coordinates v of weights and numbers."""
    kind, _, plain, _ = model
    shares = weights[:-1] if plain else np.log(weights[:-1] / weights[-1])
    if kind == "known":
        return shares
    if kind == "normal":
        return np.concatenate([shares, numbers[0], numbers[1] if plain else np.log(numbers[1])])
    return np.concatenate([shares, numbers[0] if plain else np.log(numbers[0])])


def log_joint(model: Model, v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log p(x_n, c), ``(N, C)``, but for what no parameter touches."""
    weights, numbers = _apart(model, v)
    at = x[:, None]
    if model[0] == "normal":
        density = -0.5 * ((at - numbers[0]) / numbers[1]) ** 2 - np.log(numbers[1])
    elif model[0] == "exponential":
        density = np.log(numbers[0]) - numbers[0] * at
    else:
        density = at * np.log(numbers[0]) - numbers[0]
    joint: np.ndarray = np.log(weights) + density
    return joint


def step(model: Model, v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One step of EM, in the coordinates v."""
    joint = log_joint(model, v, x)
    r = np.exp(joint - joint.max(1, keepdims=True))
    r /= r.sum(1, keepdims=True)
    counts, sums = r.sum(0), x @ r
    if model[0] == "normal":
        loc = sums / counts
        spread = np.sqrt((r * (x[:, None] - loc) ** 2).sum(0) / counts)
        numbers = np.stack([loc, spread])
    elif model[0] == "exponential":
        numbers = (counts / sums)[None]
    else:
        numbers = (sums / counts)[None]
    return _together(model, counts / len(x), numbers)


def jacobian(move: Callable[[np.ndarray], np.ndarray], v: np.ndarray) -> np.ndarray:
    """Of a map at v, by central differences of the fourth order."""
    columns = []
    for axis in range(len(v)):
        h = np.zeros_like(v)
        h[axis] = 1e-3 * max(1.0, abs(v[axis]))
        near, far = move(v + h) - move(v - h), move(v + 2 * h) - move(v - 2 * h)
        columns.append((8 * near - far) / (12 * h[axis]))
    return np.stack(columns, 1)


def _drawn(
    rng: np.random.Generator, kind: str, clusters: int, count: int, near: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, numbers of the clusters and data of a mixture that can be told apart, not too well; hardly, if near (Poisson)."""
    weights = rng.dirichlet(np.full(clusters, 8.0))
    label = rng.choice(clusters, count, p=weights)
    if kind == "normal":
        loc = np.arange(clusters) * rng.uniform(3.0, 4.0) + rng.normal() * 2
        scale = np.exp(rng.uniform(-0.4, 0.4, clusters))
        return weights, np.stack([loc, scale]), rng.normal(loc[label], scale[label])
    if kind == "exponential":
        rates = rng.uniform(0.5, 2.0) * rng.uniform(12.0, 20.0) ** -np.arange(clusters)
        return weights, rates[None], rng.exponential(1 / rates[label])
    if near:
        ratio = rng.uniform(1.03, 1.06) if kind == "known" else rng.uniform(1.6, 2.0)
        rates = rng.uniform(1.5, 2.5) * ratio ** np.arange(clusters)
    else:
        rates = rng.uniform(0.8, 1.6) * rng.uniform(3.5, 5.0) ** np.arange(clusters)
    return weights, rates[None], rng.poisson(rates[label]).astype(float)


def information(case: Case) -> np.ndarray:
    """Minus the Hessian of the log-likelihood at the maximum, by differences of differences, ``(P, P)``: five digits."""
    model = (case.kind, case.clusters, case.plain, case.known)

    def value(theta: np.ndarray) -> np.ndarray:
        joint = log_joint(model, case.turn @ theta, case.x)
        return np.atleast_1d(np.logaddexp.reduce(joint, 1).sum())

    def slope(theta: np.ndarray) -> np.ndarray:
        return jacobian(value, theta)[0]

    curvature = -jacobian(slope, case.theta)
    return (curvature + curvature.T) / 2


def make_case(
    rng: np.random.Generator,
    kind: str,
    clusters: int,
    count: int,
    plain: bool = False,
    turned: bool = False,
    rates: tuple[float, float] = (0.2, 0.96),
    near: bool = False,
    units: bool = False,
    parted: bool = False,
    close: float = 0.0,
) -> Case:
    """Data, the maximum of their likelihood and EM's Jacobian there; drawn again until the rate is inside ``rates``.

    Args:
        near: clusters that can hardly be told apart.
        units: parameters in units from 0.03 to 1,000 times as large.
        parted: each parameter is a direction with a rate of its own, the slowest the last.
        close: the share of the slowest rate that the next is at least.
    """
    for _ in range(1000):
        weights, numbers, x = _drawn(rng, kind, clusters, count, near)
        known = numbers[0] if kind == "known" else np.ones(1)
        model = (kind, clusters, plain, known)
        found = maximum(model, _together(model, weights, numbers), x)
        if found is None:
            continue
        v, slope = found
        turn = np.eye(len(v))
        if turned:
            turn = np.linalg.qr(rng.normal(size=turn.shape))[0] * np.exp(
                rng.uniform(-1.5, 1.5, len(v))
            )
        if parted:
            values, vectors = np.linalg.eig(slope)
            turn = vectors.real[:, values.real.argsort()]
        if units:
            turn = turn * 10 ** rng.permutation(np.linspace(-3.0, 1.5, len(v)))
        back = np.linalg.inv(turn)
        case = Case(kind, clusters, plain, turn, known, back @ v, x, back @ slope @ turn)
        second = case.eigenvalues[-2] if close else 0.0
        if rates[0] <= case.eigenvalues[-1] <= rates[1] and second >= close * case.eigenvalues[-1]:
            return case
    raise RuntimeError("no data with such a rate were drawn")


def maximum(model: Model, v: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Where EM rests, and its Jacobian there; None where clusters merge or empty themselves."""

    def move(at: np.ndarray) -> np.ndarray:
        return step(model, at, x)

    with np.errstate(all="ignore"):
        for _ in range(60):
            v = move(v)
        for _ in range(8):
            slope, left = jacobian(move, v), move(v) - v
            if not np.isfinite(slope).all() or np.abs(left).max() < 1e-14 * (1 + np.abs(v).max()):
                break
            v = v + np.linalg.solve(np.eye(len(v)) - slope, left)
        weights, numbers = _apart(model, v)
        good = (
            np.isfinite(slope).all()
            and np.abs(move(v) - v).max() < 1e-12 * (1 + np.abs(v).max())
            and weights.min() > 0.08
            and np.abs(np.linalg.eigvals(slope)).max() < 1
            and (model[0] != "normal" or numbers[1].min() > 0.3)
        )
    return (v, slope) if good else None
