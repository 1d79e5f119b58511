r"""From arrays to a finding: pure functions that decide, and say what came, what was expected and which mistake it looks like.

Three questions can be asked of an estimator. *Value at fixed noise* (``compare``): exact, so chance has no part in it. *Bias*
(``unbiased``): the mean of many replicates against the exact gradient. *Spread* (``spread``): the variance against the reference.

The last two are statistical and decided in **two stages**. The first looks at R replicates; what looks suspicious is measured
again with several times as many fresh ones, and only that second look can fail. A right answer fails with probability at most
p1 * p2, where p1 and p2 are the chances that one look exceeds its threshold under the null. Both are bounded by simulation of that
null (``audit.calibrate``), not read off the normal table, because estimates of gradients have heavier tails than that table knows.

Replicates are cheap where a function takes all data at once. One that walks over them is asked in blocks, for as long as there is
time; what bias would have been caught (``power``) is computed from the replicates that there were, and said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.probe import Probe

__all__ = [
    "ENOUGH",
    "Finding",
    "Mistake",
    "Z_LIMIT",
    "caught",
    "compare",
    "holds",
    "numbers",
    "power",
    "spread",
    "two_stages",
    "unbiased",
    "zero",
]

Z_LIMIT = 5.0  # a z-score that one look may reach
MORE = 10  # how many times more replicates the second look at a spread takes
REPLICATES, AGAIN = (
    10_000,
    4,
)  # of a first look at a mean, and how many times more its second look takes
NOISE_LIMIT = 1.5  # times the reference's standard error: beyond that, noise could hide a bias
TRIAL, BLOCK = (
    50,
    250,
)  # rows of the first, timed call; rows of a call where a function walks over the data
SLOW, BUDGET = (
    0.03,
    (1.5, 3.0),
)  # seconds: a trial that may be a loop; all calls of a first and of a second look at one
SURE = 0.95  # the power with which a bias is said to be caught
RTOL, ATOL = 1e-5, 1e-7
ENOUGH = 3  # distinct numbers, none of them zero, that a name must rest on


class Mistake(NamedTuple):
    """A mistake we expect, and what it would return: recognised when the answer agrees with ``value``.

    Attributes:
        key: its name in the corpus (``diagnosis: key``).
        says: a sentence to the learner: what was probably done, and what to do instead.
        value: the array that this mistake produces, or a function of the answer that says whether it looks like it. An array is better:
            a function that agrees with numbers drawn at random as well is asked last, after everything that is exact.
    """

    key: str
    says: str
    value: Any


@dataclass(frozen=True)
class Finding:
    """The outcome of one part of a check.

    The fields from ``got`` on are never shown: ``autograder.checks.diagnose`` reads them after the part, and drops them.

    Attributes:
        got, want: the arrays that were compared; ``want`` is None where there is no single right one.
        columns: named arrays of the shape of ``got``, made only when they are asked for; ``autograder.checks.autopsy`` adds them up.
        rests_on: distinct numbers on which the name rests; None where the check decided by itself.
        loose: the name comes from a function that says yes to numbers drawn at random, too.
        unnamed: key and sentence in case the name is withdrawn.
        alike: other results are asked to be the same numbers, so that the place where these stand proves no order.
    """

    ok: bool
    expected: str = ""
    came: str = ""
    diagnosis: str = ""
    says: str = ""
    got: Any = field(default=None, repr=False, compare=False)
    want: Any = field(default=None, repr=False, compare=False)
    columns: Callable[[], dict[str, np.ndarray]] | None = field(
        default=None, repr=False, compare=False
    )
    rests_on: tuple[float, ...] | None = field(default=None, repr=False, compare=False)
    loose: bool = field(default=False, repr=False, compare=False)
    unnamed: tuple[str, str] = field(default=("", ""), repr=False, compare=False)
    alike: bool = field(default=False, repr=False, compare=False)


def compare(
    got: Any,
    want: Any,
    mistakes: Sequence[Mistake] = (),
    rtol: float = RTOL,
    atol: float = ATOL,
    what: str = "it",
    columns: Callable[[], dict[str, np.ndarray]] | None = None,
) -> Finding:
    """Equal up to rounding, in shape and value. ``want`` may be nested in lists or dicts; ``got`` must then be too.

    Chance has no part in this: inputs are float64, and the tolerance leaves room for any right order of summation.

    Args:
        columns: makes the named parts of which the difference may be a sum, each of the shape of ``want``; called on failure alone. A
            gradient that was asked of p and q needs none: its parts are made from the request.
    """
    target = np.asarray(want, dtype=float)
    if isinstance(got, (bool, int, float, np.generic)):
        got = np.asarray(got)
    if isinstance(got, list):
        try:
            got = np.asarray([np.asarray(item, dtype=float) for item in got])
        except (TypeError, ValueError):
            pass
    if not isinstance(got, np.ndarray):
        kind = got.get("$type", "dict") if isinstance(got, dict) else type(got).__name__
        several = kind.startswith("result that is not")
        says = (
            "Return all of them, separated by commas, in the order of the docstring."
            if several
            else "Return a tensor."
        )
        return Finding(
            False,
            f"{what} is a tensor of shape {target.shape}",
            f"a {kind}",
            "type",
            says,
            got=got,
            want=target,
        )
    seen = _recognise(got, target, mistakes, rtol, atol)
    if got.shape != target.shape:
        same = np.squeeze(got).shape == np.squeeze(target).shape
        says = (
            "An axis of length one is too many, or missing: look at keepdim, unsqueeze and squeeze."
            if same
            else "Check which axes you sum or average over."
        )
        return seen.finding(
            f"{what} has shape {target.shape}",
            f"shape {got.shape}",
            "shape",
            says,
            got=got,
            want=target,
        )
    got = got.astype(float)
    if not np.isfinite(got).all():
        bad = int((~np.isfinite(got)).sum())
        return seen.finding(
            f"{what} is finite everywhere",
            f"{bad} of {got.size} numbers are NaN or infinite",
            "not_finite",
            "Look for the logarithm of zero, or an exponential that overflows.",
            got=got,
            want=target,
        )
    if np.allclose(got, target, rtol=rtol, atol=atol):
        return Finding(True, f"{what} = {_brief(target)}", _agreement(got, target))
    return seen.finding(
        f"{what} = {_brief(target)}",
        _brief(got),
        "value",
        "",
        got=got,
        want=target,
        columns=columns,
    )


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
        z = _normal_score((mean - exact) / np.maximum(sem, 1e-12 * scale), len(samples))
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
            least = caught(float(sem.max()) * _limit(len(samples)) / Z_LIMIT)
            where = " in any entry" if exact.size > 1 else ""
            came += f"; a bias of {least:.2g}{where} would have been caught with {SURE:.0%}"
            return max(statistics), Finding(False, expected, came)
        close = [
            m for m in mistakes if not callable(m.value) and _close_mean(m.value, mean, sem, scale)
        ]
        apart = [numbers(np.asarray(m.value, dtype=float), exact, Z_LIMIT * sem) for m in close]
        seen = _choose(list(zip(close, apart, strict=True))) or _by_function(
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


def power(bias: float, error: float, more: float = AGAIN) -> float:
    """The chance that ``unbiased`` catches a bias: both looks must find it more than ``Z_LIMIT`` standard errors away.

    Args:
        error: the standard error of the first look; the second has ``more`` times as many replicates.

    >>> round(power(0.07, 0.01), 2), round(power(0.05, 0.01), 2)
    (0.98, 0.5)
    """

    def exceeds(shift: float) -> float:
        return 0.5 * math.erfc((Z_LIMIT - shift) / 2**0.5) + 0.5 * math.erfc(
            (Z_LIMIT + shift) / 2**0.5
        )

    return exceeds(bias / error) * exceeds(bias / error * more**0.5)


def caught(error: float, chance: float = SURE) -> float:
    """The smallest bias that ``unbiased`` catches with this chance, from the standard error of its first look.

    >>> round(caught(0.01), 3)
    0.066
    """
    low, high = 0.0, 4 * Z_LIMIT
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle, 1.0) < chance else (low, middle)
    return high * error


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
        seen = _choose(list(zip(close, apart, strict=True))) or _by_function(
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


def zero(
    got: np.ndarray,
    scale: float = 1.0,
    mistakes: Sequence[Mistake] = (),
    what: str = "the gradient",
    tol: float = 1e-8,
) -> Finding:
    """Zero up to rounding: for a gradient whose variance vanishes at the posterior, sample by sample."""
    got = np.asarray(got, dtype=float)
    largest = float(np.abs(got).max()) if got.size else 0.0
    if got.size and np.isfinite(got).all() and largest <= tol * max(scale, 1.0):
        return Finding(True, f"{what} is zero for every draw", f"at most {largest:.1e}")
    seen = _recognise(got, np.zeros_like(got), mistakes, 1e-5, 1e-7)
    expected = f"{what} is zero for every draw of the noise"
    return seen.finding(
        expected, f"numbers up to {largest:.3g}", "not_zero", "", got=got, want=np.zeros_like(got)
    )


def holds(
    ok: bool, expected: str, came: str, diagnosis: str = "property", says: str = ""
) -> Finding:
    """A property stated in words, with what was seen."""
    return Finding(True, expected, came) if ok else Finding(False, expected, came, diagnosis, says)


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


def numbers(mistaken: np.ndarray, right: np.ndarray, room: Any = 0.0) -> tuple[float, ...]:
    """The distinct numbers, none of them zero, by which a mistake can be told from what is right; entries where both agree say nothing.

    Args:
        room: differences up to this are no difference.
    """
    if mistaken.shape == right.shape:
        with np.errstate(all="ignore"):
            apart = (np.abs(mistaken - right) > RTOL * np.abs(right) + ATOL + room) & np.isfinite(
                mistaken
            )
        mistaken, right = mistaken[apart], right[apart]
    return max((_distinct(right), _distinct(mistaken)), key=len)


def _distinct(values: np.ndarray) -> tuple[float, ...]:
    finite = values[np.isfinite(values) & (np.abs(values) > 1e-6)]
    return tuple(float(value) for value in np.unique(np.round(finite, 7)))


class _Seen(NamedTuple):
    """What the mistakes of a part say of an answer."""

    key: str = ""
    says: str = ""
    rests_on: tuple[float, ...] | None = None
    loose: bool = False

    def __bool__(self) -> bool:
        return bool(self.key)

    def finding(self, expected: str, came: str, key: str, says: str, **more: Any) -> Finding:
        """A failure under this name, or under the key and the sentence that go without one."""
        return Finding(
            False,
            expected,
            came,
            self.key or key,
            self.says or says,
            rests_on=self.rests_on,
            loose=self.loose,
            unnamed=(key, says),
            **more,
        )


def _choose(fits: Sequence[tuple[Mistake, tuple[float, ...]]], loose: bool = False) -> _Seen:
    """The name on which all that fit agree. Where two fit, both are said and neither is named."""
    if not fits:
        return _Seen()
    if len({mistake.key for mistake, _ in fits}) > 1:
        return _Seen(
            "either",
            "Either of these would give what came. "
            + " Or: ".join(dict.fromkeys(m.says for m, _ in fits)),
        )
    (mistake, _), seen = fits[0], max((rests_on for _, rests_on in fits), key=len)
    return _Seen(mistake.key, mistake.says, None if loose else seen, loose)


def _recognise(
    got: np.ndarray, target: np.ndarray, mistakes: Sequence[Mistake], rtol: float, atol: float
) -> _Seen:
    """The mistake whose prediction agrees with what came and not with what is right: arrays first, then functions."""
    fits = []
    for mistake in mistakes:
        if callable(mistake.value):
            continue
        predicted = np.asarray(mistake.value, dtype=float)
        try:
            if (
                predicted.shape == got.shape
                and np.isfinite(predicted).any()
                and np.allclose(
                    got.astype(float), predicted, rtol=10 * rtol, atol=10 * atol, equal_nan=True
                )
            ):
                fits.append((mistake, numbers(predicted, target)))
        except (TypeError, ValueError):
            continue
    return _choose(fits) or _by_function(mistakes, got, got, target)


def _by_function(
    mistakes: Sequence[Mistake], asked: np.ndarray, got: np.ndarray, target: np.ndarray
) -> _Seen:
    """Mistakes that are recognised by a function: those that know numbers drawn at random from what came, then the first of the others."""
    fits = [mistake for mistake in mistakes if callable(mistake.value) and mistake.value(asked)]
    if not fits:
        return _Seen()
    decoys = _decoys(asked)
    sharp = [mistake for mistake in fits if not any(_agrees(mistake, decoy) for decoy in decoys)]
    rests_on = numbers(np.asarray(got, dtype=float), target) if sharp else ()
    return _choose([(mistake, rests_on) for mistake in sharp]) or _choose(
        [(fits[0], ())], loose=True
    )


def _agrees(mistake: Mistake, decoy: np.ndarray) -> bool:
    try:
        return bool(mistake.value(decoy))
    except Exception:
        return False


def _decoys(got: np.ndarray, count: int = 3) -> list[np.ndarray]:
    """Numbers drawn at random, of the shape and size of what came, and NaN or infinite where that was."""
    rng, values = np.random.default_rng(0), np.asarray(got, dtype=float)
    finite = np.isfinite(values)
    size = np.abs(values[finite]).mean() + 1e-3 if finite.any() else 1.0
    shift = rng.normal(size=(count, *values.shape[1:])) if values.ndim else np.zeros(count)
    return [
        np.where(finite, size * (rng.normal(size=values.shape) + shift[i]), values)
        for i in range(count)
    ]


def _normal_score(t: np.ndarray, count: int) -> np.ndarray:
    """Student's t of so many estimates as the z-score that is as rare; far out, t itself."""
    from scipy.special import ndtri, stdtr

    far = 6 * Z_LIMIT
    near = np.clip(np.abs(t), 0.0, far)
    return np.sign(t) * np.where(near < far, -ndtri(stdtr(count - 1, -near)), np.abs(t))


def _limit(count: int) -> float:
    """The value of Student's t that is as rare as a z-score of ``Z_LIMIT``."""
    from scipy.special import ndtr, stdtrit

    return -float(stdtrit(count - 1, ndtr(-Z_LIMIT)))


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


def _agreement(got: np.ndarray, target: np.ndarray) -> str:
    """How well two arrays agree that are equal up to rounding, in words."""
    error, scale = (
        float(np.abs(got - target).max(initial=0.0)),
        float(np.abs(target).max(initial=0.0)),
    )
    if error == 0.0:
        return "as asked, to the last digit"
    return (
        f"as asked, to {int(np.log10(scale / error))} digits" if scale > 10 * error else "as asked"
    )


def _brief(array: np.ndarray) -> str:
    """A few numbers of an array, enough to see what is going on."""
    flat = np.atleast_1d(array).ravel()
    shown = ", ".join(f"{number:.5g}" for number in flat[:4])
    more = f", ... ({flat.size} numbers)" if flat.size > 4 else ""
    return f"{shown}{more}" if array.ndim == 0 else f"[{shown}{more}]"
