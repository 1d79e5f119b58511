"""Learning theta with a poor family."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_03.reference import asked_twice

EXERCISE = exercise(
    __name__,
    title="Learning theta with a poor family",
    function="learned_theta",
    points=3,
    difficulty=4,
    importance=5,
    minutes=30,
    read="Many bounds, one curve: learning theta",
    hides=[],
    because="no function of course_vi knows where this bound is largest",
)

ROOM = 1e-5  # relative, and absolute: a numerical search finds the top to half of its digits
NAMES = "theta, bias"
NOT_ZERO = (
    "Where your formula asks for the root of a negative number, the top is at theta = 0: look at the slope of "
    "the bound there."
)
Args = tuple[np.ndarray, np.ndarray, np.ndarray]


def _root(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(values, 0.0))


def _theta(square: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The top of the best bound, from the mean square of the data."""
    return _root(noise * np.sqrt(square) / scale - noise**2)


def _likeliest(square: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return _root(square - noise**2)


def _right(x: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    square = (x**2).mean(-1)
    theta = _theta(square, scale, noise)
    return theta, theta - _likeliest(square, noise)


class _Wrong(NamedTuple):
    """A mistake in the derivation: where it puts theta and maximum likelihood."""

    key: str
    says: str
    theta: np.ndarray
    likeliest: np.ndarray


def _derivations(x: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> list[_Wrong]:
    square = (x**2).mean(-1)
    theta, best = _theta(square, scale, noise), _likeliest(square, noise)

    def of_square(other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _theta(other, scale, noise), _likeliest(other, noise)

    each = _theta(x**2, scale[..., None], noise[..., None]).mean(-1)
    posterior = best / (noise**2 + best**2)  # the means at the likeliest theta, over x
    step = posterior * square / (posterior**2 * square + scale**2)
    one = np.ones_like(noise)
    return [
        _Wrong(
            "each_datum_its_own",
            "You found the best theta for each datum, and averaged. The data share one theta: add up their bounds first, "
            "then look for the top.",
            each,
            _likeliest(x**2, noise[..., None]).mean(-1),
        ),
        _Wrong(
            "mean_absolute",
            "The mean of |x| stands where the root of the mean of x^2 belongs: the bounds are added before the top is looked for.",
            *of_square(np.abs(x).mean(-1) ** 2),
        ),
        _Wrong(
            "summed_data",
            "The sum of x^2 stands where its mean belongs: each of the N data brings a bound with its own -theta^2 s^2, too.",
            *of_square((x**2).sum(-1)),
        ),
        _Wrong(
            "centred",
            "You subtracted the mean of the data. The model says that x has mean zero: what counts is the mean of x^2, "
            "not the variance about their mean.",
            *of_square(x.var(-1)),
        ),
        _Wrong(
            "square_of_mean",
            "You averaged the data before squaring. Every datum has a q of its own, and its bound contains x_n^2.",
            *of_square(x.mean(-1) ** 2),
        ),
        _Wrong(
            "noise_is_one",
            "Right for noise_scale = 1. Keep sigma: it stands in the posterior mean, and below both squares of the bound.",
            _theta(square, scale, one),
            _likeliest(square, one),
        ),
        _Wrong(
            "noise_as_variance",
            "noise_scale is a standard deviation, and you used it as the variance.",
            _theta(square, scale, np.sqrt(noise)),
            _likeliest(square, np.sqrt(noise)),
        ),
        _Wrong(
            "scale_as_variance",
            "scale is the standard deviation s of q, and you used it as the variance.",
            _theta(square, np.sqrt(scale), noise),
            best,
        ),
        _Wrong(
            "square_not_rooted",
            "In place of the root of the mean square stands the mean square: solve once more where the slope vanishes.",
            _theta(square**2, scale, noise),
            best,
        ),
        _Wrong(
            "means_held",
            "You held the means of q at the posterior of the likeliest theta and moved theta alone. The best means move "
            "with theta: put them in first, then look for the top.",
            step,
            best,
        ),
        _Wrong(
            "evidence_variance",
            "This is the root of sigma^2 + theta^2. Subtract sigma^2 first.",
            np.sqrt(theta**2 + noise**2) * (theta > 0),
            best,
        ),
        _Wrong("squared", "These are squares of theta: take the root.", theta**2, best**2),
        _Wrong(
            "negative",
            "theta and -theta are as good as each other; the one asked for is not negative.",
            -theta,
            -best,
        ),
    ]


def _mistakes(args: Args, index: int) -> list[Mistake]:
    """What a wrong derivation makes of one of the results, and what goes wrong with the result alone."""
    theta, bias = _right(*args)
    best = theta - bias
    of_theta = [
        Mistake(
            "maximum_likelihood",
            "This maximizes the evidence. With the scale of q held at s the bound has its top elsewhere.",
            best,
        ),
        Mistake("swapped", "Return theta first, then its bias.", bias),
        *(Mistake(wrong.key, wrong.says, wrong.theta) for wrong in _derivations(*args)),
    ]
    of_bias = [
        Mistake(
            "sign",
            "The sign is turned. Bias is what the bound learns minus what it ought to learn.",
            -bias,
        ),
        Mistake(
            "bias_of_square",
            "This is the bias of theta^2: take both roots, then the difference.",
            theta**2 - best**2,
        ),
        Mistake(
            "no_bias",
            "A bound below log p(x) that touches it nowhere has its top somewhere else: the bias is not zero.",
            0 * bias,
        ),
        Mistake("swapped", "Return theta first, then its bias.", theta),
        Mistake(
            "maximum_likelihood",
            "This is the maximum likelihood theta, not the distance to it.",
            best,
        ),
        *(
            Mistake(wrong.key, wrong.says, wrong.theta - wrong.likeliest)
            for wrong in _derivations(*args)
            if wrong.key not in {"squared", "negative"}  # of a difference these say something else
        ),
    ]
    return (of_theta, of_bias)[index]


def _data(rng: np.random.Generator, square: np.ndarray, count: int) -> np.ndarray:
    """Data, ``(*B, N)``, whose mean square is the one given, and whose mean is not zero."""
    x = rng.normal(size=(*square.shape, count)) + rng.choice([-1.0, 1.0], (*square.shape, 1)) * 0.7
    return x * np.sqrt(square / (x**2).mean(-1))[..., None]


def _inside(rng: np.random.Generator, batch: tuple[int, ...], count: int) -> Args:
    """Data sets in which there is something to learn, and a scale on either side of the one that is right for them."""
    noise = np.exp(rng.uniform(-1.5, 1.5, batch))
    square = noise**2 * rng.uniform(2.0, 9.0, batch)
    away = np.exp(rng.choice([-1, 1], batch) * rng.uniform(0.15, 0.4, batch))
    scale = away * noise / np.sqrt(square)
    return _data(rng, square, count), scale, noise


def _asked(probe: Probe, args: Args, index: int, what: str) -> Finding:
    reply, sampled = asked_twice(probe, *args)
    got, want = unpack(reply, 2, NAMES)[index], _right(*args)[index]
    finding = sampled or compare(got, want, _mistakes(args, index), rtol=ROOM, atol=ROOM, what=what)
    if finding.diagnosis != "not_finite":
        return finding
    square, noise = (args[0] ** 2).mean(-1), args[2]
    rootless = (noise * np.sqrt(square) / args[1] < noise**2) | (square < noise**2)
    came = as_array(got)
    mended = (
        np.where(np.isfinite(came) | ~rootless, came, want) if came.shape == want.shape else came
    )
    unmended = compare(mended, want, rtol=ROOM, atol=ROOM).ok
    return replace(finding, diagnosis="below_zero", says=NOT_ZERO) if unmended else finding


def _everywhere(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    finding = Finding(True)
    for batch, count in (((6,), 7), ((), 1), ((2, 1), 4)):
        if finding.ok:
            finding = _asked(probe, _inside(rng, batch, count), index, what)
    return finding


@EXERCISE.part("Where the bound of the data set is largest")
def top_of_the_bound(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 0, "theta")


@EXERCISE.part("How far that is from maximum likelihood")
def bias_of_theta(probe: Probe, rng: np.random.Generator) -> Finding:
    return _everywhere(probe, rng, 1, "the bias")


def _edges(rng: np.random.Generator) -> Args:
    """Where the bound learns nothing, where the evidence does, where neither does; and a very narrow q."""
    noise = np.exp(rng.uniform(-1.0, 1.0, 4))
    ratio = np.array([3.0, 0.5, 0.6, 4.0]) * rng.uniform(0.9, 1.1, 4)  # root mean square over sigma
    scale = ratio * np.array([1.4, 0.5, 1.5, 0.01]) * rng.uniform(0.9, 1.1, 4)
    return _data(rng, (ratio * noise) ** 2, 5), scale, noise


@EXERCISE.part(
    "Where one of the two learns nothing, or both; and for a very narrow q",
    needs=["top_of_the_bound"],
)
def at_the_edge(probe: Probe, rng: np.random.Generator) -> Finding:
    args, finding = _edges(rng), Finding(True)
    for index, what in enumerate(("theta", "the bias")):
        finding = _asked(probe, args, index, what) if finding.ok else finding
    return finding


def _climb(x: np.ndarray, scale: np.ndarray, noise: np.ndarray, steps: int = 1500) -> np.ndarray:
    """Where theta comes to rest if means and theta take turns, each at its best; the formula has no part in it."""
    theta = np.ones_like(noise)
    for _ in range(steps):
        means = theta[:, None] * x / (noise**2 + theta**2)[:, None]
        theta = (means * x).mean(-1) / ((means**2).mean(-1) + scale**2)
    return theta


@EXERCISE.part(
    "Predicted, and measured by a climb", weight=0.5, needs=["top_of_the_bound", "bias_of_theta"]
)
def where_the_climb_ends(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _inside(rng, (2,), 50)
    theta, bias = unpack(probe.value(*args), 2, NAMES)
    rest = _climb(*args)
    finding = compare(
        theta, rest, rtol=1e-4, atol=1e-4, what="theta, where a climb of the bound comes to rest,"
    )
    if not finding.ok:
        return finding
    best = _likeliest((args[0] ** 2).mean(-1), args[2])
    return compare(
        bias, rest - best, rtol=1e-4, atol=1e-4, what="its distance from maximum likelihood"
    )
