"""Two scores of disentanglement, exactly, on codes and factors that are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="Two scores that disagree",
    function="two_scores",
    points=3,
    difficulty=3,
    importance=4,
    minutes=35,
    read="section 7, Measuring disentanglement, on images of known factors",
    hides=[
        "diagnostics.disentanglement:mutual_information_gap",
        "diagnostics.disentanglement:factor_vae_score",
    ],
)

GAP, VOTE = 0, 1
TITLES = ("the mutual information gap", "the score by votes")


class Given(NamedTuple):
    """Codes ``(N, D)`` and factors ``(N, F)``, whole numbers."""

    codes: np.ndarray
    factors: np.ndarray


def _entropy(column: np.ndarray) -> float:
    share = np.unique(column, return_counts=True)[1] / len(column)
    return float(-(share * np.log(share)).sum())


def information(given: Given) -> np.ndarray:
    """I(z_j; v_k), ``(D, F)``."""
    return np.array(
        [
            [
                _entropy(code) + _entropy(factor) - _entropy(code * 1000 + factor)
                for factor in given.factors.T
            ]
            for code in given.codes.T
        ]
    )


def gap(given: Given, normalized: bool = True, rival: int = 1) -> float:
    """The mean over factors; ``rival`` counts how far behind the best the other is taken, 0 for none."""
    found = information(given)
    padded = np.sort(np.concatenate([found, np.zeros((3, found.shape[1]))]), 0)[::-1]
    entropy = np.array([_entropy(factor) for factor in given.factors.T])
    behind = padded[rival] if rival else 0.0
    return float(((padded[0] - behind) / (entropy if normalized else 1.0)).mean())


def votes(
    given: Given,
    relative: bool = True,
    by_rows: bool = True,
    correction: int = 0,
    dead: bool = True,
    power: int = 2,
) -> np.ndarray:
    """The share of the votes, ``(D, F)``, in which factor k is held still and latent j moves least.

    Args:
        relative: to the variance over all rows.
        by_rows: a value counts by its rows; otherwise each value of a factor counts the same.
        dead: latents that never move take no votes.
        power: of the distance from the mean, 2 for a variance.
    """

    def spread_of(codes: np.ndarray) -> np.ndarray:
        if power == 2:
            return codes.var(0, ddof=correction)
        value: np.ndarray = np.mean(np.abs(codes - codes.mean(0)) ** power, 0)
        return value

    table = np.zeros((given.codes.shape[1], given.factors.shape[1]))
    spread = spread_of(given.codes)
    for k, factor in enumerate(given.factors.T):
        values, counts = np.unique(factor, return_counts=True)
        for value, count in zip(values, counts, strict=True):
            still = spread_of(given.codes[factor == value])
            if relative:
                still = still / np.where(spread > 0, spread, 1.0)
            if dead:
                still = np.where(spread > 0, still, np.inf)
            share = count / len(factor) if by_rows else 1 / len(values)
            table[int(still.argmin()), k] += share
    return table / table.sum()


def gap_of_distinct(given: Given) -> float:
    """The mean over factors of the best latent beside the next smaller information: latents that tell equally much count as one."""
    found = information(given)
    each = []
    for told, factor in zip(found.T, given.factors.T, strict=True):
        less = told[told < told.max() - 1e-9]
        each.append((told.max() - max(less, default=0.0)) / _entropy(factor))
    return float(np.mean(each))


def right(given: Given) -> np.ndarray:
    return np.array([gap(given), votes(given).max(1).sum()])


def _clear(given: Given) -> bool:
    """Whether no vote is decided by less than two percent, among latents that move."""
    spread = given.codes.var(0)
    alive = spread > 0
    for factor in given.factors.T:
        for value in np.unique(factor):
            still = np.sort(given.codes[factor == value].var(0)[alive] / spread[alive])
            if len(still) > 1 and still[1] - still[0] < 0.02:
                return False
    return True


def _given(
    rng: np.random.Generator,
    rows: int = 160,
    levels: tuple[int, ...] = (3, 4),
    latents: int = 3,
    dead: bool = False,
    noise: float = 0.6,
    tails: float = 0.0,
) -> Given:
    """Codes that tell of the factors, with weights, scales, signs and noise of their own, rounded."""
    while True:
        factors = np.stack(
            [
                rng.choice(count, size=rows, p=rng.dirichlet(np.full(count, 4.0)))
                for count in levels
            ],
            1,
        )
        if any(
            np.bincount(column, minlength=count).min() < 8
            for column, count in zip(factors.T, levels, strict=True)
        ):
            continue
        weight = rng.normal(size=(len(levels), latents)) * rng.choice(
            [0.3, 1.5], (len(levels), latents)
        )
        raw = factors @ weight + noise * rng.normal(size=(rows, latents))
        if tails:
            raw += (rng.uniform(size=raw.shape) < 0.03) * rng.normal(size=raw.shape) * tails
        codes = np.round(raw * np.exp(rng.uniform(0, 1.5, latents)))
        if dead:
            codes[:, rng.integers(latents)] = float(rng.integers(-3, 4))
        given = Given(codes.astype(int), factors)
        if _clear(given) and (dead or (codes.var(0) > 0).all()):
            return given


def _mistakes(given: Given, column: int) -> list[Mistake]:
    each, want = information(given), right(given)
    table = votes(given)
    first = [
        ("no_rival", "This is what the best latent says of each factor. What does the second best say?", lambda: gap(given, rival=0)),
        ("third_for_second", "This takes the third best latent for the rival.", lambda: gap(given, rival=2)),
        ("not_normalized", "These are nats. As a share of all that there is to say of the factor, it is another number.",
         lambda: gap(given, normalized=False)),
        ("bits_over_nats", "The information is in bits, the entropy in nats.", lambda: want[GAP] / np.log(2)),
        ("latents_for_factors", "This looks for each latent's best factor. Asked is each factor's best latent.",
         lambda: _turned(given, each)),
        ("one_ratio", "This divides sums: the mean over factors of the ratio is asked.", lambda: _pooled(given, each)),
        ("summed_factors", "The sum over the factors. Their mean is asked.", lambda: want[GAP] * given.factors.shape[1]),
        ("alike_as_one", "Latents that tell equally much of a factor count as one here. The second best of two is then the other one.",
         lambda: gap_of_distinct(given)),
        ("order_swapped", "The two scores are exchanged.", lambda: want[VOTE]),
    ]  # fmt: skip
    second = [
        ("variance_not_relative", "Latents with a small scale win here. A variance counts beside that over all rows.",
         lambda: votes(given, relative=False).max(1).sum()),
        ("values_alike", "Each value of a factor counts the same here. A row is drawn, so values count by their rows.",
         lambda: votes(given, by_rows=False).max(1).sum()),
        ("dead_latent_wins", "A latent that never moves has a variance of zero, and takes all the votes. It says nothing, and takes none.",
         lambda: votes(given, dead=False).max(1).sum()),
        ("another_spread", "Votes by the mean distance from the mean give this number. A variance is asked: squared distances.",
         lambda: votes(given, power=1).max(1).sum()),
        ("rule_turned", "This names for each factor its best latent. The rule names for each latent a factor.", lambda: table.max(0).sum()),
        ("order_swapped", "The two scores are exchanged.", lambda: want[GAP]),
    ]  # fmt: skip
    still = bool(
        (given.codes.var(0) == 0).any()
    )  # then both name one latent for all votes, and look alike
    unlike = "variance_not_relative" if still else "dead_latent_wins"
    second = [one for one in second if one[0] != unlike]
    made: list[tuple[str, str, Callable[[], float]]] = [first, second][column]
    return [Mistake(key, hint, np.asarray(float(of()))) for key, hint, of in made]


def _turned(given: Given, each: np.ndarray) -> float:
    padded = np.sort(np.concatenate([each, np.zeros((each.shape[0], 1))], 1), 1)[:, ::-1]
    entropy = np.array([_entropy(code) for code in given.codes.T])
    return float(((padded[:, 0] - padded[:, 1]) / np.where(entropy > 0, entropy, 1.0)).mean())


def _pooled(given: Given, each: np.ndarray) -> float:
    padded = np.sort(np.concatenate([each, np.zeros((2, each.shape[1]))]), 0)[::-1]
    return float(
        (padded[0] - padded[1]).sum() / sum(_entropy(factor) for factor in given.factors.T)
    )


def _judged(probe: Probe, given: Given, columns: tuple[int, ...]) -> Finding:
    reply = unpack(probe.value(*given), 2, "gap, votes")
    finding = Finding(True)
    for column in columns:
        if finding.ok:
            what = (
                f"{TITLES[column]}, of codes {given.codes.shape} and factors {given.factors.shape}"
            )
            finding = compare(
                reply[column], right(given)[column], _mistakes(given, column), what=what
            )
    return finding


def _all(probe: Probe, cases: list[Given], columns: tuple[int, ...]) -> Finding:
    finding = Finding(True)
    for given in cases:
        finding = _judged(probe, given, columns) if finding.ok else finding
    return finding


def _renamed(rng: np.random.Generator) -> Given:
    """A latent more, which is another one with its values renamed, in the same order: both tell equally much.

    They are the best for one factor at least and not for all. No vote is a tie, as the new values are unevenly spaced.
    """
    while True:
        given = _given(rng, 180, (3, 4), 3)
        best = information(given).argmax(0)
        if best[0] == best[1]:
            continue
        names, place = np.unique(given.codes[:, best[0]], return_inverse=True)
        others = rng.choice([1, 2, 7, 20], len(names)).cumsum()
        codes = np.concatenate([given.codes, others[place.ravel(), None]], 1)
        made = Given(codes[:, rng.permutation(codes.shape[1])], given.factors)
        unlike = (gap(made), gap(made, rival=2), gap(made, rival=0))
        if _clear(made) and min(abs(gap_of_distinct(made) - other) for other in unlike) > 1e-3:
            return made


@EXERCISE.part("The mutual information gap")
def information_gap(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(probe, [_given(rng), _given(rng, 200, (2, 3, 5), 4), _renamed(rng)], (GAP,))


def _uneven(rng: np.random.Generator, **how: object) -> Given:
    """A case in which values of unequal frequency, and scales, decide."""
    while True:
        given = _given(rng, **how)  # type: ignore[arg-type]
        want = votes(given).max(1).sum()
        others = (
            votes(given, relative=False).max(1).sum(),
            votes(given, by_rows=False).max(1).sum(),
            votes(given).max(0).sum(),
        )
        if min(abs(want - other) for other in others) > 1e-3 and want < 0.98:
            return given


def _tailed(rng: np.random.Generator) -> Given:
    """Some rows lie far out: neither the mean distance from the mean nor its fourth power says what the variance says."""
    while True:
        given = _given(rng, latents=4, tails=3.0)
        want = votes(given).max(1).sum()
        if min(abs(want - votes(given, power=power).max(1).sum()) for power in (1, 4)) > 1e-3:
            return given


@EXERCISE.part("The score by votes", weight=1.5)
def by_votes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [_uneven(rng), _uneven(rng, rows=200, levels=(2, 3, 5), latents=4), _tailed(rng)]
    return _all(probe, cases, (VOTE,))


@EXERCISE.part(
    "A latent that never moves; a single latent; one factor; codes that are the factors; negative codes and factors",
    weight=0.5,
    needs=["information_gap", "by_votes"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    plain = _given(rng, 150, (3, 3), 2)
    copied = Given(plain.factors[:, ::-1] * np.array([-5, 2]), plain.factors)
    below = _given(rng)
    below = Given(below.codes - 20, below.factors - 1)
    cases = [
        _given(rng, dead=True),
        _given(rng, levels=(3, 4), latents=1),
        _given(rng, levels=(5,), latents=3),
        copied,
        below,
    ]
    return _all(probe, cases, (GAP, VOTE))
