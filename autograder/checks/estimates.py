r"""Questions of chance: the mean of many estimates (``unbiased``), and their variance (``efficiency``).

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
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.efficiency import (
    NOISY,
    NOTHING,
    QUIET,
    Draws,
    joined,
    measured,
    outside,
    points,
)
from autograder.checks.finding import Finding, Mistake
from autograder.checks.power import AGAIN, REPLICATES, SURE, Z_LIMIT, caught, limit, normal_score
from autograder.checks.probe import Probe
from autograder.checks.recognise import by_function, choose, numbers

__all__ = ["efficiency", "two_stages", "unbiased"]

MORE = 10  # how many times more replicates a second look takes, if nothing else is said
SPREAD = 2000  # replicates of a first look at a variance
NOISE_LIMIT = (
    NOTHING**-0.5
)  # times the reference's error: beyond, noise hides a bias, and efficiency earns nothing
TRIAL, GROW = 50, 8  # rows of the first call, and how many times more the next one has
SLOW, LOOP = 0.03, 5e-5  # seconds of a call that may be a loop, and of each further row if it is
BUDGET = (1.5, 3.0)  # seconds: all calls of a first and of a second look at one that is


def unbiased(
    probe: Probe,
    draw: Callable[[int], np.ndarray | Draws],
    exact: np.ndarray,
    replicates: int = REPLICATES,
    mistakes: Sequence[Mistake] = (),
    names: Sequence[str] | None = None,
    what: str = "the mean of the estimates",
    blocks: int | None = None,
) -> Finding:
    """The mean of R independent estimates against the exact answer, in units of the standard error.

    Args:
        draw: called with R, returns estimates ``(R, P)``, fresh at each call, or ``Draws`` with those of right estimators
            beside them. The noise may then be at most ``NOISE_LIMIT`` times that of the noisiest, so that it cannot hide a bias,
            and no less than that of the quietest (``autograder.checks.efficiency``).
        exact: ``(P,)``.
        mistakes: their values are the means that the mistakes would have, ``(P,)``.
        names: of the P entries, for the message.
        blocks: ``draw`` returns the means of so many equal blocks of replicates, ``(blocks, P)``.
    """
    exact = np.atleast_1d(np.asarray(exact, dtype=float))
    names = list(names or [f"entry {index}" for index in range(exact.size)])

    def look(count: int) -> tuple[float, Finding]:
        reached, draws = _ask(probe, draw, count, exact.size, blocks, BUDGET[count > replicates])
        if isinstance(draws, Finding):
            return np.inf, draws
        samples = draws.estimates
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
        noise, quiet = _noise(draws)
        worst, loud, still = int(np.abs(z).argmax()), int(noise.argmax()), int(quiet.argmax())
        statistics = (
            float(np.abs(z[worst]) / Z_LIMIT),
            float(noise[loud] / NOISE_LIMIT),
            float(quiet[still]),
        )
        found = measured(draws)
        over = f"over {reached:,} replicates" + (
            ""
            if reached >= count
            else ", all that there was time for: your function seems to take the data one by one"
        )
        actual = f"{names[worst]}: {mean[worst]:.4g} ± {sem[worst]:.2g} {over} (z = {z[worst]:.1f})"
        expected = f"{what}: {names[worst]} = {exact[worst]:.4g}"
        if max(statistics) <= 1:
            least = caught(float(sem.max()) * limit(len(samples)) / Z_LIMIT)
            where = " in any entry" if exact.size > 1 else ""
            actual += f"; a bias of {least:.2g}{where} would have been caught with {SURE:.0%}"
            return max(statistics), Finding(False, expected, actual, efficiency=found)
        close = [
            m for m in mistakes if not callable(m.value) and _close_mean(m.value, mean, sem, scale)
        ]
        apart = [numbers(np.asarray(m.value, dtype=float), exact, Z_LIMIT * sem) for m in close]
        seen = choose(list(zip(close, apart, strict=True))) or by_function(
            mistakes, samples, mean, exact
        )
        if not seen and max(statistics) > statistics[0]:
            failed = (
                _too_quiet(names[still], what, over)
                if statistics[2] > statistics[1]
                else Finding(
                    False,
                    f"{what}, with at most {NOISE_LIMIT:.1f} times the noise of a right estimate",
                    f"{names[loud]}: {noise[loud]:.3g} times the noise of a right estimate, {over}",
                    "too_noisy",
                    "So much noise could hide a bias, and hardly climbs. Each estimate is noisier "
                    "than the formula that was asked for.",
                )
            )
            return max(statistics), replace(failed, efficiency=found)
        return max(statistics), replace(
            seen.finding(
                expected,
                actual,
                "biased",
                "On average your estimate is not the gradient: it is biased.",
            ),
            efficiency=found,
        )

    return two_stages(probe, look, replicates // probe.fewer, AGAIN)


def efficiency(
    probe: Probe,
    draw: Callable[[int], Draws],
    names: Sequence[str],
    replicates: int = SPREAD,
    blocks: int | None = None,
) -> Finding:
    """The variance of the estimates against those of right ones: outside of their envelope it costs points.

    Too noisy earns less on a scale, ``efficiency.points``: all of it down to an efficiency of 0.8, nothing at 0.1, and each halving
    costs a third. Too quiet earns nothing. The mean is not looked at: ask ``unbiased`` first, and let this part need that one.

    Args:
        draw: called with R, returns estimates ``(R, P)`` with those of the right estimators, fresh at each call.
        names: of the P entries, for the message.
        blocks: see ``unbiased``.
    """
    size = len(names)

    def look(count: int) -> tuple[float, Finding]:
        reached, draws = _ask(probe, draw, count, size, blocks, BUDGET[count > replicates])
        if isinstance(draws, Finding):
            return np.inf, draws
        noisy, quiet, value = outside(draws)
        found, over = measured(draws), f"over {reached:,} replicates"
        loud, still = int(noisy.argmax()), int(quiet.argmax())
        statistic = float(max(noisy[loud], quiet[still]))
        expected = f"an efficiency from {NOISY:g} to {QUIET:g} of a right estimator"
        if quiet[still] >= noisy[loud]:
            failed = _too_quiet(names[still], "estimates", over)
        else:
            failed = Finding(
                False,
                expected,
                f"{names[loud]}: {value[loud]:.2g} of the noisiest of them, {over}",
                "too_noisy",
                "Right on average, and noisier than it has to be: as many samples as you draw, each of "
                "them used for what it is, make a quieter estimate.",
                share=points(float(value[loud])),
            )
        if statistic <= 1:
            failed = Finding(False, expected, f"as quiet as a right estimator, {over}")
        return statistic, replace(failed, efficiency=found)

    return two_stages(probe, look, replicates // probe.fewer, AGAIN)


def _noise(draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """The standard error over that of the noisiest reference, and how far the variance lies below the quietest; ``(P,)`` both."""
    if not draws.references:
        none = np.zeros(draws.estimates.shape[1])
        return none, none
    noisiest = np.max([rows.std(0) for rows in draws.references.values()], 0)
    return draws.estimates.std(0) / np.maximum(noisiest, 1e-300), outside(draws)[1]


def _too_quiet(name: str, what: str, over: str) -> Finding:
    return Finding(
        False,
        f"{what}, with the noise that a sample of this size has",
        f"{name}: less noise than any right estimate has, {over}",
        "too_quiet",
        "There is less noise in it than the samples given can leave. Is one estimate averaged with others that it should know "
        "nothing of (the mean over the data, further draws), or something exact where an estimate was asked for?",
    )


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
            return Finding(True, finding.expected, finding.actual, efficiency=finding.efficiency)
        if not np.isfinite(statistic):
            return finding
    return finding


def _ask(
    probe: Probe,
    draw: Callable[[int], np.ndarray | Draws],
    count: int,
    size: int,
    blocks: int | None,
    budget: float,
) -> tuple[int, Draws | Finding]:
    """``count`` replicates in one call; from a function that is slow because it walks over the data, as many as there is time for.

    Calls grow by ``GROW``, so that no mishap of the clock can hand a great many rows to a loop, which may need their square in memory.

    Returns:
        How many there were, and the estimates.
    """

    def ask(rows: int) -> tuple[Draws | Finding, float]:
        start, before = time.perf_counter(), probe.twice
        probe.twice = before and rows == sizes[0]  # that has shown whether the function remembers
        try:
            return _draws(draw(rows), blocks or rows, size), time.perf_counter() - start
        finally:
            probe.twice = before

    sizes, whole = [TRIAL], blocks or 1  # rounded up to whole blocks
    while sizes[-1] * GROW < count:
        sizes.append(sizes[-1] * GROW)
    sizes = [min(-(-rows // whole) * whole, count) for rows in sizes] + [count]
    fewer, before = 0, 0.0
    for rows in sizes:
        got, seconds = ask(rows)
        if isinstance(got, Finding) or rows == count:
            return rows, got
        if fewer and seconds > SLOW and seconds - before > LOOP * (rows - fewer):
            break
        fewer, before = rows, seconds
    found, spent = [], seconds
    while not isinstance(got, Finding):
        found.append(got)
        if len(found) * rows >= count or (len(found) > 1 and spent >= budget):
            return len(found) * rows, joined(found)
        got, seconds = ask(rows)
        spent += seconds
    return rows, got


def _draws(actual: Any, count: int, size: int) -> Draws | Finding:
    draws = actual if isinstance(actual, Draws) else Draws(actual)
    array = np.asarray(draws.estimates, dtype=float)
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
    return draws._replace(estimates=array)


def _close_mean(value: Any, mean: np.ndarray, error: np.ndarray, scale: float) -> bool:
    predicted = np.asarray(value, dtype=float)
    return predicted.shape == mean.shape and bool(
        (np.abs(mean - predicted) <= Z_LIMIT * error + 1e-9 * scale).all()
    )
