"""Axes: samples, batch, event."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import LearnerError, Probe
from autograder.units.shared import LOG_2PI

EXERCISE = exercise(
    __name__,
    title="Axes: samples, batch, event",
    function="log_likelihood",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 4, Axes",
    # torch.distributions.Normal may be called: what is asked is over which axes to sum
    hides=["mini_vi:log_normal"],
)


def _terms(x: np.ndarray, z: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return -0.5 * ((x - z) / np.exp(log_scale)) ** 2 - log_scale - 0.5 * LOG_2PI


def _axis_mistakes(x: np.ndarray, z: np.ndarray, log_scale: np.ndarray) -> list[Mistake]:
    terms = _terms(x, z, log_scale)
    right, dim = terms.sum(-1), z.shape[-1]
    square = (x - z) ** 2
    over_batch = [
        Mistake(
            "sum_over_batch",
            "You summed over the batch. Data are kept apart: the event is the last axis.",
            terms.sum(1),
        )
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        as_scale = (-0.5 * square / log_scale**2 - np.log(np.abs(log_scale)) - 0.5 * LOG_2PI).sum(
            -1
        )
    return [
        Mistake(
            "mean_over_event",
            "You averaged over the event axis. The log-density of independent coordinates is their sum.",
            terms.mean(-1),
        ),
        Mistake(
            "no_sum",
            "One number per coordinate came back. Sum over the event axis, the last one.",
            terms,
        ),
        Mistake(
            "sum_over_samples",
            "You summed over the first axis, the samples. The event axis is the last one.",
            terms.sum(0),
        ),
        Mistake(
            "over_everything",
            "Everything was summed to one number. Keep samples and batch: sum over the last axis alone.",
            terms.sum(),
        ),
        Mistake(
            "lost_2pi",
            "The constant -log(2 pi)/2 is missing, once for each coordinate.",
            right + 0.5 * LOG_2PI * dim,
        ),
        Mistake(
            "one_2pi",
            "The constant -log(2 pi)/2 is needed once for each coordinate; you have it once in all.",
            right + 0.5 * LOG_2PI * (dim - 1),
        ),
        Mistake(
            "variance_as_scale",
            "You divided by the standard deviation where its square is needed (or took exp(log_scale) for the "
            "variance).",
            (-0.5 * square / np.exp(log_scale) - log_scale - 0.5 * LOG_2PI).sum(-1),
        ),
        Mistake(
            "variance_as_scale",
            "exp(log_scale) is the standard deviation; you took it for the variance.",
            (-0.5 * square / np.exp(log_scale) - 0.5 * log_scale - 0.5 * LOG_2PI).sum(-1),
        ),
        Mistake(
            "log_scale_as_scale",
            "You used log_scale as if it were the scale. Exponentiate it first.",
            as_scale,
        ),
        Mistake(
            "normalizer_lost",
            "The term -log(scale) of the normalizer is missing.",
            (terms + log_scale).sum(-1),
        ),
        Mistake(
            "normalizer_sign",
            "The normalizer has the wrong sign: a wider Gaussian is lower, so -log(scale).",
            (terms + 2 * log_scale).sum(-1),
        ),
        *(over_batch if z.ndim > 2 else []),
    ]


@EXERCISE.part("Samples, a batch and an event of three")
def vector_events(probe: Probe, rng: np.random.Generator) -> Finding:
    """The first sample is close to the first datum, where the density is above one."""
    x, z, log_scale = (
        rng.normal(size=(4, 3)),
        rng.normal(size=(5, 4, 3)),
        rng.uniform(-1.9, -1.3, 3),
    )
    z[0, 0] = x[0] + 0.1 * np.exp(log_scale) * rng.normal(size=3)
    return compare(
        probe.value(x, z, log_scale),
        _terms(x, z, log_scale).sum(-1),
        _axis_mistakes(x, z, log_scale),
        what="log p(x | z)",
    )


@EXERCISE.part("As many samples as data as coordinates")
def equal_sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    x, z, log_scale = (
        rng.normal(size=(3, 3)),
        rng.normal(size=(3, 3, 3)),
        rng.uniform(-0.9, -0.3, 3),
    )
    paired = _terms(x[:, None], z, log_scale).sum(-1)
    known = [
        Mistake(
            "paired_with_samples",
            "Sample k was paired with datum k. x has no sample axis: let broadcasting add it in front.",
            paired,
        )
    ]
    return compare(
        probe.value(x, z, log_scale),
        _terms(x, z, log_scale).sum(-1),
        [*known, *_axis_mistakes(x, z, log_scale)],
        what="log p(x | z) with K = B = D = 3",
    )


@EXERCISE.part("Without a batch; with two batch axes; a batch of one; one coordinate")
def other_batch_axes(probe: Probe, rng: np.random.Generator) -> Finding:
    hint = "Count axes from the end: the event is axis -1, whatever stands before it."
    for batch, dim in (((), 3), ((2, 4), 2), ((4,), 1), ((1,), 3)):
        x, z, log_scale = (
            rng.normal(size=(*batch, dim)),
            rng.normal(size=(5, *batch, dim)),
            rng.uniform(-0.9, -0.3, dim),
        )
        want = f"log p(x | z) of shape {z.shape[:-1]} for z of shape {z.shape}"
        try:
            got = probe.value(x, z, log_scale)
        except LearnerError as error:
            if error.kind != "IndexError":
                raise
            return Finding(False, want, f"{error.kind}: {error.message}", "fixed_axes", hint)
        right = _terms(x, z, log_scale).sum(-1)
        finding = compare(
            got,
            right,
            _axis_mistakes(x, z, log_scale),
            what=f"log p(x | z) for z of shape {z.shape}",
        )
        if not finding.ok:
            fixed = finding.diagnosis in ("shape", "sum_over_samples", "sum_over_batch", "no_sum")
            return (
                Finding(False, finding.expected, finding.actual, "fixed_axes", hint)
                if fixed
                else finding
            )
    return finding


@EXERCISE.part("Scales of about a millionth and about a hundred thousand", weight=0.5)
def extreme_scales(probe: Probe, rng: np.random.Generator) -> Finding:
    z, log_scale = rng.normal(size=(4, 2, 2)), rng.uniform([-14.5, 10.5], [-12.5, 12.5])
    x = z[0] + np.exp(log_scale) * rng.normal(size=(2, 2))
    return compare(
        probe.value(x, z, log_scale),
        _terms(x, z, log_scale).sum(-1),
        _axis_mistakes(x, z, log_scale),
        what="log p(x | z)",
    )
