"""A bootstrap filter at given noise: evidence, term by term, and filtered means."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays, judged_rows
from autograder.units.unit_17.problems import filter_curved
from autograder.units.unit_17.reference import RTOL, log_sum_exp

EXERCISE = exercise(
    __name__,
    title="A bootstrap filter",
    function="bootstrap_filter",
    points=4,
    difficulty=3,
    importance=5,
    minutes=45,
    read="section 2, A step at a time",
    hides=[
        "learning.particles:particle_filter",
        "learning.particles:resample",
        "experiments.resampling:children",
        "experiments.nile_gaps:with_gaps",
    ],
)

NAMES = "log terms, means"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """A model's numbers, series ``(T, *B)``, noise ``(T, N, *B)``, uniform numbers ``(T - 1, N, *B)``, and the threshold."""

    params: Arrays
    x: np.ndarray
    noise: np.ndarray
    uniforms: np.ndarray
    below: float


def effective(log_w: np.ndarray) -> np.ndarray:
    """The effective sample size of normalized log weights, ``(*B)``."""
    size: np.ndarray = 1 / np.exp(2 * log_w).sum(0)
    return size


def ancestors(log_w: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    edges = np.exp(log_w).cumsum(0)
    edges[-1] = 1.0
    found: np.ndarray = (edges[None] < uniform[:, None]).sum(1)
    return found


def run(
    given: Given, fault: str = "", sizes: list[np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Log terms and filtered means, ``(T, *B)`` both: those of a right filter, or of one with a fault.

    ``sizes`` is told the effective sample sizes before each move.
    """
    made = filter_curved(**{name: torch.from_numpy(one) for name, one in given.params.items()})
    count, even = given.noise.shape[1], -np.log(given.noise.shape[1])
    log_w = np.full(given.noise.shape[1:], even)
    z, terms, means = log_w, [], []
    for t, (datum, eps) in enumerate(zip(given.x, given.noise, strict=True)):
        if t:
            if sizes is not None:
                sizes.append(effective(log_w))
            z, log_w = _resampled(given, t, z, log_w, fault)
            eps = given.noise[0] if fault == "noise_again" else eps
            at = t - 1 if fault == "counts_from_zero" else t
            new = made["move"](at, torch.from_numpy(z), torch.from_numpy(eps)).numpy()
        else:
            new = made["first"](torch.from_numpy(eps)).numpy()
        told = np.nan_to_num(datum, nan=0.0) if fault == "missing_as_zero" else datum
        gain = made["see"](t, torch.from_numpy(new), torch.as_tensor(told)).numpy()
        gain = np.where(np.isnan(told), 0.0, gain)
        log_w = log_w + gain
        term = log_sum_exp(log_w, 0)
        if fault == "even_mean":
            term = log_sum_exp(gain, 0) + even
        if fault == "mean_of_logs":
            term = (np.exp(log_w - gain) * gain).sum(0)
        if fault == "sum_for_mean" and t == 0:
            term = term - even
        log_w = log_w - log_sum_exp(log_w, 0)
        share = np.exp(log_w)
        shown = z if fault == "old_states" and t else new
        means.append(shown.mean(0) if fault == "unweighted" else (share * shown).sum(0))
        terms.append(term)
        z = new
    found = np.stack(terms)
    if fault == "cumulated":
        found = found.cumsum(0)
    if fault == "not_log":
        found = np.exp(found)
    if fault == "n_in_each_term":
        found = found + np.log(count)
    if fault == "n_twice":
        found = found - np.log(count)
    return found, np.stack(means)


def _resampled(
    given: Given, t: int, z: np.ndarray, log_w: np.ndarray, fault: str
) -> tuple[np.ndarray, np.ndarray]:
    """Particles and log weights after those series that need it are resampled."""
    count, uniform = len(log_w), given.uniforms[t - 1]
    size, limit = effective(log_w), given.below * len(log_w)
    needed = size <= limit
    if fault == "all_or_none":
        needed = np.full(size.shape, bool((size <= limit).any()))
    if fault == "by_the_mean":
        needed = np.full(size.shape, bool(size.mean() <= limit))
    if fault == "always":
        needed = np.full(size.shape, True)
    if fault == "never":
        needed = np.full(size.shape, False)
    if fault == "threshold_turned":
        needed = ~needed
    if fault == "threshold_in_particles":
        needed = size <= given.below
    index = ancestors(log_w, uniform)
    if fault == "heaviest":
        index = np.broadcast_to(log_w.argmax(0), index.shape)
    if fault == "first_series":
        flat = index.reshape(count, -1)
        index = np.broadcast_to(flat[:, :1], flat.shape).reshape(index.shape)
    if fault == "uniformly":
        index = np.minimum((uniform * count).astype(int), count - 1)
    if fault == "next_particle":
        index = np.minimum(index + 1, count - 1)
    if fault == "sorted_uniforms":
        index = ancestors(log_w, np.sort(uniform, 0))
    moved = np.take_along_axis(z, index, 0)
    even = np.full_like(log_w, -np.log(count))
    if fault == "kept":
        even = np.take_along_axis(log_w, index, 0)
        even = even - log_sum_exp(even, 0)
    if fault == "kept_plain":
        even = np.take_along_axis(log_w, index, 0)
    if fault == "kept_in_place":
        even = log_w
    if fault == "reset_to_one":
        even = np.zeros_like(log_w)
    if fault == "reset_always":
        return np.where(needed, moved, z), even
    return np.where(needed, moved, z), np.where(needed, even, log_w)


FAULTS = {
    "kept": "Resampled particles keep their ancestors' weights: what was heavy is counted twice. The draw has spent the weights.",
    "kept_plain": "Resampled particles keep their ancestors' weights: what was heavy is counted twice. The draw has spent the weights.",
    "kept_in_place": "The particles are resampled and the weights left where they were: they belong to particles that are gone.",
    "reset_to_one": "After resampling each weight is one over N, not one: the evidence has grown by a factor N.",
    "reset_always": "Weights are reset in series that were not resampled, too. There they are still needed.",
    "heaviest": "All particles come from the heaviest one. Draw them with their weights as probabilities.",
    "first_series": "All series take the ancestors of the first one. Each has weights of its own.",
    "uniformly": "Ancestors are drawn with equal chances. Draw them with their weights as probabilities.",
    "next_particle": "Each ancestor is one further than it should be: look at the edges of the cumulated weights.",
    "sorted_uniforms": "The uniform numbers are sorted. Each particle has one of its own.",
    "all_or_none": "All series are resampled as soon as one needs it. Each is judged by its own weights.",
    "by_the_mean": "The mean effective size of the batch decides for all series. Each is judged by its own weights.",
    "always": "Every series is resampled at every step. Only those are whose effective sample size is at most `below` times N.",
    "never": "No series is resampled.",
    "threshold_turned": "The series that need no resampling are resampled, and those that need it are not.",
    "threshold_in_particles": "`below` is a share of N, not a number of particles.",
    "noise_again": "The first step's noise is used again at each step.",
    "counts_from_zero": "move(t, ...) leads to step t, counted from zero: the first move has t = 1.",
    "even_mean": "A term is a mean of likelihoods under the weights that the particles bring along, where they were not reset.",
    "mean_of_logs": "This averages log-likelihoods. The evidence is a mean of likelihoods: the logarithm comes last.",
    "sum_for_mean": "The first term is a sum over the particles; it is a mean.",
    "n_in_each_term": "Each term is log N too large: a sum over the particles, where it is a mean.",
    "n_twice": "Each term is log N too small: the mean was divided by N once more.",
    "missing_as_zero": "A datum that was not seen was taken for a zero that was.",
    "cumulated": "These are the sums up to each step. One term for each step is asked.",
    "not_log": "These are the terms, not their logarithms.",
    "unweighted": "This is the plain mean of the particles. Their weights have seen x_t.",
    "old_states": "The weights belong to the new states. These are the states before the move.",
}
ONE_FOR_ALL = (
    "The likelihoods of the whole batch are set beside one and the same number: those of a series far below the others are zero to a "
    "computer. Each series and step has a number of its own."
)
IN_MEANS = ("unweighted", "old_states")


def _mistakes(given: Given, row: int) -> list[Mistake]:
    return [
        Mistake("kept" if key == "kept_plain" else key, hint, run(given, key)[row])
        for key, hint in FAULTS.items()
        if row == 1 or key not in IN_MEANS
    ]


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    steps: int,
    count: int,
    below: float,
    wall: float = -np.inf,
    far: float | np.ndarray = 0.0,
    missing: float = 0.0,
    blind: float = np.nan,
) -> Given:
    """A model whose every part shows, and series near what it would draw; nothing lies near an edge where rounding decides."""
    while True:
        params = {
            "start": np.array([rng.uniform(0.3, 1.0), rng.uniform(0.6, 1.2)]),
            "curve": np.array(
                [
                    rng.uniform(0.3, 0.7),
                    rng.uniform(0.5, 1.0),
                    rng.uniform(0.05, 0.2),
                    rng.uniform(0.4, 0.9),
                ]
            ),
            "sight": np.array(
                [rng.uniform(0.7, 1.4), rng.uniform(-0.9, -0.3), rng.uniform(0.1, 0.3)]
            ),
            "wall": np.array(wall),
            "blind": np.array(blind),
        }
        x = rng.normal(size=(steps, *batch)) * 1.2 + 0.8 + far
        x = np.where(rng.random(x.shape) < missing, np.nan, x)
        noise = rng.normal(size=(steps, count, *batch))
        uniforms = rng.uniform(size=(max(steps - 1, 0), count, *batch))
        given = Given(params, x, noise, uniforms, below)
        if np.isfinite(run(given)[0]).all() and _clear(given):
            return given


def _each_by_itself(given: Given) -> bool:
    """Before one move some series need resampling and others do not; before another none does."""
    sizes: list[np.ndarray] = []
    run(given, sizes=sizes)
    needed = np.stack(sizes) <= given.below * given.noise.shape[1]
    each = needed.reshape(len(needed), -1)
    return bool((each.any(1) & ~each.all(1)).any() and (~each.any(1)).any())


def _clear(given: Given) -> bool:
    """No effective size within a millionth of the threshold."""
    if given.below == 0.0:
        return True
    sizes: list[np.ndarray] = []
    run(given, sizes=sizes)
    count = given.noise.shape[1]
    return all((np.abs(one - given.below * count) > 1e-6 * count).all() for one in sizes)


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    _, x, noise, uniforms, below = given
    reply = probe.value(
        ref("first"),
        ref("move"),
        ref("see"),
        x,
        noise,
        uniforms,
        below,
        problem="filter/curved",
        params=given.params,
    )
    rest = f"{noise.shape[1]} particles, x of shape {x.shape}, below = {below:.3g}"
    return judged_rows(
        reply,
        run(given),
        NAMES,
        rows,
        _mistakes,
        given,
        lambda row: f"the {ROWS[row]}, {rest}",
        RTOL,
    )


def _row(probe: Probe, rng: np.random.Generator, row: int, shares: tuple[float, ...]) -> Finding:
    finding = Finding(True)
    shapes = (((3,), 4, 5), ((2, 3), 3, 4), ((5,), 6, 7))
    for (batch, steps, count), below in zip(shapes, shares, strict=True):
        given = _given(rng, batch, steps, count, below)
        while 0 < below < 1 and not _each_by_itself(given):
            given = _given(rng, batch, steps, count, below)
        finding = _judge(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("The terms of the log evidence, resampled at every step", weight=1)
def every_step(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0, (1.0, 1.0, 1.0))


@EXERCISE.part("The terms where each series is resampled when it needs it, or never", weight=1.5)
def when_needed(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0, (float(rng.uniform(0.45, 0.6)), 0.0, float(rng.uniform(0.4, 0.6))))


@EXERCISE.part("The filtered means", weight=1)
def means(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1, (1.0, float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.45, 0.6))))


@EXERCISE.part("Both, where some data were not seen", weight=0.5, needs=["when_needed", "means"])
def gaps(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for blind in (
        np.nan,
        float(rng.uniform(1, 2)),
    ):  # what the model says of a datum that is not there
        below = float(rng.uniform(0.4, 0.7))
        given = _given(rng, (4,), 6, 5, below, missing=0.4, blind=blind)
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    return finding


@EXERCISE.part(
    "One particle, one step, no batch axis; particles that cannot be; likelihoods below 1e-300, in all series and in one",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    half = float(rng.uniform(0.4, 0.6))
    cases = [
        _given(rng, (), 4, 5, half),
        _given(rng, (2,), 4, 1, half),
        _given(rng, (3,), 1, 4, 1.0),
        _given(rng, (3,), 4, 12, half, wall=0.4),
        _given(rng, (3,), 4, 6, half, far=60.0),
    ]
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given, 0, 1) if finding.ok else finding
    if finding.ok:
        far = np.zeros(3)
        far[rng.integers(3)] = 120.0
        given = _given(rng, (3,), 4, 6, half, far=far)
        finding = _one_maximum(_judge(probe, given, 0, 1), far > 0)
    return finding


def _one_maximum(finding: Finding, far: np.ndarray) -> Finding:
    """Named if only the series far out is neither finite nor right, where batches that are far out altogether came out right."""
    if finding.diagnosis != "not_finite":
        return finding
    got, want = np.asarray(finding.got, dtype=float), finding.want
    if np.isfinite(got[:, far]).any() or not np.allclose(got[:, ~far], want[:, ~far], RTOL):
        return finding
    return replace(finding, diagnosis="one_for_all", hint=ONE_FOR_ALL, rests_on=None)
