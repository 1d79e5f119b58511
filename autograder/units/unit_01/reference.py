"""What several exercises of unit 01 share: references, inputs and common mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, Arrays


def graph(
    rng: np.random.Generator,
    n: int,
    edges: list[tuple[int, int]],
    shuffled: bool = True,
    binary: bool = True,
) -> Arrays:
    """The numbers of a graph with the given edges (parent, child), listed children first where ``shuffled``."""
    table = np.zeros((n, n))
    for child in range(n):
        above = [a for a, b in edges if b == child]
        for place, parent in enumerate(rng.permutation(above).astype(int) if above else []):
            table[child, parent] = place + 1
    order = np.arange(n, dtype=float)
    while shuffled and n > 1 and not out_of_order(table, order):
        order = rng.permutation(n).astype(float)
    sizes = rng.uniform(0.7, 1.6, (n, n)) * rng.choice([-1.0, 1.0], (n, n))
    kinds = rng.random(n) < 0.4 if binary else np.zeros(n)
    return {
        "edges": table,
        "order": order,
        "weights": sizes,
        "biases": rng.uniform(-0.8, 0.8, n),
        "scales": rng.uniform(0.4, 1.2, n),
        "binary": kinds.astype(float),
    }


def out_of_order(table: np.ndarray, order: np.ndarray) -> bool:
    """Whether some node is listed before one of its parents."""
    place = np.argsort(order)
    return any(place[i] < place[j] for i in range(len(table)) for j in np.flatnonzero(table[i]))


def above(g: Arrays, i: int, places: str = "right") -> list[int]:
    """The parents of node i in the order that its recipe takes them, or in a wrong one."""
    found = [int(j) for j in np.argsort(g["edges"][i], kind="stable") if g["edges"][i, j] > 0]
    return {
        "right": found,
        "sorted": sorted(found),
        "reversed": found[::-1],
        "listed": [int(j) for j in g["order"] if j in found],
    }[places]


def ranked(g: Arrays) -> list[int]:
    """Parents before children."""
    done: list[int] = []
    while len(done) < len(g["edges"]):
        done += [
            i
            for i in range(len(g["edges"]))
            if i not in done and all(j in done for j in np.flatnonzero(g["edges"][i]))
        ]
    return done


def centre_of(g: Arrays, i: int, values: list[np.ndarray]) -> Any:
    total: Any = g["biases"][i]
    for place, value in enumerate(values):
        total = total + g["weights"][i, place] * (value if place % 2 == 0 else np.sin(value))
    return total


SAMPLED = "Two calls with the same arguments gave two answers: you drew samples. Here an exact answer is asked."


def asked_twice(probe: Probe, *args: Any) -> tuple[Any, bool]:
    """The reply, and whether a second call gives another one."""
    first, second = probe.value(*args), probe.value(*args)
    flat = [
        np.concatenate([np.ravel(item) for item in (reply if isinstance(reply, list) else [reply])])
        if all(
            isinstance(item, (np.ndarray, float, int))
            for item in (reply if isinstance(reply, list) else [reply])
        )
        else None
        for reply in (first, second)
    ]
    if (
        flat[0] is None
        or flat[1] is None
        or flat[0].dtype == object
        or flat[0].shape != flat[1].shape
    ):
        return first, False
    return first, not np.allclose(flat[0], flat[1], rtol=1e-9, atol=1e-12, equal_nan=True)


def breaks_here(got: Any, easier: Callable[[], Any]) -> bool:
    """Whether an answer that is not finite is finite on an easier question: what makes this one hard is then to blame."""

    def finite(reply: Any) -> bool | None:
        try:
            return bool(np.isfinite(np.asarray(reply, dtype=float)).all())
        except (TypeError, ValueError):
            return None

    return finite(got) is False and finite(easier()) is True


def log_mvn(residual: np.ndarray, covariance: np.ndarray) -> float:
    """log N(r; 0, V), dense; NaN where V is singular, as that of a mistake may be."""
    _, log_det = np.linalg.slogdet(covariance)
    if not np.isfinite(log_det):
        return float("nan")
    return float(
        -0.5
        * (residual @ np.linalg.solve(covariance, residual) + log_det + len(residual) * LOG_2PI)
    )
