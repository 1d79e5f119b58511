"""A moving edge and a jump: neither gradient is right as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.efficiency import NOISY, Draws, measured, points
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import LearnerError, Probe
from autograder.units.shared import several, unpack
from autograder.units.unit_06.edges import Place, all_noise, edge_places, right_estimates

EXERCISE = exercise(
    __name__,
    title="A moving edge and a jump: both gradients, repaired",
    function="two_repairs",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 3, The pathwise gradient",
    hides=[],
    because="course_vi differentiates no mean over a support that moves",
)

NAMES = ["loc", "log_scale", "loc, f without a jump", "log_scale, f without a jump"]
ROWS = "score, path"
KIND = ("score", "path")


def _asked(probe: Probe, place: Place, eps: Any, share: float = 1.0) -> list[Any]:
    reply = probe.drive(
        "edges/estimates",
        loc=place.loc,
        log_scale=place.log_scale,
        wave=place.wave,
        places=place.places,
        heights=place.heights,
        eps=eps,
        share=share,
    )
    rows = unpack(reply, 2, ROWS)
    if not several(reply, 2) or not all(isinstance(row, np.ndarray) for row in rows):
        raise LearnerError("TypeError", "it did not return two tensors, (score, path)")
    return rows


def _means(places: list[Place], of_one: Any) -> np.ndarray:
    return np.concatenate([of_one(place) for place in places])


def _of_heights(places: list[Place]) -> list[Mistake]:
    def shifted(edge: Any, other: Any = lambda _: 0.0) -> np.ndarray:
        return _means(places, lambda p: p.exact + np.array([edge(p), other(p)]))

    return [
        Mistake(
            "edge_forgotten",
            "This is the plain score function. Its derivation takes the derivative inside the integral, but the lower "
            "limit moves with loc: write the integral down and differentiate the limit, too.",
            shifted(lambda p: p.at_edge / p.s),
        ),
        Mistake(
            "edge_sign",
            "The boundary term has the wrong sign: when loc moves up, the edge is *lost* from the integral.",
            shifted(lambda p: 2 * p.at_edge / p.s),
        ),
        Mistake(
            "edge_density",
            "The boundary term is f at the edge times the density there, which is 1/s and not 1.",
            shifted(lambda p: p.at_edge / p.s - p.at_edge),
        ),
        Mistake(
            "edge_everywhere",
            "log_scale does not move the edge: its score function needs no repair.",
            shifted(lambda p: 0.0, lambda p: -p.at_edge / p.s),
        ),
        Mistake(
            "score_of_log_scale",
            "The score for log_scale is eps - 1: its mean over q must be zero, so what became of the 1?",
            shifted(lambda p: 0.0, lambda p: p.mean),
        ),
        Mistake(
            "jumps_in_both",
            "The score function reads heights, and a jump is in the heights already: here you counted it twice.",
            _means(places, lambda p: p.exact + p.jumps),
        ),
        *_of_the_family(places),
    ]


def _of_slopes(places: list[Place]) -> list[Mistake]:
    def crossed(of_one: Any) -> np.ndarray:
        """The mean if the jumps bring something else."""
        return _means(places, lambda p: p.smooth + of_one(p, *p.crossing()))

    both = lambda a, b: np.array([np.sum(a), np.sum(b)])  # noqa: E731
    return [
        Mistake(
            "jumps_forgotten",
            "This is the plain pathwise gradient. A slope knows nothing of a jump: split the integral at the jumps, and "
            "see what they bring when the samples move across them.",
            _means(places, lambda p: p.smooth),
        ),
        Mistake(
            "jump_sign",
            "The jumps have the wrong sign: when loc grows, samples move upward across them, and f gains their height.",
            _means(places, lambda p: p.smooth - p.jumps),
        ),
        Mistake(
            "jump_density",
            "The density at the jump is exp(-(c - loc) / s) / s: the 1/s is missing.",
            _means(places, lambda p: p.smooth + p.jumps * p.s),
        ),
        Mistake(
            "jump_speed",
            "For log_scale the samples move at another speed: z = loc + s eps moves by z - loc when log_scale grows by "
            "one. At the jump that is c - loc.",
            crossed(lambda p, flow, away: both(flow, flow)),
        ),
        Mistake(
            "jump_speed",
            "The speed of a sample at the jump, for log_scale, is c - loc. You divided it by s, which is the eps of that sample.",
            crossed(lambda p, flow, away: both(flow, flow * away / p.s)),
        ),
        Mistake(
            "jump_outside",
            "A jump below loc was counted. No sample is there, and none crosses it.",
            _means(
                places,
                lambda p: (
                    p.smooth + both(p.crossing(False)[0], p.crossing(False)[0] * (p.places - p.loc))
                ),
            ),
        ),
        Mistake(
            "jump_for_loc_alone",
            "log_scale moves samples across the jumps as well.",
            crossed(lambda p, flow, away: both(flow, 0)),
        ),
        Mistake(
            "edge_in_both",
            "The path carries the edge along: nothing is lost there. The boundary term belongs to the score function alone.",
            _means(places, lambda p: p.exact - np.array([p.at_edge / p.s, 0.0])),
        ),
        *_of_the_family(places),
    ]


def _of_the_family(places: list[Place]) -> list[Mistake]:
    return [
        Mistake(
            "of_scale",
            "This is the gradient in s. In log_scale it is s times as large.",
            _means(places, lambda p: p.exact / np.array([1.0, p.s])),
        ),
        Mistake(
            "columns_swapped",
            "loc comes first, then log_scale.",
            _means(places, lambda p: p.exact[::-1]),
        ),
        Mistake("sign", "The sign is turned.", _means(places, lambda p: -p.exact)),
    ]


def _judged(probe: Probe, places: list[Place], row: int, mistakes: Sequence[Mistake]) -> Finding:
    """The mean of the estimates over all noise, exactly."""
    means, found = [], None
    for place in places:
        eps, weights = all_noise(place)
        actual = _asked(probe, place, eps)[row]
        if actual.shape != (len(eps), 2) or not np.isfinite(actual).all():
            return compare(actual, np.zeros((len(eps), 2)), what=f"the {KIND[row]} estimates")
        means.append(weights @ actual)
        right = {"a right estimator": right_estimates(place, eps)[row]}
        found = found or measured(Draws(actual, right), weights)
    exact = _means(places, lambda place: place.exact)
    what = f"the mean of the {KIND[row]} estimates over all noise, ({', '.join(NAMES)}),"
    finding = compare(np.concatenate(means), exact, mistakes, rtol=1e-6, atol=1e-8, what=what)
    return replace(finding, efficiency=found)


@EXERCISE.part("From heights: on average the gradient, the edge included")
def from_heights(probe: Probe, rng: np.random.Generator) -> Finding:
    places = edge_places(rng)
    return _judged(probe, places, 0, _of_heights(places))


@EXERCISE.part("From slopes: on average the gradient, the jumps included")
def from_slopes(probe: Probe, rng: np.random.Generator) -> Finding:
    places = edge_places(rng)
    return _judged(probe, places, 1, _of_slopes(places))


@EXERCISE.part(
    "The first asks f for heights alone, the second for slopes",
    weight=0.5,
    needs=["from_heights", "from_slopes"],
)
def who_reads_what(probe: Probe, rng: np.random.Generator) -> Finding:
    place, eps = edge_places(rng)[0], rng.exponential(size=40)
    true, false = _asked(probe, place, eps), _asked(probe, place, eps, share=0.3)
    moved = [
        one.shape != other.shape or float(np.abs(one - other).max(initial=0.0)) > 1e-6
        for one, other in zip(true, false, strict=True)
    ]
    expected = (
        "with another slope reported for the same f: the same score estimates, other path estimates"
    )
    if moved == [True, False]:
        hint = "Return the estimate that uses heights first, then the one that uses slopes."
        return holds(False, expected, "it is the other way round", "swapped", hint)
    if moved[0]:
        hint = (
            "The score function never asks for a slope: its estimates changed when the slope did."
        )
        return holds(False, expected, "other score estimates", "slopes_in_score", hint)
    if not moved[1]:
        hint = "The second result is to be made from slopes: it did not change when the slope did."
        return holds(False, expected, "the same path estimates", "heights_in_path", hint)
    few = eps[:20]
    beyond = [
        few.min() / 2,
        2 * few.max(),
    ]  # what looks for the smallest, or the largest, finds another
    others = np.concatenate([few, beyond, rng.exponential(size=20)])
    apart = [
        float(np.abs(one[:20] - again[:20]).max())
        for one, again in zip(true, _asked(probe, place, others), strict=True)
    ]
    if max(apart) > 1e-6:
        hint = "The estimate of a sample changed when other samples did: each is to be made from its own eps alone."
        return holds(
            False, "an estimate for every sample", "estimates that mix", "samples_mixed", hint
        )
    z = place.loc + place.s * eps
    carried = place.slope(z)[:, None] * np.stack([np.ones_like(eps), place.s * eps], -1)
    what = "the part of the path estimates that is made from slopes, sample by sample,"
    return compare((true[1] - false[1]) / 0.7, carried, rtol=1e-6, atol=1e-8, what=what)


@EXERCISE.part("As quiet as the samples allow", weight=0.5, needs=["from_heights", "from_slopes"])
def quiet(probe: Probe, rng: np.random.Generator) -> Finding:
    least = np.inf
    for place in edge_places(rng):
        eps, weights = all_noise(place)
        score, path = right_estimates(place, eps)
        for actual, right in zip(_asked(probe, place, eps), (score, path), strict=True):
            if actual.shape != right.shape or not np.isfinite(actual).all():
                return compare(actual, right, what="the estimates")
            other = right - place.at_edge * np.stack(
                [0 * eps, eps - 1], -1
            )  # f at the edge as a baseline
            own, one, two = (
                weights @ (rows - weights @ rows) ** 2 for rows in (actual, right, other)
            )
            reference = np.maximum(one, two) if right is not path else one
            least = min(least, float(((reference + 1e-12) / (own + 1e-12)).min()))
    return Finding(
        least >= NOISY,
        f"an efficiency of {NOISY:g} or more of a right estimator, in each number",
        f"{least:.2f}",
        "too_noisy",
        "Right on average, and noisier than it has to be: what was added has mean zero, and a variance.",
        share=points(least),
    )
