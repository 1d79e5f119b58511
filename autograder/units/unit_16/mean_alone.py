"""S: the exact statistician that sees the mean of a set and not its size: the best q, and what it leaves over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack

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
POINTS, FAR = 8_001, 10.0  # of the grid, and how many of the widest scale it reaches
Rule = Callable[["Given"], np.ndarray]


class Given(NamedTuple):
    """Means ``xbar: (*B)`` of sets; the sizes that a set may have and their chances, ``(S)``; tau and sigma."""

    xbar: np.ndarray
    sizes: np.ndarray
    chances: np.ndarray
    tau: float
    sigma: float

    @property
    def spread(self) -> np.ndarray:
        """Variances of the mean of a set, size by size."""
        value: np.ndarray = self.tau**2 + self.sigma**2 / self.sizes
        return value

    @property
    def precisions(self) -> np.ndarray:
        """Of the exact posteriors, size by size."""
        value: np.ndarray = self.tau**-2 + self.sizes / self.sigma**2
        return value

    @property
    def means(self) -> np.ndarray:
        """Of the exact posteriors, ``(*B, S)``."""
        pull = self.sizes / self.sigma**2 / self.precisions
        value: np.ndarray = self.xbar[..., None] * pull
        return value

    def weights(self, spread: np.ndarray | None = None) -> np.ndarray:
        """Chances of the sizes, given the mean, ``(*B, S)``."""
        variance = self.spread if spread is None else spread
        log_w = (
            np.log(self.chances)
            - 0.5 * np.log(variance)
            - 0.5 * self.xbar[..., None] ** 2 / variance
        )
        w = np.exp(log_w - log_w.max(-1, keepdims=True))
        value: np.ndarray = w / w.sum(-1, keepdims=True)
        return value

    def best(self, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the Gaussian with the least mean of KL(q || posterior)."""
        w = self.weights() if weights is None else weights
        precision = w @ self.precisions
        return (w * self.precisions * self.means).sum(-1) / precision, 1 / precision

    def left_over(
        self, loc: np.ndarray, variance: np.ndarray, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """The mean of KL(N(loc, variance) || posterior) over the sizes that the mean allows."""
        w = self.weights() if weights is None else weights
        off = variance[..., None] + (loc[..., None] - self.means) ** 2
        inner = self.precisions * off - 1 - np.log(self.precisions) - np.log(variance)[..., None]
        value: np.ndarray = 0.5 * (w * inner).sum(-1)
        return value

    def over(self, rule: Rule) -> float:
        """The mean of a rule over means of sets, by the trapezoid rule."""
        far = FAR * float(self.spread.max()) ** 0.5
        grid = np.linspace(-far, far, POINTS)
        density = np.exp(
            np.log(self.chances) - 0.5 * (LOG_2PI + np.log(self.spread))
            - 0.5 * grid[:, None] ** 2 / self.spread
        ).sum(-1)  # fmt: skip
        return float((density * rule(self._replace(xbar=grid))).sum() * (grid[1] - grid[0]))


def gap(given: Given) -> np.ndarray:
    return given.left_over(*given.best())


def right(given: Given) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(mean, variance, gap) at each mean of a set, and the gap on average."""
    return (*given.best(), gap(given), np.asarray(given.over(gap)))


def _by_chances(given: Given) -> np.ndarray:
    return np.broadcast_to(given.chances, given.means.shape)


def _averaged(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances of the posteriors, averaged."""
    w = given.weights()
    return (w * given.means).sum(-1), w @ (1 / given.precisions)


def _matched(given: Given) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of the mixture of the posteriors."""
    w, (loc, variance) = given.weights(), _averaged(given)
    return loc, variance + (w * (given.means - loc[..., None]) ** 2).sum(-1)


def _forward(given: Given) -> np.ndarray:
    """The mean of KL(posterior || q)."""
    loc, variance = given.best()
    off = 1 / given.precisions + (loc[..., None] - given.means) ** 2
    inner = off / variance[..., None] - 1 + np.log(given.precisions * variance[..., None])
    value: np.ndarray = 0.5 * (given.weights() * inner).sum(-1)
    return value


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
        "chances_alone": given.best(_by_chances(given))[row],
        "noise_alone": given.best(given.weights(noise))[row],
    }
    if row == LOC:
        return {**found, "means_averaged": _averaged(given)[LOC]}
    return {
        **found,
        "variances_averaged": _averaged(given)[VARIANCE],
        "mixture_moments": _matched(given)[VARIANCE],
        "scale_for_variance": given.best()[VARIANCE] ** 0.5,
        "precision_for_variance": 1 / given.best()[VARIANCE],
        "prior_lost": 1 / (1 / given.best()[VARIANCE] - given.tau**-2),
    }


def _of_gap(given: Given) -> dict[str, np.ndarray]:
    chances = _by_chances(given)
    before = given.best(chances)
    return {
        "forward_kl": _forward(given),
        "chances_alone": given.left_over(*before, chances),
        "gap_of_chances": given.left_over(*before),
        "gap_of_moments": given.left_over(*_matched(given)),
        "gap_of_averages": given.left_over(*_averaged(given)),
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
        rules = _of_gap(given)
        found = {key: np.asarray(given.over(lambda at, key=key: _of_gap(at)[key])) for key in rules}
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
    return [
        _given(rng, [1, 2, 4, 8, 16], 5, float(rng.uniform(0.8, 1.5))),
        _given(rng, [2, 3, 30], 4, float(rng.uniform(3, 6))),
        _given(rng, [1, 2, 5, 9], 6, float(rng.uniform(0.3, 0.6)), float(rng.uniform(4, 9))),
        _given(rng, [1, 5], 3, float(rng.uniform(1, 2)), float(rng.uniform(0.05, 0.2))),
    ]


def _judged(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        parts = unpack(probe.value(*given), 4, NAMES)
        want = right(given)
        for row in rows:
            what = f"{WHAT[row]}, sizes {', '.join(f'{size:.0f}' for size in given.sizes)}"
            rtol = 1e-5 if row == AVERAGE else 1e-7
            atol = 1e-9 if row == AVERAGE else None
            finding = compare(parts[row], want[row], (), rtol, atol, what=what)
            if not finding.ok:
                return compare(parts[row], want[row], _mistakes(given, row), rtol, atol, what=what)
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
    "Means far out; sizes of a thousand; a size with one chance in ten thousand; one mean, and a table of them",
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
    alone = _given(rng, [1, 6], 1, 0.7)
    table = _given(rng, [4, 1, 2], 6, 1.2)
    cases = [
        far,
        large,
        quiet,
        rare,
        alone._replace(xbar=alone.xbar[0]),
        table._replace(xbar=table.xbar.reshape(2, 3)),
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
