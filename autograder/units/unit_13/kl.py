"""The divergence from the prior, coordinate by coordinate."""

from __future__ import annotations

import numpy as np
import torch

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
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
    hides=["distributions.normal:_kl_diagonal"],
)


def _kl(loc: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return kl_terms(torch.from_numpy(loc), torch.from_numpy(log_scale)).numpy()


def _log(values: np.ndarray) -> np.ndarray:
    """The logarithm, NaN of what is negative."""
    with np.errstate(all="ignore"):
        return np.log(values)


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
            0.5 * (loc**2 + log_scale**2 - 1) - _log(np.abs(log_scale)),
        ),
        Mistake(
            "log_of_log_scale",
            "You took the logarithm of log_scale. It is a logarithm already: s is its exponential.",
            0.5 * (loc**2 + log_scale**2 - 1) - _log(log_scale),
        ),
        Mistake(
            "log_of_log_scale",
            "You took the logarithm of log_scale. It is a logarithm already: s is its exponential.",
            0.5 * (loc**2 + np.exp(2 * log_scale) - 1) - _log(log_scale),
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
            "half_log_scale",
            "The logarithm of s enters with a factor of one: 1/2 log s squared = log s.",
            right + 0.5 * log_scale,
        ),
    ]


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Means of both signs, log scales from narrow to wide; at least one of each kind in every column."""
    loc, size = rng.uniform(0.3, 2.5, shape), rng.uniform(0.3, 1.6, shape)
    sign = np.indices(shape).sum(0) % 2 * 2 - 1
    return loc * np.roll(sign, 1, 0) * rng.choice([-1, 1]), size * np.where(sign > 0, 0.6, -1.0)


@EXERCISE.part("Values, one for each coordinate", weight=1.5)
def values(probe: Probe, rng: np.random.Generator) -> Finding:
    for shape in ((3,), (2, 4, 3), (5, 4)):
        args = _inputs(rng, shape)
        finding = compare(
            probe.value(*args), _kl(*args), _kl_mistakes(*args), rtol=1e-9, what="the KL"
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("A narrow q against the integral, by quadrature")
def narrow_by_quadrature(probe: Probe, rng: np.random.Generator) -> Finding:
    m, s = rng.normal(size=4), rng.uniform(0.1, 0.4, 4)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    z = m + s * nodes[:, None]
    integrand = -0.5 * nodes[:, None] ** 2 - np.log(s) + 0.5 * z**2
    return compare(
        probe.value(m, np.log(s)),
        (weights / weights.sum()) @ integrand,
        _kl_mistakes(m, np.log(s)),
        what="the KL",
    )


@EXERCISE.part("Zero for the prior itself, positive elsewhere", weight=0.5, needs=["values"])
def zero_for_the_prior(probe: Probe, rng: np.random.Generator) -> Finding:
    zeros = np.zeros((2, 3))
    at_prior = compare(probe.value(zeros, zeros), zeros, what="the KL of the prior to itself")
    if not at_prior.ok:
        return at_prior
    args = _inputs(rng, (5, 2))
    got = as_array(probe.value(*args))
    return holds(
        got.shape == (5, 2) and bool((got > 0).all()),
        "a positive number for every other q",
        f"shape {got.shape}, the least is {got.min(initial=np.inf):.4g}",
    )


@EXERCISE.part("Near the prior: small, and right to its digits", weight=0.5)
def near_the_prior(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale = 0.03 * np.stack(_inputs(rng, (3, 4)))
    got, right = probe.value(loc, log_scale), _kl(loc, log_scale)
    return compare(got, right, _kl_mistakes(loc, log_scale), rtol=1e-8, what="the KL")


@EXERCISE.part("Far out, and very wide: each where it is large by itself", weight=0.5)
def far_and_wide(probe: Probe, rng: np.random.Generator) -> Finding:
    far = rng.uniform(1, 2, 4) * np.array([7.0, -70.0, 700.0, -7e4])
    wide = rng.uniform(1, 1.5, 4) * np.array([3.0, 6.0, 20.0, 100.0])
    _, log_scale = _inputs(rng, (4,))
    loc = rng.normal(size=4)
    args = np.stack([far, loc, loc]), np.stack([log_scale, wide, -wide])
    return compare(probe.value(*args), _kl(*args), _kl_mistakes(*args), rtol=1e-9, what="the KL")


@EXERCISE.part("A q so narrow that s is zero in floating point: large, and finite", weight=0.5)
def very_narrow(probe: Probe, rng: np.random.Generator) -> Finding:
    _, moderate = _inputs(rng, (4,))
    args = rng.normal(size=(2, 4)), np.stack([np.array([-400.0, -800.0, -1e3, -1e5]), moderate])
    got, right = as_array(probe.value(*args)), _kl(*args)
    for lost in (np.exp(args[1]) == 0, np.exp(2 * args[1]) == 0):
        if got.shape == right.shape and np.allclose(got, np.where(lost, np.inf, right)):
            return Finding(
                False,
                "numbers that are large, and finite",
                "infinity wherever s squared is zero in floating point, and right elsewhere",
                "log_of_exp",
                "A logarithm is taken of an exponential that is zero in floating point here. "
                "Keep log_scale as it is.",
            )
    return compare(got, right, _kl_mistakes(*args), rtol=1e-9, what="the KL")
