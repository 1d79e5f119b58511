"""S: the exact statistician that sees the mean of a set and not its size: the best q, and what it leaves over."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_16.hidden_size import Given, averaged, by_chances, forward, gap, matched

EXERCISE = exercise(
    __name__,
    title="S: the statistician that sees the mean alone",
    function="mean_alone",
    points=4,
    difficulty=5,
    importance=5,
    minutes=55,
    read="section 3, What pooling can say",
    hides=[],
    because="course_vi trains encoders of sets, and does not know where they rest",
)

LOC, VARIANCE, GAP, AVERAGE = range(4)
NAMES = "loc, variance, gap, average"
WHAT = ("the mean of q", "the variance of q", "the gap at each mean", "the gap on average")


def right(given: Given, row: int) -> np.ndarray:
    """Mean and variance of the best q, its gap at each mean of a set, or the gap on average."""
    if row in (LOC, VARIANCE):
        return given.best()[row]
    return gap(given) if row == GAP else given.on_average()


TELLS = {
    "chances_alone": "The sizes are weighted by their chances *before* the mean was seen. A mean far out tells of a small set: what are "
    "the chances of the sizes, given the mean?",
    "noise_alone": "The mean of a set is taken to vary around zero with the noise alone. Its centre c varies, too.",
    "variances_averaged": "These are averages of the posteriors' own means and variances. KL(q || p) averages something else.",
    "mixture_moments": "These are the moments of the mixture of the posteriors: they minimize KL(p || q). The ELBO is about KL(q || p).",
}
LOC_TELLS = {
    **TELLS,
    "means_averaged": "This is the average of the posteriors' means. A precise posterior pulls harder on q: by how much?",
}


def _of_q(given: Given, row: int) -> dict[str, np.ndarray]:
    """What usual mistakes make of the mean or the variance of q."""
    noise = given.sigma**2 / given.sizes
    found = {
        "chances_alone": given.best(by_chances(given))[row],
        "noise_alone": given.best(given.weights(noise))[row],
    }
    if row == LOC:
        return {**found, "means_averaged": averaged(given)[LOC]}
    return {
        **found,
        "variances_averaged": averaged(given)[VARIANCE],
        "mixture_moments": matched(given)[VARIANCE],
        "scale_for_variance": given.best()[VARIANCE] ** 0.5,
        "precision_for_variance": 1 / given.best()[VARIANCE],
        "prior_lost": 1 / (1 / given.best()[VARIANCE] - given.tau**-2),
    }


def _of_gap(given: Given) -> dict[str, np.ndarray]:
    chances = by_chances(given)
    before = given.best(chances)
    return {
        "forward_kl": forward(given),
        "chances_alone": given.left_over(*before, chances),
        "gap_of_chances": given.left_over(*before),
        "gap_of_moments": given.left_over(*matched(given)),
        "gap_of_averages": given.left_over(*averaged(given)),
        "twice": 2 * gap(given),
    }


SAYS = {
    **LOC_TELLS,
    "scale_for_variance": "This is the standard deviation of q. Its variance is asked.",
    "precision_for_variance": "This is the precision of q. Its variance is asked.",
    "prior_lost": "The precision lacks the prior's share.",
    "forward_kl": "This is the mean of KL(posterior || q). The ELBO falls short by KL(q || posterior).",
    "gap_of_chances": "This is what the q leaves over that knows the sizes' chances before the mean was seen. A better one exists.",
    "gap_of_moments": "This is what the moments of the mixture leave over. A better q exists.",
    "gap_of_averages": "This is what averaged means and variances leave over. A better q exists.",
    "twice": "This is twice the gap.",
    "at_zero": "This is the gap at a mean of zero.",
    "of_these_means": "This is the average over the means that were handed in. Asked is that over all means that the model draws.",
}


def _mistakes(given: Given, row: int) -> list[Mistake]:
    if row in (LOC, VARIANCE):
        found = _of_q(given, row)
    elif row == GAP:
        found = _of_gap(given)
    else:
        zero = given._replace(xbar=np.zeros(()))
        at, share = given.everywhere()
        found = {key: np.asarray(share @ value) for key, value in _of_gap(at).items()}
        found |= {"at_zero": gap(zero), "of_these_means": gap(given).mean()}
    return [Mistake(key, SAYS[key], value) for key, value in found.items()]


def _given(
    rng: np.random.Generator,
    sizes: Sequence[int],
    count: int,
    ratio: float,
    tau: float | None = None,
) -> Given:
    """Means of both signs, some near zero and some far out; sizes in no order, with chances of their own."""
    listed = rng.permutation(np.array(sizes, dtype=float))
    chances = rng.dirichlet(np.full(len(listed), 2.0)) * 0.9 + 0.1 / len(listed)
    tau = float(rng.uniform(0.5, 2.0)) if tau is None else tau
    given = Given(np.zeros(count), listed, chances, tau, tau * ratio)
    scale = float(given.spread.max()) ** 0.5
    xbar = scale * rng.uniform(0.3, 2.5, count) * rng.choice([-1, 1], count)
    return given._replace(xbar=xbar)


def _usual(rng: np.random.Generator) -> list[Given]:
    first = _given(rng, [1, 2, 4, 8, 16], 5, float(rng.uniform(0.8, 1.5)))
    return [
        first,
        first._replace(tau=1.7 * first.tau, sigma=0.6 * first.sigma),  # the sizes are no key
        _given(rng, [2, 3, 30], 4, float(rng.uniform(3, 6))),
        _given(rng, [1, 2, 5, 9], 6, float(rng.uniform(0.3, 0.6)), float(rng.uniform(4, 9))),
        _given(rng, [1, 5], 3, float(rng.uniform(1, 2)), float(rng.uniform(0.05, 0.2))),
    ]


def _judged(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        parts = unpack(probe.value(*given), 4, NAMES)
        for row in rows:
            what = f"{WHAT[row]}, sizes {', '.join(f'{size:.0f}' for size in given.sizes)}"
            rtol = 1e-5 if row == AVERAGE else 1e-7
            atol = (1e-9 * min(1.0, given.tau), 0.0, 1e-9, 1e-9)[row]
            want, known = right(given, row), functools.partial(_mistakes, given, row)
            finding = compare(parts[row], want, known, rtol, atol, what=what)
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part("The mean of the best q")
def best_mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), LOC)


@EXERCISE.part("Its variance", weight=1.5)
def best_variance(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), VARIANCE)


@EXERCISE.part("What it leaves over at each mean")
def gap_at_each(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), GAP)


@EXERCISE.part("What it leaves over on average")
def gap_on_average(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), AVERAGE)


@EXERCISE.part(
    "Means far out; sizes of a thousand; one chance in ten thousand; scales of 0.001 and 30; one mean, and a table of them",
    weight=0.5,
    needs=["best_mean", "best_variance", "gap_at_each"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    far = _given(rng, [1, 3, 9], 4, 1.0)
    far = far._replace(xbar=far.xbar * np.array([60.0, 1e-3, -45.0, 0.0]))
    large = _given(rng, [1, 40, 1000], 3, float(rng.uniform(7, 9)))
    quiet = _given(rng, [1, 4], 3, float(rng.uniform(0.1, 0.12)))
    rare = _given(rng, [2, 50, 7], 3, float(rng.uniform(1, 2)))
    rare = rare._replace(chances=np.array([1e-4, 0.6, 0.3999]))
    wide = _given(rng, [1, 1000], 3, float(rng.uniform(7, 9)))  # the rare sets lie far beyond
    wide = wide._replace(chances=np.where(wide.sizes == 1, 1e-2, 0.99))
    alone = _given(rng, [1, 6], 1, 0.7)
    table = _given(rng, [4, 1, 2], 6, 1.2)
    cases = [
        far,
        large,
        quiet,
        rare,
        wide,
        alone._replace(xbar=alone.xbar[0]),
        table._replace(xbar=table.xbar.reshape(2, 3)),
        _given(rng, [3, 1, 12], 3, float(rng.uniform(0.8, 1.5)), 1e-3),
        _given(rng, [2, 20], 3, float(rng.uniform(9, 10)), 3.0),
        _given(rng, [1, 7], 3, float(rng.uniform(0.3, 0.6)), 30.0),
        _given(rng, [4, 1, 4, 9], 4, 1.1),  # a size that is listed twice, with two chances
    ]
    return _judged(probe, cases, LOC, VARIANCE, GAP, AVERAGE)


@EXERCISE.part(
    "Where the size is known, nothing is left over",
    weight=0.5,
    needs=["best_mean", "best_variance", "gap_at_each", "gap_on_average"],
)
def known_size(probe: Probe, rng: np.random.Generator) -> Finding:
    one = _given(rng, [int(rng.integers(2, 20))], 3, 1.5)
    twice = _given(rng, [5, 5], 4, 0.8)  # listed twice: the same size
    return _judged(probe, [one, twice], LOC, VARIANCE, GAP, AVERAGE)
