r"""Questions of chance: the mean of many estimates (``unbiased``), and their variance (``spread``).

Both are decided in **two stages**. The first looks at R replicates; what looks suspicious is measured
again with several times as many fresh ones, and only that second look can fail. A right answer fails with probability at most
p1 * p2, where p1 and p2 are the chances that one look exceeds its threshold under the null. Both are bounded by simulation of that
null (``audit.calibrate``), not read off the normal table, because estimates of gradients have heavier tails than that table knows.

Replicates are cheap where a function takes all data at once. One that walks over them is asked in blocks, for as long as there is
time; what bias would have been caught (``power``) is computed from the replicates that there were, and said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.finding import Finding, Mistake
from autograder.checks.power import AGAIN, REPLICATES, SURE, Z_LIMIT, caught, limit, normal_score
from autograder.checks.probe import Probe
from autograder.checks.recognise import by_function, choose, numbers

__all__ = ["spread", "two_stages", "unbiased"]

MORE = 10  # how many times more replicates the second look at a spread takes
NOISE_LIMIT = 1.5  # times the reference's standard error: beyond that, noise could hide a bias
TRIAL, BLOCK = (
    50,
    250,
)  # rows of the first, timed call; rows of a call where a function walks over the data
SLOW, BUDGET = (
    0.03,
    (1.5, 3.0),
)  # seconds: a trial that may be a loop; all calls of a first and of a second look at one


def unbiased(
    probe: Probe,
    draw: Callable[[int], np.ndarray],
    exact: np.ndarray,
    replicates: int = REPLICATES,
    mistakes: Sequence[Mistake] = (),
    names: Sequence[str] | None = None,
    what: str = "the mean of the estimates",
    error: Any = None,
    blocks: int | None = None,
) -> Finding:
    """The mean of R independent estimates against the exact answer, in units of the standard error.

    Args:
        draw: called with R, returns estimates ``(R, P)``, fresh at each call.
        exact: ``(P,)``.
        mistakes: their values are the means that the mistakes would have, ``(P,)``.
        names: of the P entries, for the message.
        error: standard deviation of *one* right estimate, ``(P,)``, if it is known. The measured one may then be at most
            ``NOISE_LIMIT`` times as large, so that noise cannot hide a bias.
        blocks: ``draw`` returns the means of so many equal blocks of replicates, ``(blocks, P)``.
    """
    exact = np.atleast_1d(np.asarray(exact, dtype=float))
    names = list(names or [f"entry {index}" for index in range(exact.size)])

    def look(count: int) -> tuple[float, Finding]:
        reached, samples = _ask(probe, draw, count, exact.size, blocks, BUDGET[count > replicates])
        if isinstance(samples, Finding):
            return np.inf, samples
        mean, sem = samples.mean(0), samples.std(0, ddof=1) / len(samples) ** 0.5
        scale = np.abs(exact).max() + np.abs(mean).max() + 1e-300
        if (sem < 1e-10 * scale).all():
            return np.inf, Finding(
                False,
                f"{what}: estimates that vary from draw to draw",
                "every estimate is the same number",
                "no_spread",
                "An estimate must use its own random sample. Did you return an exact answer, or share "
                "one draw of the noise over the whole batch?",
            )
        z = normal_score((mean - exact) / np.maximum(sem, 1e-12 * scale), len(samples))
        noise = (
            np.zeros_like(z)
            if error is None
            else sem * reached**0.5 / np.maximum(np.asarray(error, dtype=float), 1e-300)
        )
        worst, loud = int(np.abs(z).argmax()), int(noise.argmax())
        statistics = float(np.abs(z[worst]) / Z_LIMIT), float(noise[loud] / NOISE_LIMIT)
        over = f"over {reached:,} replicates" + (
            ""
            if reached >= count
            else ", all that there was time for: your function takes the data one by one"
        )
        came = f"{names[worst]}: {mean[worst]:.4g} ± {sem[worst]:.2g} {over} (z = {z[worst]:.1f})"
        expected = f"{what}: {names[worst]} = {exact[worst]:.4g}"
        if max(statistics) <= 1:
            least = caught(float(sem.max()) * limit(len(samples)) / Z_LIMIT)
            where = " in any entry" if exact.size > 1 else ""
            came += f"; a bias of {least:.2g}{where} would have been caught with {SURE:.0%}"
            return max(statistics), Finding(False, expected, came)
        close = [
            m for m in mistakes if not callable(m.value) and _close_mean(m.value, mean, sem, scale)
        ]
        apart = [numbers(np.asarray(m.value, dtype=float), exact, Z_LIMIT * sem) for m in close]
        seen = choose(list(zip(close, apart, strict=True))) or by_function(
            mistakes, samples, mean, exact
        )
        if not seen and statistics[1] > statistics[0]:
            came = f"{names[loud]}: {noise[loud]:.3g} times the noise of a right estimate, {over}"
            return statistics[1], Finding(
                False,
                f"{what}, with at most {NOISE_LIMIT:g} times the noise of a right estimate",
                came,
                "too_noisy",
                "So much noise could hide a bias, and hardly climbs. Each estimate is noisier "
                "than the formula that was asked for.",
            )
        return max(statistics), seen.finding(
            expected, came, "biased", "On average your estimate is not the gradient: it is biased."
        )

    return two_stages(probe, look, replicates // probe.fewer, AGAIN)


def spread(
    probe: Probe,
    draw: Callable[[int], np.ndarray],
    variance: np.ndarray,
    low: float = 0.5,
    high: float = 2.0,
    replicates: int = 2000,
    mistakes: Sequence[Mistake] = (),
    names: Sequence[str] | None = None,
    what: str = "the variance of the estimates",
) -> Finding:
    """The variance of the estimates against the reference: its ratio must lie in [low, high], for every entry.

    Too small is as suspicious as too large: an exact answer that samples nothing has no variance at all.
    """
    variance = np.atleast_1d(np.asarray(variance, dtype=float))
    names = list(names or [f"entry {index}" for index in range(variance.size)])

    def look(count: int) -> tuple[float, Finding]:
        samples = _samples(draw(count), count, variance.size)
        if isinstance(samples, Finding):
            return np.inf, samples
        measured = samples.var(0, ddof=1)
        log_ratio = np.log(np.maximum(measured, 1e-300) / variance)
        statistic = np.where(log_ratio > 0, log_ratio / np.log(high), log_ratio / np.log(low))
        worst = int(statistic.argmax())
        expected = f"{what}: {names[worst]} = {variance[worst]:.4g} (accepted from {low:g} to {high:g} times that)"
        came = f"{measured[worst]:.4g}, a ratio of {measured[worst] / variance[worst]:.3g}, over {count:,} replicates"
        close = [
            m for m in mistakes if not callable(m.value) and _matches_variance(m.value, measured)
        ]
        apart = [numbers(np.asarray(m.value, dtype=float), variance, 0.2 * variance) for m in close]
        seen = choose(list(zip(close, apart, strict=True))) or by_function(
            mistakes, samples, measured, variance
        )
        default = (
            ("too_noisy", "Right on average, but noisier than it should be.")
            if log_ratio[worst] > 0
            else (
                "too_quiet",
                "Less variance than the estimator can have: is something exact where an estimate was asked for?",
            )
        )
        return float(statistic.max()), seen.finding(expected, came, *default)

    return two_stages(probe, look, replicates)


def two_stages(
    probe: Probe, look: Callable[[int], tuple[float, Finding]], replicates: int, more: int = MORE
) -> Finding:
    """Look at R replicates, and if that is suspicious at ``more`` times as many fresh ones: only the second look can fail.

    Args:
        look: takes a number of replicates, returns a statistic (suspicious above one, hopeless if infinite) and the finding of a failure.
    """
    finding = Finding(False)
    for stage in (1, 2) if probe.stage is None else (probe.stage,):
        statistic, finding = look(replicates * (more if stage == 2 else 1))
        probe.trials.append((stage, statistic))
        if statistic <= 1:
            return Finding(True, finding.expected, finding.came)
        if not np.isfinite(statistic):
            return finding
    return finding


def _ask(
    probe: Probe,
    draw: Callable[[int], np.ndarray],
    count: int,
    size: int,
    blocks: int | None,
    budget: float,
) -> tuple[int, np.ndarray | Finding]:
    """``count`` replicates in one call; from a function that is slow because it walks over the data, as many as there is time for.

    Returns:
        How many there were, and the estimates.
    """

    def ask(rows: int, twice: bool = False) -> tuple[np.ndarray | Finding, float]:
        start, before = time.perf_counter(), probe.twice
        probe.twice = before and twice  # the trial has shown whether the function remembers
        try:
            return _samples(draw(rows), blocks or rows, size), time.perf_counter() - start
        finally:
            probe.twice = before

    trial, some = (
        -(-rows // (blocks or 1)) * (blocks or 1) for rows in (TRIAL, BLOCK)
    )  # rounded up to whole blocks
    got, before = ask(trial, twice=True)
    if isinstance(got, Finding) or before < SLOW or some >= count:
        return (trial, got) if isinstance(got, Finding) else (count, ask(count)[0])
    got, seconds = ask(some)
    if seconds < 1.5 * before:  # five times the rows in much the same time: no loop
        return count, ask(count)[0]
    found: list[np.ndarray] = []
    spent = seconds
    while not isinstance(got, Finding):
        found.append(got)
        if len(found) * some >= count or (len(found) > 1 and spent >= budget):
            return len(found) * some, np.concatenate(found)
        got, seconds = ask(some)
        spent += seconds
    return some, got


def _samples(samples: Any, count: int, size: int) -> np.ndarray | Finding:
    array = np.asarray(samples, dtype=float)
    if array.shape != (count, size):
        return Finding(
            False,
            f"{count} estimates of {size} numbers",
            f"an array of shape {array.shape}",
            "shape",
            "Keep the batch axis: every datum of the batch has an estimate of its own.",
        )
    if not np.isfinite(array).all():
        return Finding(
            False,
            "finite estimates",
            "NaN or infinity among them",
            "not_finite",
            "Look for the logarithm of zero, or an exponential that overflows.",
        )
    return array


def _close_mean(value: Any, mean: np.ndarray, error: np.ndarray, scale: float) -> bool:
    predicted = np.asarray(value, dtype=float)
    return predicted.shape == mean.shape and bool(
        (np.abs(mean - predicted) <= Z_LIMIT * error + 1e-9 * scale).all()
    )


def _matches_variance(value: Any, measured: np.ndarray) -> bool:
    predicted = np.asarray(value, dtype=float)
    if predicted.shape != measured.shape:
        return False
    return bool(
        (np.abs(np.log(np.maximum(measured, 1e-300) / np.maximum(predicted, 1e-300))) < 0.2).all()
    )
