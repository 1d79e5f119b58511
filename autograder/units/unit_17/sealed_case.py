"""The sealed case: three particle filters, told apart by the means of their estimates."""

from __future__ import annotations

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled
from autograder.units.unit_17.fault_limits import Given, limits
from autograder.units.unit_17.reference import log_sum_exp

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 3, Who survives",
    hides=[],
    because="no function of course_vi gives a verdict on a filter",
)

RIGHT, KEPT, HEAVIEST = "right", "kept", "heaviest"
RUNS, APART, NEARER = 1500, 6.0, 0.7
MANY, TRIED = 32, 2  # series proposed with each chain, and how many of those that fit are run


def run_right(rng: np.random.Generator, given: Given, count: int, runs: int) -> np.ndarray:
    """Log estimates ``(R,)`` of a bootstrap filter that is right: how many particles are in each state is all that matters."""
    share, total = np.broadcast_to(given.initial, (runs, len(given.initial))), np.zeros(runs)
    for here in np.exp(given.log_lik):
        weight = rng.multinomial(count, share) * here
        total += np.log(weight.sum(-1) / count)
        share = weight @ given.transition
        share /= share.sum(-1, keepdims=True)
    return total


def run_heaviest(rng: np.random.Generator, given: Given, count: int, runs: int) -> np.ndarray:
    """The same where the heaviest particle takes all places."""
    share, total = np.broadcast_to(given.initial, (runs, len(given.initial))), np.zeros(runs)
    for here in np.exp(given.log_lik):
        inside = rng.multinomial(count, share)
        total += np.log((inside * here).sum(-1) / count)
        share = given.transition[np.where(inside > 0, here, -1.0).argmax(-1)]
    return total


def run_kept(rng: np.random.Generator, given: Given, count: int, runs: int) -> np.ndarray:
    """The same where resampled particles bring along the weights of their ancestors."""

    def chosen(chance: np.ndarray, number: int) -> np.ndarray:
        edges = chance.cumsum(-1)[..., None, :-1]
        uniform = rng.random((*chance.shape[:-1], number)) * chance.sum(-1, keepdims=True)
        found: np.ndarray = (edges < uniform[..., None]).sum(-1)
        return found

    state = chosen(np.broadcast_to(given.initial, (runs, len(given.initial))), count)
    carried, total = np.ones((runs, count)), np.zeros(runs)
    for t, here in enumerate(np.exp(given.log_lik)):
        if t:
            state = chosen(given.transition[state], 1)[..., 0]
        weight = carried * here[state]
        total += np.log(weight.sum(-1) / carried.sum(-1))
        index = chosen(weight, count)
        state, carried = (np.take_along_axis(part, index, -1) for part in (state, weight))
        carried = carried / carried.max(-1, keepdims=True)
    return total


FILTERS = {RIGHT: run_right, KEPT: run_kept, HEAVIEST: run_heaviest}


def _proposals(rng: np.random.Generator, above: bool) -> tuple[Given, np.ndarray]:
    """A chain with ``MANY`` series of likelihoods ``(MANY, T, S)``, and which of them have limits that are apart.

    ``above``: the filter whose heaviest particle takes all overestimates the evidence. Mostly the one that keeps its weights then does
    so, too, lies below it, and has the mean of its *logarithms* nearer to the log evidence than the right one.
    """
    size, steps = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    own = float(rng.choice([0.7, 2.0]))
    initial, transition = rng.dirichlet(2 * np.ones(size)), rng.dirichlet(own * np.ones(size), size)
    spread = rng.uniform(0.8, 2.4, (MANY, 1, 1))
    log_lik = rng.uniform(-3, 1) + spread * rng.normal(size=(MANY, steps, size))
    given = Given(initial, transition, log_lik)
    right, _, _, heaviest, kept = limits(given)
    apart = np.abs([kept - right, heaviest - right])
    wanted = (apart.min(0) > 0.2) & (apart.max(0) < 3.0) & (np.abs(kept - heaviest) > 0.3)
    return given, np.flatnonzero(wanted & ((heaviest > right) == above))


def _decided(given: Given, seen: dict[str, np.ndarray]) -> bool:
    """Whether the means of the estimates tell who is who, ``APART`` standard errors and more."""
    right, _, _, heaviest, kept = limits(given)
    means = {name: float(log_sum_exp(one, 0) - np.log(RUNS)) for name, one in seen.items()}
    error = max(float(np.exp(one - means[name]).std() / RUNS**0.5) for name, one in seen.items())
    off = {name: abs(means[name] - right) for name in (KEPT, HEAVIEST)}
    straight = abs(means[KEPT] - kept) + abs(means[HEAVIEST] - heaviest)
    crossed = abs(means[KEPT] - heaviest) + abs(means[HEAVIEST] - kept)
    return bool(
        min(off.values()) > max(0.2, APART * error)
        and abs(means[RIGHT] - right) < min(off.values()) / 3
        and abs(means[KEPT] - means[HEAVIEST]) > APART * error
        and abs(means[HEAVIEST] - heaviest) < NEARER * abs(means[KEPT] - heaviest)
        and straight < NEARER * crossed
    )


def draw(rng: np.random.Generator) -> Opened:
    """A finite chain with its data, and 1,500 log estimates of each of three filters, ``(3, 1500)``.

    A coin decides on which side of the evidence the heaviest leads, and with it which of the faulty ones lies higher, and whether
    the mean of the logarithms points at the wrong filter.
    """
    above = bool(rng.random() < 0.5)
    while True:
        many, found = _proposals(rng, above)
        for place in found[:TRIED]:
            given = many._replace(log_lik=many.log_lik[place])
            count = int(rng.integers(8, 17))
            seen = {name: run(rng, given, count, RUNS) for name, run in FILTERS.items()}
            if _decided(given, seen):
                stacked, truth = shuffled(rng, seen)
                rest = {**given._asdict(), "num_particles": count}
                return Opened({"log_estimates": stacked, **rest}, truth)


seal(EXERCISE, draw)
