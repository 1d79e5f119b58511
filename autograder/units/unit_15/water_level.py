"""S: the linear beta-VAE with its noise learned, too: where it comes to rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_15.reference import learned_noise

EXERCISE = exercise(
    __name__,
    title="S: the water finds its level",
    function="beta_vae_at_rest",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 3, Rate and distortion of the linear beta-VAE",
    hides=["experiments.source_coding:gaussian_rate_distortion"],
)

NOISE, RATE, DISTORTION, ACTIVE = range(4)
TITLES = ("the noise variance", "the rate", "the distortion", "the number of active latents")


class Place(NamedTuple):
    """Eigenvalues of the data's covariance in any order, ``(Dx)``, the number of latents, and beta."""

    eigenvalues: np.ndarray
    latents: int
    beta: float

    @property
    def sorted(self) -> np.ndarray:
        value: np.ndarray = np.sort(self.eigenvalues)[::-1]
        return value


def at_noise(place: Place, noise: float) -> np.ndarray:
    """(noise, rate, distortion, active) with this noise variance held fixed, everything else at rest."""
    kept, rest = np.split(place.sorted, [place.latents])
    level = place.beta * noise
    above = kept[kept > level]
    rate = 0.5 * np.log(above / level).sum()
    return np.array([noise, rate, np.minimum(kept, level).sum() + rest.sum(), len(above)])


def right(place: Place) -> np.ndarray:
    return at_noise(place, learned_noise(*place))


def _mistakes(places: Sequence[Place], column: int) -> list[Mistake]:
    def each(of: Callable[[Place, np.ndarray], float]) -> np.ndarray:
        """One column, place by place, from the place and its right row."""
        return np.array([of(place, right(place)) for place in places])

    def at(noise: Callable[[Place], float]) -> np.ndarray:
        return np.array([at_noise(place, noise(place))[column] for place in places])

    def plain(place: Place) -> float:
        return _or_nan(lambda: learned_noise(place.eigenvalues, place.latents, 1.0))

    def as_given(place: Place) -> float:
        """The first latents as the eigenvalues come, not the largest."""
        kept, rest = np.split(place.eigenvalues, [place.latents])
        return _bisected(
            lambda noise: (
                np.minimum(kept, place.beta * noise).sum()
                + rest.sum()
                - len(place.eigenvalues) * noise
            )
        )

    def upside_down(place: Place) -> float:
        return _or_nan(lambda: learned_noise(place.eigenvalues, place.latents, 1 / place.beta))

    def smoothed(place: Place, row: np.ndarray) -> float:
        kept, rest = np.split(place.sorted, [place.latents])
        level = place.beta * row[NOISE]
        return float(np.where(kept > level, level**2 / kept, kept).sum() + rest.sum())

    def kept_only(place: Place, row: np.ndarray) -> float:
        return float(np.minimum(place.sorted[: place.latents], place.beta * row[NOISE]).sum())

    known = [
        ("beta_without_effect", "This is as at beta = 1, with the noise of probabilistic PCA. For other beta a kept axis holds back "
         "something else than the noise.", at(plain)),
        ("level_upside_down", "The level was divided by beta. Does a larger beta raise the water or lower it?", at(upside_down)),
        ("not_sorted", "Latents go to the largest eigenvalues; these come in any order.", at(as_given)),
    ]  # fmt: skip
    more: dict[int, list[tuple[str, str, Any]]] = {
        NOISE: [
            ("not_at_rest", "This is the noise variance after a number of updates in turn, and it is not at rest yet. How fast it gets "
             "there depends on beta and on how many latents are active.", _unfinished(places)),
            ("scale_for_variance", "This is sigma. Its square is asked.", each(lambda _, row: row[NOISE] ** 0.5)),
            ("level_for_noise", "This is the level of the water, not the noise variance.", each(lambda p, row: p.beta * row[NOISE])),
        ],
        RATE: [
            ("beta_in_the_rate", "beta weighs the rate in the objective. The rate itself is asked.",
             each(lambda p, row: p.beta * row[RATE])),
            ("bits", "These are bits. Nats are asked.", each(lambda _, row: row[RATE] / np.log(2))),
            ("half_lost", "Twice too large: the divergence of a Gaussian has a half in front of its logarithm.",
             each(lambda _, row: 2 * row[RATE])),
            ("mean_over_axes", "The mean over the latents. Their sum is asked.", each(lambda p, row: row[RATE] / p.latents)),
            ("noise_for_level", "On each axis the eigenvalue was compared with the noise variance, not with the level of the water.",
             each(lambda p, row: float(0.5 * np.log(np.maximum(p.sorted[: p.latents] / row[NOISE], 1)).sum()))),
        ],
        DISTORTION: [
            ("rest_forgotten", "The axes without a latent are missing: their variance is lost altogether.", each(kept_only)),
            ("means_decoded", "This decodes the posterior mean. The decoder is fed a draw, whose variance comes on top.", each(smoothed)),
            ("mean_over_axes", "The mean over the pixels. The squared length is a sum.",
             each(lambda p, row: row[DISTORTION] / len(p.eigenvalues))),
        ],
        ACTIVE: [
            ("noise_for_level", "An axis was called active where its eigenvalue exceeds the noise variance. Where does the water stand?",
             each(lambda p, row: float((p.sorted[: p.latents] > row[NOISE]).sum()))),
            ("all_active", "All latents are called active.", each(lambda p, _: float(p.latents))),
        ],
    }  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in (*more[column], *known)]


def _unfinished(places: Sequence[Place]) -> Callable[[np.ndarray], bool]:
    """Whether the noise variances are those after a number of updates, five or more and the same everywhere, of the variance per pixel."""

    def looks_so(got: np.ndarray) -> bool:
        noise = np.array([place.eigenvalues.mean() for place in places])
        for update in range(500):
            if update > 4 and np.allclose(got, noise, rtol=1e-6, atol=0.0):
                return True
            noise = np.array(
                [
                    at_noise(place, one)[DISTORTION] / len(place.eigenvalues)
                    for place, one in zip(places, noise, strict=True)
                ]
            )
        return False

    return looks_so


def _bisected(slope: Callable[[float], float]) -> float:
    low, high = 0.0, 1e7
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return max(low, 1e-300)


def _or_nan(of: Callable[[], float]) -> float:
    try:
        return of()
    except ValueError:
        return float("nan")


def _clear(place: Place) -> bool:
    """Whether no kept eigenvalue is within three hundredths of the level, and no usual mistake looks like the right answer."""
    level = place.beta * learned_noise(*place)
    apart = bool((np.abs(np.log(place.sorted[: place.latents] / level)) > 0.03).all())
    return apart and bool(np.isfinite(right(place)).all())


def _place(
    rng: np.random.Generator,
    dim: int,
    latents: int,
    betas: tuple[float, float],
    active: tuple[int, int] | None = None,
    spread: float = 4.0,
) -> Place:
    """Eigenvalues over a factor of about e^spread, on any scale, in any order.

    Args:
        active: the least and the largest number of active latents.
    """
    while True:
        values = np.exp(rng.uniform(0, spread, dim) + rng.uniform(-4, 2))
        place = Place(rng.permutation(values), latents, float(np.exp(rng.uniform(*np.log(betas)))))
        falls = bool((np.diff(values) > 0).any() and (np.diff(values) < 0).any())
        if not _clear(place) or (dim > 2 and not falls):
            continue
        if active is None or active[0] <= right(place)[ACTIVE] <= active[1]:
            return place


def _places(rng: np.random.Generator) -> list[Place]:
    """Some latents off, all on; beta on both sides of one; many pixels."""
    return [
        _place(rng, 6, 4, (1.3, 2.5), (2, 3)),
        _place(rng, 9, 3, (0.3, 0.8), (3, 3)),
        _place(rng, 5, 4, (1.5, 3.0), (1, 2)),
        _place(rng, 40, 12, (2.0, 6.0), (3, 11)),
        _place(rng, 8, 5, (0.9, 1.1), (3, 5)),
    ]


def _judged(probe: Probe, places: Sequence[Place], columns: Sequence[int]) -> Finding:
    rows = []
    for place in places:
        actual = probe.value(*place)
        row = as_array(actual)
        if row.shape != (4,):
            return compare(actual, right(place), what="(noise variance, rate, distortion, active)")
        rows.append(row)
    found, want = np.stack(rows), np.stack([right(place) for place in places])
    finding = Finding(True)
    for column in columns:
        if finding.ok:
            finding = compare(
                found[:, column],
                want[:, column],
                _mistakes(places, column),
                what=f"{TITLES[column]} at (latents, beta) = {_said(places)}",
            )
    return finding


def _said(places: Sequence[Place]) -> str:
    return ", ".join(f"({place.latents}, {place.beta:.3g})" for place in places)


@EXERCISE.part("The noise that is learned", weight=1.5)
def noise(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), [NOISE])


@EXERCISE.part("Rate and distortion there", weight=1.5)
def rate_and_distortion(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), [RATE, DISTORTION])


@EXERCISE.part("How many latents are active")
def active(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), [ACTIVE])


@EXERCISE.part(
    "As many latents as pixels; one latent, one that is all but off; none active; eigenvalues that are equal; large and small beta; "
    "beta times the active latents near the pixels",
    weight=0.5,
    needs=["noise", "rate_and_distortion", "active"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    alike = _place(rng, 7, 4, (1.2, 2.0), (2, 4))
    twice = np.repeat(alike.eigenvalues, 2)
    places = [
        _place(rng, 5, 5, (1.15, 1.5), (2, 4)),
        _place(rng, 6, 6, (2.0, 4.0), (0, 2)),
        _place(rng, 6, 1, (0.3, 3.0), (1, 1)),
        _place(rng, 2, 1, (0.4, 0.9), (1, 1)),
        _place(rng, 5, 3, (6.0, 15.0), (0, 0)),
        _place(rng, 30, 25, (0.2, 0.4), (25, 25)),
        _place(rng, 30, 4, (9.0, 20.0), (1, 2), spread=6.0),
        Place(rng.permutation(twice), 8, alike.beta),
        _hardly(rng),
        *(_slow(rng, dim, active) for dim, active in ((8, 5), (12, 9), (16, 10))),
    ]
    return _judged(probe, places, range(4))


def _slow(rng: np.random.Generator, dim: int, active: int) -> Place:
    """Active latents times beta is between 0.96 and 0.98 of the pixels: that share of what is left to go is left after each update."""
    while True:
        beta = float(rng.uniform(0.96, 0.98)) * dim / active
        rest = rng.uniform(0.05, 0.15, dim - active)
        level = beta * rest.sum() / (dim - active * beta)
        kept = level * np.exp(rng.uniform(0.3, 2.5, active))
        place = Place(rng.permutation(np.concatenate([kept, rest])), active + 1, beta)
        if _clear(place) and right(place)[ACTIVE] == active:
            return place


def _hardly(rng: np.random.Generator) -> Place:
    """The last latent's eigenvalue is between half a percent and three above the water."""
    while True:
        place = _place(rng, 6, 4, (1.2, 2.0), (3, 3))
        values, beta = place.sorted, place.beta
        values[2] = 1.015 * beta * values[3:].sum() / (6 - 2 * beta - 1.015 * beta)
        placed = Place(rng.permutation(values), 4, beta)
        if not (values[2] < values[1] and values[2] > values[3]):
            continue
        over = values[2] / (beta * learned_noise(*placed)) - 1
        if 0.005 < over < 0.03 and right(placed)[ACTIVE] == 3 and values[3] < 0.97 * values[2]:
            return placed
