"""Averages of weights that underflow."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe

EXERCISE = exercise(
    __name__,
    title="Averages of weights that underflow",
    function="log_mean_exp",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="section 5, Logarithms of averages",
    hides=["bounds:iwae", "mini_vi:iwae"],
)


def _log_mean_exp(log_w: np.ndarray, axis: int = 0) -> np.ndarray:
    top = log_w.max(axis, keepdims=True)
    return np.log(np.exp(log_w - top).mean(axis)) + np.squeeze(top, axis)


def _average_mistakes(log_w: np.ndarray) -> list[Mistake]:
    with np.errstate(all="ignore"):
        return _averages(log_w)


def _averages(log_w: np.ndarray) -> list[Mistake]:
    right, count = _log_mean_exp(log_w), len(log_w)
    known = [
        Mistake(
            "missing_log_k",
            "You returned the logarithm of the sum. Of K equal weights the mean is one of them: subtract log K.",
            right + np.log(count),
        ),
        Mistake(
            "added_log_k",
            "log K has the wrong sign: a mean is a sum divided by K, so its logarithm is smaller.",
            right + 2 * np.log(count),
        ),
        Mistake(
            "mean_of_logs",
            "You averaged the logarithms. The logarithm of a mean is larger: exponentiate (safely), average, then take "
            "the logarithm.",
            log_w.mean(0),
        ),
        Mistake(
            "mean_of_weights",
            "This is the mean of the weights. Its logarithm is asked for.",
            np.exp(right),
        ),
        Mistake(
            "maximum",
            "You returned the largest log weight. It is the shift that makes the sum safe, not the answer.",
            log_w.max(0),
        ),
        Mistake(
            "over_everything",
            "You averaged over the batch too. Each column has an average of its own: reduce axis 0 alone.",
            _log_mean_exp(log_w.reshape(-1)),
        ),
    ]
    if log_w.ndim > 1:
        known.append(
            Mistake(
                "wrong_axis",
                "You averaged over the last axis. Samples come first: reduce axis 0.",
                _log_mean_exp(log_w, -1),
            )
        )
        known.append(
            Mistake(
                "counted_everything",
                "The sum is over the K samples, but you divided by the number of all weights. K is "
                "log_w.shape[0].",
                right + np.log(count) - np.log(log_w.size),
            )
        )
    return known


@EXERCISE.part("Ordinary log weights, with a batch")
def batch_of_weights(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(-3, 1.5, (5, 4))
    return compare(
        probe.value(log_w), _log_mean_exp(log_w), _average_mistakes(log_w), what="log mean w"
    )


@EXERCISE.part("Three hundred weights without a batch, and two batch axes", weight=0.5)
def other_batch_axes(probe: Probe, rng: np.random.Generator) -> Finding:
    shapes: tuple[tuple[int, ...], ...] = ((301,), (3, 2, 4))
    for shape in shapes:
        log_w = rng.normal(0, 2, shape)
        finding = compare(
            probe.value(log_w),
            _log_mean_exp(log_w),
            _average_mistakes(log_w),
            what=f"log mean w for log_w of shape {shape}",
        )
        if not finding.ok:
            return finding
    for shape in ((1, 3), (4, 1), (1,)):
        log_w = rng.normal(0, 2, shape)
        squeezed = Mistake(
            "axis_lost",
            "An axis of length one was dropped, as squeeze() does: a single sample and a batch of one keep their axes.",
            _log_mean_exp(np.atleast_1d(np.squeeze(log_w))),
        )
        finding = compare(
            probe.value(log_w),
            _log_mean_exp(log_w),
            [squeezed] if len(shape) > 1 else [],
            what=f"log mean w for log_w of shape {shape}",
        )
        if not finding.ok:
            return finding
    log_w = rng.normal(-40, 1, (3001, 3))
    log_w[rng.integers(3001)] = rng.uniform(7.0, 9.0, 3)
    right = _log_mean_exp(log_w)
    padded = Mistake(
        "epsilon",
        "A small number was added to the mean before its logarithm. Once the largest weight is taken out, the mean is "
        "1 / K at least: nothing needs protection, and of a mean this small it is a visible share.",
        lambda got: got.shape == (3,) and _padded(got, log_w),
    )
    return compare(
        probe.value(log_w),
        right,
        [padded],
        what="log mean w of 3,001 weights, of which one outweighs all others,",
        rtol=1e-11,
        atol=1e-11,
    )


def _padded(got: np.ndarray, log_w: np.ndarray) -> bool:
    """Whether a power of ten was added to the means of the weights, in units of the largest."""
    top = log_w.max(0)
    mean = np.exp(log_w - top).mean(0)
    padded = [np.log(mean + 10.0**-power) + top for power in range(4, 13)]
    return any(np.allclose(got, one, rtol=1e-12, atol=0.0) for one in padded)


@EXERCISE.part("Log weights of -10,000 and of +10,000, and 2,000 apart")
def extreme_weights(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(0, 2, (6, 3)) + np.array([-1e4, 1e4, 0.0])
    log_w[rng.integers(6), 2] += 2000.0
    naive = Mistake(
        "naive_exp",
        "exp(-10,000) is 0 and exp(10,000) is infinite in floating point. Subtract the largest log weight first "
        "and add it back after the logarithm, or let torch.logsumexp do it.",
        lambda got: not np.isfinite(got).all(),
    )
    want = _log_mean_exp(log_w)
    return compare(
        probe.value(log_w),
        want,
        [*_average_mistakes(log_w), naive],
        rtol=1e-9,
        what="log mean w",
    )


@EXERCISE.part("Weights that are exactly zero", weight=0.5)
def zero_weights(probe: Probe, rng: np.random.Generator) -> Finding:
    log_w = rng.normal(0, 1, (4, 2))
    log_w[0, 0], log_w[:, 1] = -np.inf, -np.inf
    got = probe.value(log_w)
    want = np.log(np.exp(log_w[:, 0]).mean())
    known = [
        Mistake(m.key, m.hint, np.asarray(m.value)[0])
        for m in _average_mistakes(log_w[:, :1])
        if np.shape(m.value) == (1,)
    ]
    if not isinstance(got, np.ndarray) or got.shape != (2,):
        return compare(got, np.zeros(2), what="log mean w")
    finding = compare(got[0], want, known, what="log mean w, one weight of four being zero,")
    if not finding.ok:
        return finding
    hint = (
        "max - max is -inf - (-inf) = NaN when all weights are zero. torch.logsumexp knows this case; "
        "by hand, replace an infinite shift by 0."
    )
    return holds(
        bool(got[1] == -np.inf),
        "log mean w = -inf when all weights are zero",
        f"{got[1]}",
        "all_zero",
        hint,
    )
