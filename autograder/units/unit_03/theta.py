"""What a bound with a poor family teaches about theta, exactly, and the mistakes in deriving it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.finding import Mistake

__all__ = ["Args", "learned", "likeliest", "theta_mistakes"]

Args = tuple[np.ndarray, np.ndarray, np.ndarray]


def _root(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(values, 0.0))


def _theta(square: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The top of the best bound, from the mean square of the data."""
    return _root(noise * np.sqrt(square) / scale - noise**2)


def likeliest(square: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return _root(square - noise**2)


def learned(x: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    square = (x**2).mean(-1)
    theta = _theta(square, scale, noise)
    return theta, theta - likeliest(square, noise)


class _Wrong(NamedTuple):
    """A mistake in the derivation: where it puts theta and maximum likelihood."""

    key: str
    hint: str
    theta: np.ndarray
    likeliest: np.ndarray


def _derivations(x: np.ndarray, scale: np.ndarray, noise: np.ndarray) -> list[_Wrong]:
    square = (x**2).mean(-1)
    theta, best = _theta(square, scale, noise), likeliest(square, noise)

    def of_square(other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _theta(other, scale, noise), likeliest(other, noise)

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
            likeliest(x**2, noise[..., None]).mean(-1),
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
            likeliest(square, one),
        ),
        _Wrong(
            "noise_as_variance",
            "noise_scale is a standard deviation, and you used it as the variance.",
            _theta(square, scale, np.sqrt(noise)),
            likeliest(square, np.sqrt(noise)),
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


def theta_mistakes(args: Args, index: int) -> list[Mistake]:
    """What a wrong derivation makes of one of the results, and what goes wrong with the result alone."""
    theta, bias = learned(*args)
    best = theta - bias
    of_theta = [
        Mistake(
            "maximum_likelihood",
            "This maximizes the evidence. With the scale of q held at s the bound has its top elsewhere.",
            best,
        ),
        Mistake("swapped", "Return theta first, then its bias.", bias),
        *(Mistake(wrong.key, wrong.hint, wrong.theta) for wrong in _derivations(*args)),
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
            Mistake(wrong.key, wrong.hint, wrong.theta - wrong.likeliest)
            for wrong in _derivations(*args)
            if wrong.key not in {"squared", "negative"}  # of a difference these say something else
        ),
    ]
    return (of_theta, of_bias)[index]
