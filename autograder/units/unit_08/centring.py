"""Centred, non-centred, and in between: what mean field loses, and where it loses nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_08.reference import log_det

EXERCISE = exercise(
    __name__,
    title="Centred, non-centred, and in between",
    function="centring",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 4, What no Gaussian can do",
    hides=[],
    because="course_vi has no partly centred parametrization",
)

NAMES = "gap, best"


class Groups(NamedTuple):
    """mu ~ N(0, s0^2), theta_i | mu ~ N(mu, tau^2), the mean of n_i data y | theta_i ~ N(theta_i, sigma^2); eta_i = theta_i - c_i mu.

    Attributes:
        c: how far each group is from centred, ``(G)``; 0 is centred, 1 is not.
        counts: n, ``(G)``.
    """

    c: np.ndarray
    counts: np.ndarray
    sigma: float
    tau: float
    prior: float

    @property
    def data(self) -> np.ndarray:
        """What the data of a group weigh."""
        return np.asarray(self.counts / self.sigma**2)

    def precision(self) -> np.ndarray:
        """Of (mu, eta_1, ..., eta_G)."""
        size = len(self.c)
        found = np.zeros((size + 1, size + 1))
        prior = 1 / self.tau**2
        found[0, 0] = 1 / self.prior**2 + (prior * (1 - self.c) ** 2 + self.data * self.c**2).sum()
        found[0, 1:] = found[1:, 0] = -prior * (1 - self.c) + self.data * self.c
        found[1:, 1:] = np.diag(prior + self.data)
        return found

    def ask(self, probe: Probe) -> list[np.ndarray]:
        return unpack(probe.value(*self), 2, NAMES)


def gap(groups: Groups) -> float:
    """What mean field on (mu, eta) loses."""
    precision = groups.precision()
    return 0.5 * float(np.log(np.diag(precision)).sum() - log_det(precision))


def best(groups: Groups) -> np.ndarray:
    """The c at which mu and eta are independent given the data."""
    prior = 1 / groups.tau**2
    return np.asarray(prior / (prior + groups.data))


def _places(rng: np.random.Generator) -> list[Groups]:
    """Two to five groups of unequal size; centred, not centred, in between and beyond; much and little noise."""

    def of(size: int, low: float, high: float) -> Groups:
        return Groups(
            rng.uniform(low, high, size),
            rng.integers(1, 9, size).astype(float),
            *np.exp(rng.uniform(-1.0, 1.0, 3)).tolist(),
        )

    return [
        of(2, 0.1, 0.9),
        of(4, 0.0, 1.0),
        of(5, 0.2, 0.8),
        of(3, 0.0, 0.0),
        of(3, 1.0, 1.0),
        of(2, -0.5, 1.5),
    ]


def _gap_mistakes(places: list[Groups]) -> list[Mistake]:
    want = np.array([gap(place) for place in places])

    def other(of: object) -> np.ndarray:
        return np.array([of(place) for place in places])  # type: ignore[operator]

    return [
        Mistake(
            "prior_of_mu",
            "The prior of mu is missing: it adds to the precision of mu.",
            other(lambda p: gap(p._replace(prior=np.inf))),
        ),
        Mistake(
            "turned",
            "c = 0 is centred, eta = theta; c = 1 is not: eta = theta - mu. Here they are exchanged.",
            other(lambda p: gap(p._replace(c=1 - p.c))),
        ),
        Mistake(
            "counts_ignored",
            "Every group counts as one datum. The mean of n data has variance sigma^2 / n.",
            other(lambda p: gap(p._replace(counts=np.ones_like(p.counts)))),
        ),
        Mistake(
            "variances_for_scales",
            "sigma, tau and s0 are standard deviations. They were taken for variances.",
            other(
                lambda p: gap(p._replace(sigma=p.sigma**0.5, tau=p.tau**0.5, prior=p.prior**0.5))
            ),
        ),
        Mistake(
            "half_lost", "The half is lost: a density holds the root of a determinant.", 2 * want
        ),
        Mistake("negative", "A gap is log p(y) minus the ELBO: never negative.", -want),
        Mistake(
            "centred",
            "This is the gap of the centred parametrization, whatever c is.",
            other(lambda p: gap(p._replace(c=0 * p.c))),
        ),
        Mistake(
            "data_not_moved",
            "The data see theta = eta + c mu: mu has a share in their precision, too.",
            other(_without_data_on_mu),
        ),
    ]


def _without_data_on_mu(place: Groups) -> float:
    precision = place.precision()
    precision[0, 0] -= (place.data * place.c**2).sum()
    coupled = -(1 - place.c) / place.tau**2
    precision[0, 1:] = precision[1:, 0] = coupled
    return 0.5 * float(np.log(np.diag(precision)).sum() - log_det(precision))


@EXERCISE.part("What mean field loses, at any c")
def lost(probe: Probe, rng: np.random.Generator) -> Finding:
    places = _places(rng)
    return compare(
        [place.ask(probe)[0] for place in places],
        [gap(place) for place in places],
        _gap_mistakes(places),
        what="the gap at six places",
        atol=1e-10,
    )


@EXERCISE.part("The c at which it loses nothing")
def nothing_lost(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for place in _places(rng)[:3]:
        prior = 1 / place.tau**2
        finding = compare(
            place.ask(probe)[1],
            best(place),
            what="the best c",
            mistakes=[
                Mistake(
                    "turned",
                    "c = 0 is centred, eta = theta; c = 1 is not: eta = theta - mu. Here they are exchanged.",
                    1 - best(place),
                ),
                Mistake(
                    "counts_ignored",
                    "Every group counts as one datum. The mean of n data has variance sigma^2 / n.",
                    best(place._replace(counts=np.ones_like(place.counts))),
                ),
                Mistake(
                    "scales_unsquared",
                    "Precisions are wanted here: squares of the scales.",
                    (1 / place.tau) / (1 / place.tau + place.counts / place.sigma),
                ),
                Mistake(
                    "common",
                    "One c for all groups. Each group has a best c of its own.",
                    np.full_like(place.c, prior / (prior + place.data.mean())),
                ),
                Mistake(
                    "pooled",
                    "All data were pooled. Each group has its own.",
                    np.full_like(place.c, prior / (prior + place.data.sum())),
                ),
                Mistake(
                    "all_or_nothing",
                    "Only c = 0 and c = 1 were tried.",
                    np.where(best(place) > 0.5, 1.0, 0.0),
                ),
            ],
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("One group, one datum; many data; weak and strong groups", weight=0.5)
def ends(probe: Probe, rng: np.random.Generator) -> Finding:
    one = rng.uniform(0.2, 0.8, 1)
    few, many = np.array([1.0, 2.0, 3.0]), np.array([400.0, 1.0, 30.0])
    places = [
        Groups(one, np.array([1.0]), *rng.uniform(0.5, 2.0, 3).tolist()),
        Groups(rng.uniform(0, 1, 3), many, 1.0, float(rng.uniform(0.5, 2)), 30.0),
        Groups(rng.uniform(0, 1, 3), few, 0.3, 3.0, 0.4),
        Groups(rng.uniform(0, 1, 3), few, 3.0, 0.3, 4.0),
    ]
    actual = [place.ask(probe) for place in places]
    finding = compare(
        [each[0] for each in actual], [gap(place) for place in places], what="the gap", atol=1e-10
    )
    for each, place in zip(actual, places, strict=True):
        if finding.ok:
            finding = compare(each[1], best(place), what="the best c", rtol=1e-6, atol=1e-12)
    return finding
