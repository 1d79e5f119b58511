"""What units share: types and constants, the gradient on the toy, and how a result of several tensors is read."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.finding import Finding, Mistake

__all__ = [
    "Arrays",
    "LN2",
    "LOG_2PI",
    "NO_MEAN",
    "SEEDED_INSIDE",
    "as_array",
    "decided_by_the_seed",
    "judged_rows",
    "last_tenth",
    "not_a_history",
    "several",
    "toy_start",
    "toy_terms",
    "unpack",
]

Arrays = dict[str, np.ndarray]
Given = TypeVar("Given")
LOG_2PI, LN2 = np.log(2 * np.pi), np.log(2)
NO_MEAN = "You returned one number per sample. Average over the K samples, axis 0."
SEEDED_INSIDE = "You made a generator of your own from the seed of the one that you were given, so that one never moves on. Draw from it."
WORDS = {2: "two", 3: "three"}


def several(reply: Any, count: int) -> bool:
    """Whether that many tensors came back: in a tuple, in a list, or stacked."""
    stacked = isinstance(reply, np.ndarray) and reply.ndim > 0
    return (stacked or isinstance(reply, (tuple, list))) and len(reply) == count


def unpack(reply: Any, count: int, names: str = "") -> list[Any]:
    """The tensors of a result that has ``count`` of them; where it has not, as often what ``compare`` reports as such a result.

    >>> unpack(np.ones((2, 3)), 2)
    [array([1., 1., 1.]), array([1., 1., 1.])]
    >>> unpack(3.0, 2, "mean, covariance")[1]
    {'$type': 'result that is not two tensors (mean, covariance)'}
    """
    if several(reply, count):
        return list(reply)
    kind = f"result that is not {WORDS.get(count, count)} tensors"
    return [{"$type": f"{kind} ({names})" if names else kind} for _ in range(count)]


def judged_rows(
    reply: Any,
    right: Sequence[Any] | np.ndarray,
    names: str,
    rows: Sequence[int],
    mistakes: Callable[[Given, int], Sequence[Mistake]],
    given: Given,
    what: Callable[[int], str],
    rtol: float,
) -> Finding:
    """Some of the tensors of one reply, in turn, until one is wrong; the mistakes are made, from what was given, only if they are needed.

    Args:
        names: of all the tensors, as ``unpack`` has them.
        what: says which row it is.
    """
    finding, got = Finding(True), unpack(reply, len(right), names)
    for row in rows:
        known = functools.partial(mistakes, given, row)
        finding = compare(got[row], right[row], known, rtol, what=what(row))
        if not finding.ok:
            return finding
    return finding


def as_array(value: Any) -> np.ndarray:
    """What came from an answer, as an array of floats; empty where it is no array of numbers, for ``compare`` to complain about."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return np.zeros(0)


def toy_terms(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> Arrays:
    """The three parts of the gradient on the toy, averaged over samples: ``(*B, 2 D)``, loc first. S is the score *term*."""
    s = np.exp(log_scale)
    z = loc + s * eps
    model, density = x - 2 * z, -eps / s  # d/dz log p(x, z), and d/dz log q(z)

    def both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a.mean(0), b.mean(0)], -1)

    return {
        "path": both(model - density, (model - density) * s * eps),
        "model": both(model, model * s * eps),
        "score": -both(-density, eps**2 - 1),
        "log_w": (-0.5 * z**2 - 0.5 * (x - z) ** 2 - 0.5 * LOG_2PI + 0.5 * eps**2 + log_scale).sum(
            -1
        ),
    }


def toy_start(rng: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    """One place on the toy, well away from the posterior, and the exact gradient there: what is biased shows at once."""
    loc, c = rng.normal(size=1), rng.uniform(1.0, 1.5, 1) * rng.choice([-1, 1])
    log_scale = rng.uniform(-0.7, -0.5, 1)
    return {"loc": loc, "log_scale": log_scale, "x": 2 * loc + c}, np.concatenate(
        [c, 1 - 2 * np.exp(2 * log_scale)]
    )


def not_a_history(values: np.ndarray, least: int, what: str) -> Finding | None:
    """What to say of a history that is no list of finite numbers, ``least`` of them or more; ``what`` is what it should hold."""
    if values.ndim == 1 and len(values) >= least and np.isfinite(values).all():
        return None
    actual = f"an array of shape {values.shape}" + (
        "" if np.isfinite(values).all() else ", NaN or infinity among it"
    )
    hint = f"Collect {what} at each step, in a list of numbers, and return it."
    return holds(False, f"{least} or more finite numbers", actual, "history", hint)


def last_tenth(values: np.ndarray) -> float:
    """The mean of the last tenth of a history."""
    return float(values[-max(1, len(values) // 10) :].mean())


def decided_by_the_seed(first: np.ndarray, same: np.ndarray, other: np.ndarray) -> Finding:
    """Two runs from one seed are equal, and one from another seed is not."""
    if not np.allclose(first, same, rtol=1e-6, atol=1e-9):
        return holds(
            False,
            "the same run when the same seed is given again",
            "another one",
            "seed_ignored",
            "Two runs with one seed differ: some noise comes from elsewhere. Draw all of it from "
            "torch.Generator().manual_seed(seed), made inside the function.",
        )
    drawn = not np.allclose(first, other, rtol=1e-9, atol=1e-12)
    return holds(
        drawn,
        "another run from another seed",
        "another one" if drawn else "the same",
        "seed_without_effect",
        "Two seeds give the same run to the last digit: the seed has no effect.",
    )
