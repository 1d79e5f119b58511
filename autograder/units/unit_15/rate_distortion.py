"""Rate, information and distortion of the best encoder of a linear decoder that is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_15.reference import covariance

EXERCISE = exercise(
    __name__,
    title="What a decoder gets for its nats",
    function="rate_information_distortion",
    points=3,
    difficulty=3,
    importance=4,
    minutes=35,
    read="section 1, Rate and distortion",
    hides=["experiments.source_coding:gaussian_rate_distortion"],
)

RATE, INFORMATION, DISTORTION = range(3)
TITLES = ("the rate", "the information", "the distortion")


class Given(NamedTuple):
    """A decoder ``weight: (Dx, D)``, the covariance of the data ``(Dx, Dx)``, sigma and beta."""

    weight: np.ndarray
    covariance: np.ndarray
    sigma: float
    beta: float

    @property
    def level(self) -> float:
        return self.beta * self.sigma**2


def at(given: Given, level: float, factorized: bool = False) -> np.ndarray:
    """The three numbers for the encoder that is the posterior under noise of this variance, or the best factorized one."""
    w, c = given.weight, given.covariance
    precision = np.eye(w.shape[1]) + w.T @ w / level
    read = np.linalg.solve(precision, w.T) / level
    spread = np.diag(1 / np.diagonal(precision)) if factorized else np.linalg.inv(precision)
    aggregate = read @ c @ read.T + spread
    miss = np.eye(len(w)) - w @ read
    narrow, wide = np.linalg.slogdet(spread)[1], np.linalg.slogdet(aggregate)[1]
    rate = 0.5 * (np.trace(aggregate) - len(spread) - narrow)
    distortion = np.trace(miss @ c @ miss.T) + np.trace(w @ spread @ w.T)
    return np.array([rate, 0.5 * (wide - narrow), distortion])


def right(given: Given) -> np.ndarray:
    return at(given, given.level)


def _parts(given: Given) -> tuple[float, float]:
    """What the means of q miss, and what draws add."""
    w, c = given.weight, given.covariance
    precision = np.eye(w.shape[1]) + w.T @ w / given.level
    miss = np.eye(len(w)) - w @ np.linalg.solve(precision, w.T) / given.level
    return float(np.trace(miss @ c @ miss.T)), float(np.trace(w @ np.linalg.inv(precision) @ w.T))


def _mistakes(cases: Sequence[Given], column: int) -> list[Mistake]:
    def each(values: Any) -> np.ndarray:
        return np.array([values(given) for given in cases])

    want = each(lambda given: right(given)[column])
    others = [other for other in range(3) if other != column]
    known = [
        ("beta_without_effect", "This is the encoder at beta = 1, the exact posterior. With another weight on the KL another one is best.",
         each(lambda g: at(g, g.sigma**2)[column])),
        ("level_upside_down", "beta divides the noise variance in your encoder. Does a larger beta make q more sure of itself?",
         each(lambda g: at(g, g.sigma**2 / g.beta)[column])),
        ("scale_for_variance", "noise_scale is sigma. The likelihood has its square.", each(lambda g: at(g, g.beta * g.sigma)[column])),
        ("beta_squared", "This has beta squared. Divide the objective by beta, once.",
         each(lambda g: at(g, (g.beta * g.sigma) ** 2)[column])),
        ("factorized", "This encoder has independent latents. Here S is a full matrix.", each(lambda g: at(g, g.level, True)[column])),
        ("model_for_data", "This averages over x of the model. The data have a covariance of their own.",
         each(lambda g: right(g._replace(covariance=g.weight @ g.weight.T + g.sigma**2 * np.eye(len(g.weight))))[column])),
        *[("order_swapped", f"This is {TITLES[other]}: return them in the order of the docstring.", each(lambda g, o=other: right(g)[o]))
          for other in others],
    ]  # fmt: skip
    more = {
        RATE: [
            ("beta_in_the_rate", "beta weighs the rate in the objective. The rate itself is asked.",
             each(lambda g: g.beta * right(g)[RATE])),
            ("at_zero", "This is the KL at x = 0. Over the data the mean of q moves, and that costs, too.",
             each(lambda g: right(g._replace(covariance=0 * g.covariance))[RATE])),
        ],
        INFORMATION: [
            ("aggregate_for_prior", "This is the difference of rate and information, what the aggregate differs from the prior.",
             each(lambda g: right(g)[RATE] - right(g)[INFORMATION])),
            ("mean_alone", "This compares with the prior, not with the aggregate of z over the data.",
             each(lambda g: right(g._replace(covariance=0 * g.covariance))[RATE])),
        ],
        DISTORTION: [
            ("means_decoded", "This decodes the mean of q. The decoder is fed a draw.", each(lambda g: _parts(g)[0])),
            ("draws_alone", "This is what the draw adds. What the mean of q misses is not in it.", each(lambda g: _parts(g)[1])),
            ("mean_over_axes", "The mean over the pixels. The squared length is a sum.", want / each(lambda g: len(g.weight))),
            ("noise_added", "This adds the noise of the likelihood. The distortion is measured from the decoder's mean.",
             want + each(lambda g: len(g.weight) * g.sigma**2)),
            ("over_variance", "This is divided by the noise variance. The distortion is a plain squared length.",
             want / each(lambda g: g.sigma**2)),
        ],
    }  # fmt: skip
    if column != DISTORTION:
        more[column] += [
            ("bits", "These are bits. Nats are asked.", want / np.log(2)),
            ("half_lost", "Twice too large: there is a half in front.", 2 * want),
        ]
    return [Mistake(key, hint, value) for key, hint, value in (*more[column], *known)]


def _given(
    rng: np.random.Generator,
    pixels: int,
    latents: int,
    beta: float | None = None,
    size: float = 1.0,
) -> Given:
    """A decoder and data of about the same size, along axes of their own; beta away from one."""
    values = np.exp(rng.uniform(-2, 1.5, pixels)) * size**2
    weight = rng.normal(size=(pixels, latents)) * rng.uniform(0.4, 1.5, latents) * size
    beta = float(np.exp(rng.uniform(0.5, 1.5) * rng.choice([-1, 1]))) if beta is None else beta
    return Given(weight, covariance(rng, values), float(rng.uniform(0.4, 0.8)) * size, beta)


def _judged(probe: Probe, cases: Sequence[Given], columns: Sequence[int]) -> Finding:
    replies = [unpack(probe.value(*given), 3, "rate, information, distortion") for given in cases]
    want = np.stack([right(given) for given in cases])
    for given, reply in zip(cases, replies, strict=True):
        for column in columns:
            got = reply[column]
            if not isinstance(got, (int, float)) and np.shape(got) != ():
                return compare(got, right(given)[column], what=TITLES[column])
            if isinstance(got, dict):
                return compare(got, right(given)[column], what=TITLES[column])
    said = ", ".join(f"{given.weight.shape}" for given in cases)
    finding = Finding(True)
    for column in columns:
        if finding.ok:
            found = np.array([float(reply[column]) for reply in replies])
            what = f"{TITLES[column]}, for W of shape {said}"
            finding = compare(found, want[:, column], _mistakes(cases, column), what=what)
    return finding


def _cases(rng: np.random.Generator) -> list[Given]:
    return [_given(rng, 5, 3), _given(rng, 4, 2, float(rng.uniform(1.5, 4))), _given(rng, 3, 3)]


@EXERCISE.part("The rate")
def rate(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _cases(rng), [RATE])


@EXERCISE.part("The information")
def information(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _cases(rng), [INFORMATION])


@EXERCISE.part("The distortion")
def distortion(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _cases(rng), [DISTORTION])


@EXERCISE.part(
    "More latents than pixels; one of each; a latent that is not read; singular data; large and small beta and sigma",
    weight=0.5,
    needs=["rate", "information", "distortion"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    unread = _given(rng, 4, 3)
    unread.weight[:, rng.integers(3)] = 0.0
    flat = _given(rng, 5, 2)
    turn = np.linalg.eigh(flat.covariance)[1]
    flat = flat._replace(covariance=(turn * np.array([0.0, 0.0, 0.3, 0.9, 2.0])) @ turn.T)
    cases = [
        _given(rng, 2, 5),
        _given(rng, 1, 1),
        _given(rng, 6, 1),
        unread,
        flat,
        _given(rng, 4, 2, float(rng.uniform(0.1, 0.2))),
        _given(rng, 12, 4, float(rng.uniform(10, 20))),
        _given(rng, 4, 3, size=0.1),
        _given(rng, 4, 3, size=6.0),
    ]
    return _judged(probe, cases, [RATE, INFORMATION, DISTORTION])
