"""The divergence from the prior, coordinate by coordinate."""

from __future__ import annotations

import numpy as np
import torch

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.units.unit_13.reference import kl_terms

EXERCISE = exercise(
    __name__,
    title="The divergence from the prior, coordinate by coordinate",
    function="kl_to_prior",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="section 3, The encoder second",
    hides=[],
    because="course_vi has no function that returns the divergence coordinate by coordinate",
)


def _kl(loc: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return kl_terms(torch.from_numpy(loc), torch.from_numpy(log_scale)).numpy()


def _kl_mistakes(loc: np.ndarray, log_scale: np.ndarray) -> list[Mistake]:
    right, s = _kl(loc, log_scale), np.maximum(np.exp(log_scale), 1e-150)
    return [
        Mistake(
            "summed",
            "You summed over the coordinates. Keep them: exercise 5 wants to see each latent by itself.",
            right.sum(-1),
        ),
        Mistake("averaged", "You averaged over the coordinates. Keep them.", right.mean(-1)),
        Mistake("sign", "The sign is turned: a divergence is never negative.", -right),
        Mistake(
            "log_variance",
            "You used log_scale as the logarithm of the *variance*. In this course it is that of the standard "
            "deviation, so s squared is exp(2 log_scale).",
            _kl(loc, log_scale / 2),
        ),
        Mistake(
            "log_scale_as_scale",
            "log_scale is the logarithm of s: exponentiate it.",
            0.5 * (loc**2 + log_scale**2 - 1) - np.log(np.abs(log_scale) + 1e-300),
        ),
        Mistake(
            "log_scale_as_scale",
            "You took the logarithm of log_scale. It is a logarithm already: s is its exponential.",
            lambda got: (
                got.shape == right.shape
                and np.isnan(got).any()
                and bool((np.isnan(got) == (log_scale < 0)).all())
            ),
        ),
        Mistake(
            "in_bits",
            "This is in bits. In nats, as everywhere in the course, the logarithm is natural.",
            right / np.log(2),
        ),
        Mistake(
            "scale_for_variance",
            "Somewhere s stands where its square belongs.",
            0.5 * (loc**2 + s - 1 - 2 * log_scale),
        ),
        Mistake(
            "reversed",
            "This is KL(p || q). The expectation is under q, the first argument.",
            log_scale + 0.5 * (1 + loc**2) / s**2 - 0.5,
        ),
        Mistake(
            "half_lost",
            "The minus one half is missing: for q = p the KL must be zero.",
            right + 0.5,
        ),
        Mistake(
            "factor_two",
            "You are off by a factor of two: the one half in front is missing.",
            2 * right,
        ),
        Mistake(
            "mean_forgotten",
            "The squared mean is missing: a q that sits far from zero is far from the prior.",
            right - 0.5 * loc**2,
        ),
        Mistake("mean_not_squared", "The mean enters squared.", right - 0.5 * loc**2 + 0.5 * loc),
        Mistake(
            "entropy_only",
            "The logarithm of s enters with a factor of one: 1/2 log s squared = log s.",
            right + 0.5 * log_scale,
        ),
    ]


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=shape), rng.uniform(-1.6, -0.4, shape) * rng.choice([-0.6, 1.0], shape)


@EXERCISE.part("Values, one for each coordinate", weight=1.5)
def values(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _inputs(rng, (4, 3))
    return compare(probe.value(*args), _kl(*args), _kl_mistakes(*args), what="the KL")


@EXERCISE.part("A narrow q against the integral, by quadrature")
def narrow_by_quadrature(probe: Probe, rng: np.random.Generator) -> Finding:
    m, s = float(rng.normal()), float(rng.uniform(0.2, 0.4))
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    z = m + s * nodes
    integrand = -0.5 * nodes**2 - np.log(s) + 0.5 * z**2
    args = np.array([m]), np.log([s])
    return compare(
        probe.value(*args),
        np.array([(weights / weights.sum()) @ integrand]),
        _kl_mistakes(*args),
        what="the KL",
    )


@EXERCISE.part("Zero for the prior itself, positive elsewhere", weight=0.5)
def zero_for_the_prior(probe: Probe, rng: np.random.Generator) -> Finding:
    zeros = np.zeros((2, 3))
    at_prior = compare(
        probe.value(zeros, zeros),
        zeros,
        _kl_mistakes(zeros, zeros),
        what="the KL of the prior to itself",
    )
    if not at_prior.ok:
        return at_prior
    args = _inputs(rng, (5, 2))
    got = np.asarray(probe.value(*args), dtype=float)
    return holds(
        bool((got > 0).all()),
        "positive for every other q",
        f"the least is {got.min():.4g}",
        "sign",
        "A divergence is never negative.",
    )


@EXERCISE.part("A very narrow q: large, and finite", weight=0.5)
def very_narrow(probe: Probe, rng: np.random.Generator) -> Finding:
    args = rng.normal(size=(2, 2)), np.full((2, 2), -400.0)
    return compare(
        probe.value(*args),
        _kl(*args),
        [
            Mistake(
                "log_of_exp",
                "exp(2 log_scale) is zero in floating point here, and its logarithm minus infinity. Keep log_scale as it is.",
                lambda got: not np.isfinite(np.asarray(got, dtype=float)).all(),
            ),
            *_kl_mistakes(*args),
        ],
        what="the KL",
    )
