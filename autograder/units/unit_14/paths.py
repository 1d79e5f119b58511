"""Any program, exactly: every path that a run can take, with what it weighs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_14.reference import either_sign, normal

EXERCISE = exercise(
    __name__,
    title="Any program, exactly",
    function="by_paths",
    points=4,
    difficulty=4,
    importance=4,
    minutes=45,
    read="section 2, Handlers, in forty lines",
    hides=[],
    because="no function of course_vi runs a Pyro program along its paths",
)

RTOL = 1e-8


class Given(NamedTuple):
    """A tree, see ``problems_paths.tree``, and what is observed in it."""

    start: np.ndarray
    chance: np.ndarray
    stop: np.ndarray
    level: np.ndarray
    worth: np.ndarray
    note: np.ndarray
    data: dict[str, np.ndarray]
    sided: bool = False


class Path(NamedTuple):
    """One run: log-probabilities of its choices, of choices that are data, of notes on the way, and of the end; and what it returns."""

    free: float
    fixed: float
    notes: float
    end: float
    worth: float
    length: int


def paths(given: Given) -> list[Path]:
    """All runs that agree with the data."""
    found: list[Path] = []

    def log(chance: float) -> float:
        return float(np.log(chance)) if chance > 0 else -np.inf

    def walk(tree: int, node: int, path: Path) -> None:
        if given.stop[tree, node]:
            end = float(normal(given.data["seen"], given.level[tree, node], np.asarray(0.5)))
            sides = (4 if tree == 1 else 2) if given.sided else 1
            for side in range(sides):
                free, worth = path.free - float(np.log(sides)), float(given.worth[tree, node])
                found.append(path._replace(free=free, end=end, worth=worth + side))
            return
        known = given.data.get(f"flip_{tree}_{node}")
        for flip in (0, 1):
            if known is not None and flip != known:
                continue
            p = given.chance[tree, node]
            step = log(p if flip else 1 - p)
            note, level = given.note[tree, node], given.level[tree, node]
            extra = 0.0 if np.isnan(note) else float(normal(note, level + flip, np.asarray(1.0)))
            walk(tree, 2 * node + 1 + flip, path._replace(
                free=path.free + (step if known is None else 0.0),
                fixed=path.fixed + (0.0 if known is None else step),
                notes=path.notes + extra, length=path.length + 1))  # fmt: skip

    for tree, p in enumerate(given.start):
        if "start" not in given.data or given.data["start"] == tree:
            free, fixed = (log(p), 0.0) if "start" not in given.data else (0.0, log(p))
            walk(tree, 0, Path(free, fixed, 0.0, 0.0, 0.0, 0))
    return found


def _summed(weights: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Log of the sum of the weights, and the mean of what is returned."""
    total = logsumexp(weights)
    return np.array([total, np.exp(weights - total) @ worth])


def exact(given: Given) -> np.ndarray:
    """The log evidence, and the posterior mean of what the program returns."""
    runs = paths(given)
    weights = np.array([run.free + run.fixed + run.notes + run.end for run in runs])
    return _summed(weights, np.array([run.worth for run in runs]))


def _mistakes(given: Given, place: int) -> list[Mistake]:
    runs = paths(given)
    free, fixed, notes, end, worth, length = (np.array(each) for each in zip(*runs, strict=True))
    deepest = length.max()
    weights = free + fixed + notes + end
    known = [
        ("notes_forgotten", "What the program observes on its way weighs, too.", _summed(free + fixed + end, worth)),
        ("prior", "That is the mean before the data.", _summed(free + fixed, worth)),
        ("all_alike", "Not all paths are equally likely: every choice has its chance.", _summed(notes + end, worth)),
        ("short_paths_repeated", "A path that ends early was counted once for each way to go on, had it gone on.",
         _summed(weights + (deepest - length) * np.log(2), worth)),
        ("choices_fixed_for_free", "A choice that was observed is data like any other: its chance belongs to the evidence.",
         _summed(free + notes + end, worth)),
        ("likeliest", "That is the likeliest path alone. All of them are asked.",
         np.array([weights.max(), worth[weights.argmax()]])),
        ("not_normalized", "The mean is that under the posterior: weights that add up to one.",
         np.array([logsumexp(weights), np.exp(weights) @ worth])),
    ]  # fmt: skip
    return [Mistake(key, hint, np.asarray(value[place])) for key, hint, value in known]


def _given(
    rng: np.random.Generator,
    trees: int = 2,
    depth: int = 3,
    far: float = 0.0,
    sure: bool = False,
    notes: bool = True,
    alike: bool = False,
    twins: bool = False,
    rare: bool = False,
) -> Given:
    """Trees that end early at some nodes; each first step leads on, once to an end and once further.

    Args:
        twins: all coins are fair and all levels one, so that paths weigh the same. ``rare``: the data lie where a run comes once in
            100,000.
    """
    size = 2 ** (depth + 1) - 1
    stop = rng.random((trees, size)) < 0.3
    stop[:, 0] = depth == 0
    if depth > 1:
        early = rng.integers(2, size=trees)
        stop[np.arange(trees), 1 + early], stop[np.arange(trees), 2 - early] = True, False
    stop[:, 2**depth - 1 :] = True
    chance = rng.uniform(0.1, 0.9, (trees, size))
    if sure:
        chance[:, 1:3] = rng.integers(2, size=(trees, 2))
    note = either_sign(rng, (trees, size), 0.5, 3.0)
    note[rng.random((trees, size)) < 0.5] = np.nan
    note[:, 0] = either_sign(rng, (trees,), 0.5, 3.0)
    level = either_sign(rng, (trees, size), 0.5, 2.5)
    if twins:
        chance[:], level[:], note[:] = 0.5, level[0, 0], np.nan
    if rare:
        chance[:, 0], note[:] = 1e-5, np.nan
        level[:, [node for node in range(size) if _below_second(node)]] += 12
        far += 12
    weights = rng.uniform(0.2, 1.0, trees)
    return Given(
        weights / weights.sum(),
        chance,
        stop,
        level,
        np.where(rng.random((trees, size)) < 0.5, 2.0, -1.0)
        if alike
        else either_sign(rng, (trees, size), 0.5, 5.0),
        note if notes else np.full_like(note, np.nan),
        {"seen": far + either_sign(rng, (), 0.5, 2.0)},
    )


def _below_second(node: int) -> bool:
    """Whether a node is the root's second child, or below it."""
    while node > 2:
        node = (node - 1) // 2
    return node == 2


def _judged(probe: Probe, given: Given, place: int) -> Finding:
    reply: Any = probe.drive("paths/exact", **given._asdict())
    want = exact(given)
    shape = compare(reply, want, rtol=RTOL, what="the result")
    if shape.ok or shape.diagnosis in ("shape", "type"):
        return shape
    what = ("the log evidence", "the posterior mean of what is returned")[place]
    got = np.asarray(reply, dtype=float)[place]
    return compare(got, want[place], _mistakes(given, place), RTOL, what=what)


def _all(probe: Probe, cases: list[Given], place: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        finding = _judged(probe, given, place) if finding.ok else finding
    return finding


@EXERCISE.part("The log evidence")
def evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(
        probe, [_given(rng), _given(rng, 3, 2, alike=True), _given(rng, 1, 1, notes=False)], 0
    )


@EXERCISE.part("The posterior mean of what the program returns")
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(probe, [_given(rng), _given(rng, 2, 2, alike=True), _given(rng, 3, 0)], 1)


@EXERCISE.part("Choices that were observed")
def choices(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for told in ("flip", "start", "other"):
        given = _given(rng)
        name = "start" if told == "start" else f"flip_{int(rng.integers(2))}_0"
        given.data[name] = np.asarray(
            rng.integers(2) if told == "start" else float(rng.integers(2))
        )
        if told == "other":
            given.data["start"] = np.asarray(1 - int(name[5]))
        for place in (0, 1):
            finding = _judged(probe, given, place) if finding.ok else finding
    return finding


@EXERCISE.part(
    "Data far out, where probabilities underflow; choices that are sure; "
    "paths that weigh the same; one that is rare; a choice with more values on some paths",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for given in (
        _given(rng, far=float(rng.choice([-60, 60]))),
        _given(rng, sure=True),
        _given(rng, alike=True, twins=True),
        _given(rng, rare=True),
        _given(rng, 3, 1)._replace(sided=True),
    ):
        for place in (0, 1):
            finding = _judged(probe, given, place) if finding.ok else finding
    return finding
