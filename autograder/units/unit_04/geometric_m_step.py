"""The M-step of a mixture that the lecture does not have: geometric counts, of which some are not yet over."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="An M-step of your own",
    function="geometric_m_step",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 3, Exponential families in one page",
    hides=[],
    because="course_vi has no mixture of geometric counts",
)

Args = tuple[np.ndarray, np.ndarray, np.ndarray]  # r (N, C), x (N), over (N)
NAMES = "weights, p"
WEIGHTS, P = 0, 1
TOLERANCES = (1e-22, 1e-9)  # absolute: weights may be 1e-13; p may be a zero found by bisection


def right(r: np.ndarray, x: np.ndarray, over: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(weights, p), ``(C)`` each."""
    return r.mean(0), over @ r / ((over + x) @ r)


def _weight_mistakes(r: np.ndarray, x: np.ndarray, over: np.ndarray) -> list[Mistake]:
    ended = over @ r
    hard = np.bincount(r.argmax(1), minlength=r.shape[1]) / len(r)
    return [
        Mistake(
            "counts",
            "These are the numbers of data of each cluster. Weights sum to one.",
            r.sum(0),
        ),
        Mistake(
            "ended_alone",
            "Only the runs that are over were counted. A run that is not over belongs to a cluster, too.",
            ended / ended.sum(),
        ),
        Mistake("hard", "Each datum was given to its likeliest cluster as a whole.", hard),
        Mistake(
            "weighted_by_x",
            "Data with large counts weigh more here. A datum counts once, however long it is.",
            x @ r / (x @ r).sum(),
        ),
    ]


def _p_mistakes(r: np.ndarray, x: np.ndarray, over: np.ndarray) -> list[Mistake]:
    with np.errstate(divide="ignore", invalid="ignore"):
        n, ended, failures = r.sum(0), over @ r, x @ r
        hard = np.eye(r.shape[1])[r.argmax(1)]
        ratios = np.nan_to_num(over / (over + x))
        return [
            Mistake(
                "all_over",
                "Every run is treated as if it had ended in a success. A run that is not over has no factor p: what is its "
                "probability?",
                n / (n + failures),
            ),
            Mistake(
                "unfinished_dropped",
                "The runs that are not over were left out. Their failures are evidence: only long runs are cut off.",
                ended / ((over * (1 + x)) @ r),
            ),
            Mistake(
                "other_convention",
                "This is for counts that include the success. Here x counts the failures before it.",
                ended / failures,
            ),
            Mistake(
                "failure_probability",
                "This is the probability of a failure, 1 - p.",
                failures / (failures + ended),
            ),
            Mistake("mean_count", "This is a mean count, not a probability.", failures / n),
            Mistake(
                "hard",
                "Each datum was given to its likeliest cluster as a whole.",
                (over @ hard) / ((over + x) @ hard),
            ),
            Mistake(
                "mean_of_ratios",
                "This averages the estimates of single runs. Add up successes and trials first, then divide.",
                ratios @ r / n,
            ),
            Mistake(
                "not_weighted",
                "All clusters have the same p: weigh each datum by its responsibility.",
                np.full(r.shape[1], over.sum() / (over + x).sum()),
            ),
        ]


def _data(rng: np.random.Generator, shape: tuple[int, int], cut: float) -> Args:
    """Responsibilities of any firmness, counts from zero to some hundreds, a part of them cut off (at zero, too)."""
    n, c = shape
    logits = rng.normal(size=shape) * rng.uniform(0.3, 4.0, (n, 1))
    r = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    x = rng.geometric(rng.choice([0.02, 0.3, 0.8], n)) - 1.0
    over = (rng.random(n) > cut).astype(float)
    if n > 2:
        over[:3], x[:3] = (1, 0, 0), (float(rng.integers(1, 5)), float(rng.integers(3, 9)), 0.0)
    return r, x, over


def _places(rng: np.random.Generator) -> list[Args]:
    """Two to four clusters, as many data as clusters, one cluster, one datum."""
    one = (np.ones((1, 1)), np.array([float(rng.integers(2, 9))]), np.ones(1))
    single = rng.dirichlet(np.ones(3), 1), np.array([float(rng.integers(2, 9))]), np.ones(1)
    return [
        _data(rng, (9, 2), 0.3),
        _data(rng, (30, 4), 0.5),
        _data(rng, (3, 3), 0.3),
        _data(rng, (6, 1), 0.4),
        one,
        single,
    ]


def _judged(probe: Probe, places: list[Args], index: int, what: str) -> Finding:
    finding = Finding(True)
    for args in places:
        got, want = unpack(probe.value(*args), 2, NAMES)[index], right(*args)[index]
        mistakes = (_weight_mistakes, _p_mistakes)[index](*args)
        swapped = Mistake(
            "order_swapped", f"Return them in this order: {NAMES}.", right(*args)[1 - index]
        )
        finding = compare(
            got, want, [*mistakes, swapped], rtol=1e-8, atol=TOLERANCES[index], what=what
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The weights of the clusters")
def cluster_weights(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), WEIGHTS, "the weights")


@EXERCISE.part("Each cluster's probability of a success", weight=2)
def success_probabilities(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), P, "p")


def _nearly_empty(rng: np.random.Generator, cluster: int) -> Args:
    """A cluster with some 1e-12 of responsibility, for two short runs: one over after one failure, one cut off after two."""
    r, x, over = _data(rng, (8, 3), 0.4)
    r[:, cluster] = 0.0
    r[6:, cluster] = rng.uniform(1e-12, 3e-12, 2)
    x[6:], over[6:] = (1.0, 2.0), (1.0, 0.0)
    return r / r.sum(1, keepdims=True), x, over


@EXERCISE.part("Clusters at the edge: almost empty, without a success, without a failure")
def at_the_edge(probe: Probe, rng: np.random.Generator) -> Finding:
    r, x, over = _data(rng, (12, 4), 0.4)
    last = x[-1] + 2.0
    r[:, 0] *= 1e-9  # almost empty
    r[:, 2:] = 0.0  # the third has two runs that are not over, the fourth two immediate successes
    r[8:10], x[8:10], over[8:10] = [0.0, 0.0, 1.0, 0.0], last, 0.0
    r[10:], x[10:], over[10:] = [0.0, 0.0, 0.0, 1.0], 0.0, 1.0
    places = [(r / r.sum(1, keepdims=True), x, over), *(_nearly_empty(rng, k) for k in (1, 2))]
    finding = _judged(probe, places, P, "p")
    return _judged(probe, places, WEIGHTS, "the weights") if finding.ok else finding
