r"""The autopsy of a gradient: what came, minus what was asked, written as the fewest parts that explain it exactly.

Parts (columns) are gradients that a person can name: the path, the path through each factor of p and through log q, the score, log w
times the score; each for all parameters together, or for one of them alone. The difference is explained by one column, by two, or by
three, and only by a sum that is exact to rounding on more numbers than it has coefficients. Where two sets of parts explain it, both
are said.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from autograder.protocol import agent, problems
from autograder.protocol.pullback import batch_of, pull_back

__all__ = [
    "ASKED",
    "Autopsy",
    "Pull",
    "columns_of",
    "explain",
    "layered_parts",
    "parts_of",
    "sentence",
    "with_asked",
]

Columns = dict[str, np.ndarray]
Pull = Callable[
    [Tensor], np.ndarray
]  # the gradient of the sum of a surrogate, in the layout of what came

EXACT = 1e-6
MOST = 3  # parts in one explanation
SPARE = 3  # numbers more than coefficients
READINGS = 2  # explanations that are said
ASKED = "what is asked"
ROWS = 64  # of many replicates, as many tell enough


class Autopsy(NamedTuple):
    """Every smallest set of parts that explains the difference: name to coefficient. Empty if none does."""

    readings: tuple[dict[str, float], ...]

    def __bool__(self) -> bool:
        return bool(self.readings)


def explain(difference: np.ndarray, columns: Columns, most: int = MOST) -> Autopsy:
    """``difference`` and every column are arrays of one shape; the columns that come first are the likeliest."""
    target = difference.ravel()
    kept = _apart(columns, target.size)
    informative = np.unique(np.round(target[np.abs(target) > 1e-9], 9)).size
    if not np.isfinite(target).all() or np.abs(target).max(initial=0.0) < 1e-9:
        return Autopsy(())
    for count in range(1, most + 1):
        if informative < count + SPARE - 1:
            break
        found: list[dict[str, float]] = []
        for names in _subsets(kept, count):
            weights = _exact(target, np.stack([kept[name] for name in names], 1))
            if weights is not None:
                found.append(dict(zip(names, weights, strict=True)))
        if found:
            whole = [reading for reading in found if not any(", for " in name for name in reading)]
            return Autopsy(tuple(whole or found))
    return Autopsy(())


def with_asked(columns: Columns, want: np.ndarray) -> Columns:
    """The parts, and what is asked itself, which comes first: a multiple of it is the simplest thing to say."""
    names = dict.fromkeys(name.partition(", for ")[2] for name in columns)
    out = {ASKED: want}
    for where in names:
        like = next(
            (column for name, column in columns.items() if name.partition(", for ")[2] == where),
            None,
        )
        if where and like is not None:
            out[f"{ASKED}, for {where}"] = np.where(_reach(columns, where), want, 0.0)
    return {**out, **columns}


def _reach(columns: Columns, where: str) -> np.ndarray:
    """The entries of the parameter that a column for it alone can reach."""
    mine = [column for name, column in columns.items() if name.partition(", for ")[2] == where]
    return np.any([column != 0 for column in mine], axis=0)


def _apart(columns: Columns, size: int) -> Columns:
    """Columns that are not zero, each direction once: a multiple of an earlier one says nothing new."""
    kept: Columns = {}
    units: list[np.ndarray] = []
    for name, column in columns.items():
        flat = column.ravel()
        if flat.size != size or not np.isfinite(flat).all() or np.abs(flat).max(initial=0.0) < 1e-9:
            continue
        unit = flat / np.linalg.norm(flat)
        if all(np.linalg.norm(unit - other * (unit @ other)) > EXACT for other in units):
            kept[name] = flat
            units.append(unit)
    return kept


def _subsets(kept: Columns, count: int) -> Iterator[tuple[str, ...]]:
    """Combinations of columns; three of them only among whole ones, which are few."""
    names = [name for name in kept if count < MOST or ", for " not in name]
    return itertools.combinations(names, count)


def _exact(target: np.ndarray, chosen: np.ndarray) -> list[float] | None:
    """Coefficients, none of them zero, with which the columns add up to the target; None if there are none."""
    scale = np.linalg.norm(chosen, axis=0)
    weights, *_ = np.linalg.lstsq(chosen / scale, target, rcond=1e-9)
    if np.linalg.norm(target - chosen / scale @ weights) > EXACT * np.linalg.norm(target):
        return None
    weights = weights / scale
    return [float(w) for w in weights] if (np.abs(weights) > 1e-5).all() else None


# ---------------------------------------------------------------------------------------------------------------- in words


def sentence(autopsy: Autopsy, samples: int = 0, alone: bool = False) -> str:
    """What the autopsy found, as a sentence.

    Args:
        samples: K; a multiple of it is said as such.
        alone: the parts add up to what came, not to its difference from what is asked.
    """
    if not autopsy:
        return ""
    readings = [_reading(reading, samples, alone) for reading in autopsy.readings[:READINGS]]
    more = len(autopsy.readings) - len(readings)
    said = " Or, which is the same here: ".join(readings)
    return f"Your gradient, taken apart exactly: {said}." + (
        f" ({more} more sums would do as well.)" if more > 0 else ""
    )


def _reading(reading: dict[str, float], samples: int, alone: bool) -> str:
    if not alone and len(reading) == 1:
        name, weight = next(iter(reading.items()))
        base, _, where = name.partition(", for ")
        if base == ASKED:
            times = weight + 1
            word = (
                "it is zero"
                if abs(times) < 1e-6
                else "its sign is turned"
                if abs(times + 1) < 1e-6
                else f"it is K = {samples} times what is asked"
                if samples > 1 and abs(times - samples) < 1e-5
                else f"it is what is asked, divided by K = {samples}"
                if samples > 1 and abs(times * samples - 1) < 1e-5
                else f"it is {times:.4g} times what is asked"
            )
            return f"{word}, for {where}" if where else word
    if not alone and ASKED in reading:  # what is asked is not in it at all, or in it more than once
        times = 1 + reading[ASKED]
        rest = {name: weight for name, weight in reading.items() if name != ASKED}
        return _reading(rest if abs(times) < 1e-6 else {ASKED: times, **rest}, samples, True)
    terms = [
        f"{'-' if weight < 0 else '+'} {abs(weight):.4g} x {name}"
        for name, weight in reading.items()
    ]
    joined = " ".join(terms)
    return f"yours = {joined.removeprefix('+ ')}" if alone else f"yours = {ASKED} {joined}"


# ---------------------------------------------------------------------------------------------------------------- the parts


def columns_of(request: dict[str, Any], shape: tuple[int, ...]) -> tuple[Columns, int]:
    """The parts of the gradient that a request asked for, in the layout ``shape``, and the number of samples K.

    Empty where the problem has no p with factors and no q that carries noise to a sample, or where the arguments hold no noise.
    """
    if request.get("kind") != "gradient" or not request.get("problem") or request.get("blocks"):
        return {}, 0
    made = problems.build(
        request["problem"],
        {name: torch.from_numpy(np.array(value)) for name, value in request["params"].items()},
    )
    given = [
        agent._resolve(item, made)
        for item in request["args"]
        if not (isinstance(item, dict) and "$ref" in item)
    ]
    eps = [item for item in given if isinstance(item, Tensor)]
    learned: dict[str, Tensor] = made["learn"]
    pull = _puller(made, shape, int(request.get("seed", 0)))
    if pull is None or not eps or "p" not in made or not hasattr(made["p"], "log_factors"):
        return {}, 0
    try:
        if "q1" in made and len(eps) == 2:
            columns = layered_parts(
                made["p"], made["q1"], made["q2"], made["x"], eps[0], eps[1], pull
            )
        elif "q" in made and hasattr(made["q"], "transport"):
            columns = parts_of(made["p"], made["q"], made["x"], eps[0], pull)
        else:
            return {}, 0
    except (
        RuntimeError,
        ValueError,
        TypeError,
    ):  # noise of another shape, or a family without noise
        return {}, 0
    return _by_parameter(columns, learned, shape), len(eps[0])


def parts_of(p: Any, q: Any, x: Tensor, eps: Tensor, pull: Pull) -> Columns:
    """Parts for any family with ``transport``, averaged over the samples."""
    z = q.transport(eps, x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    frozen, log_q = functional_call(q, constants, (x, z)), q(x, z.detach())
    factors = p.log_factors(x, z)
    log_p = sum(factors.values())
    log_w = (log_p - frozen).detach()
    surrogates = {
        "the score term": -log_q,
        "the path": log_p - frozen,
        "the path through log p": log_p,
        **{f"the path through log {name}": value for name, value in factors.items()},
        "the path through -log q": -frozen,
        "log w x score (REINFORCE)": log_w * log_q,
    }
    return {name: pull(value.mean(0)) for name, value in surrogates.items()}


def layered_parts(
    p: Any, q1: Any, q2: Any, x: Tensor, e1: Tensor, e2: Tensor, pull: Pull
) -> Columns:
    """Parts for two stochastic layers: each term by every road (through z1, through z2, through z2 because of z1), and both scores."""
    z1 = q1.transport(e1, x)
    z2 = q2.transport(e2, z1)
    own = q2.transport(e2, z1.detach())  # z2, moved by its own parameters alone
    c1, c2 = ({name: value.detach() for name, value in q.named_parameters()} for q in (q1, q2))

    def log_p(a: Tensor, b: Tensor) -> Tensor:
        return p.log_joint(x, torch.cat([a, b], -1))

    def minus_q1(a: Tensor, b: Tensor) -> Tensor:
        return -functional_call(q1, c1, (x, a))

    def minus_q2(a: Tensor, b: Tensor) -> Tensor:
        return -functional_call(q2, c2, (a, b))

    scores = -q1(x, z1.detach()), -q2(z1.detach(), z2.detach())
    columns = {
        "the score term": pull(sum(scores).mean(0)),
        "the score term of q(z1 | x)": pull(scores[0].mean(0)),
        "the score term of q(z2 | z1)": pull(scores[1].mean(0)),
        "the path": pull((log_p(z1, z2) + minus_q1(z1, z2) + minus_q2(z1, z2)).mean(0)),
    }
    because = "through z2 because of z1"
    for name, term in {
        "log p": log_p,
        "-log q(z1 | x)": minus_q1,
        "-log q(z2 | z1)": minus_q2,
    }.items():
        columns[f"{name} through z1"] = pull(term(z1, z2.detach()).mean(0))
        columns[f"{name} through z2"] = pull(term(z1.detach(), own).mean(0))
        columns[f"{name} {because}"] = (
            pull(term(z1.detach(), z2).mean(0)) - columns[f"{name} through z2"]
        )
    return {
        **columns,
        f"everything {because}": columns[f"log p {because}"]
        + columns[f"-log q(z2 | z1) {because}"],
    }


def _puller(made: dict[str, Any], shape: tuple[int, ...], seed: int) -> Pull | None:
    """Pulls a surrogate back as an answer's is, laid out as what came: ``(P,)``, or ``(R, P)`` where row r has its own parameters."""
    learned: dict[str, Tensor] = made["learn"]
    size = sum(parameter.numel() for parameter in learned.values())
    if len(shape) not in (1, 2) or int(np.prod(shape)) != size:
        return None
    rows = () if len(shape) == 1 else shape[:1]

    def pull(value: Tensor) -> np.ndarray:
        found = pull_back(
            value,
            learned.values(),
            batch_of(made),
            seed,
            made.get("shared", False),
            retain_graph=True,
        )
        filled = [
            torch.zeros_like(v) if g is None else g
            for g, v in zip(found, learned.values(), strict=True)
        ]
        return torch.cat([g.reshape(*rows, -1) for g in filled], -1).detach().numpy()

    return pull


def _by_parameter(columns: Columns, learned: dict[str, Tensor], shape: tuple[int, ...]) -> Columns:
    """All parameters together, then each alone."""
    rows = 1 if len(shape) == 1 else shape[0]
    edges = np.cumsum([0, *(parameter.numel() // rows for parameter in learned.values())])
    out = dict(columns)
    if len(learned) < 2:
        return out
    for name, column in columns.items():
        out |= {
            f"{name}, for {parameter} alone": only(column, start, stop)
            for parameter, start, stop in zip(learned, edges[:-1], edges[1:], strict=True)
        }
    return out


def only(column: np.ndarray, start: int, stop: int) -> np.ndarray:
    """The column, and zero outside ``[start, stop)`` of its last axis."""
    alone = np.zeros_like(column)
    alone[..., start:stop] = column[..., start:stop]
    return alone
