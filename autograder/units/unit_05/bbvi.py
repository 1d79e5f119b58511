"""Black box variational inference, and a parameter of the model learned with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from autograder.checks.compare import holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import (
    LOG_2PI,
    as_array,
    decided_by_the_seed,
    last_tenth,
    not_a_history,
)

EXERCISE = exercise(
    __name__,
    title="Black box variational inference, theta included",
    function="bbvi",
    points=3,
    difficulty=3,
    importance=5,
    minutes=35,
    read="section 6, All together: black-box variational inference",
    hides=[],
    because="learning.fit with an estimator of the learner's own is a right answer",
)

DIM, ROWS = 3, 40
SHORT = 0.3  # nats that a climb may end below the best bound
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(30)
UNTRAINED = "q and p are as they were. Step an optimizer over q.parameters() and p.parameters(), and not over copies."

WANDERS = (
    "Climbs from several seeds do not set out in the same direction, or not towards the best q: on average their first steps are no "
    "gradient in q, or one that drowns in its noise. Is log w, a plain number, multiplied with the score, and is there a baseline?"
)


def elbo(numbers: np.ndarray, x: np.ndarray) -> float:
    """The exact ELBO at (loc, log_scale, log tau): each logit is normal under q, so its expectation is one integral."""
    dim = x.shape[1] - 1
    loc, scale, log_tau = numbers[:dim], np.exp(numbers[dim:-1]), numbers[-1]
    features, signs = x[:, :-1], 2 * x[:, -1] - 1
    mean, spread = features @ loc, np.sqrt(features**2 @ scale**2)
    logits = signs[:, None] * (mean[:, None] + spread[:, None] * NODES)
    likelihood = -(np.logaddexp(0.0, -logits) @ WEIGHTS).sum() / WEIGHTS.sum()
    square = ((loc**2 + scale**2) / np.exp(2 * log_tau)).sum()
    prior = -0.5 * square - dim * (log_tau + 0.5 * LOG_2PI)
    entropy = np.log(scale).sum() + 0.5 * dim * (1 + LOG_2PI)
    return float(likelihood + prior + entropy)


def best(x: np.ndarray, log_tau: float | None = None) -> np.ndarray:
    """The numbers with the best ELBO; at a given log tau, if there is one."""
    start = np.zeros(2 * (x.shape[1] - 1) + (log_tau is None))

    def loss(free: np.ndarray) -> float:
        numbers = free if log_tau is None else np.append(free, log_tau)
        return -elbo(np.clip(numbers, -20, 20), x)

    found: np.ndarray = minimize(loss, start, method="BFGS").x
    return found if log_tau is None else np.append(found, log_tau)


class _Run(NamedTuple):
    """A problem that nobody knows beforehand, and what the learner made of it.

    Attributes:
        problem: x, the seed, and where q and theta began, as the drivers take them.
        before, out, best: (loc, log_scale, log tau) before and after the climb, and at the best bound.
        first, last: the exact ELBO before, and at the best.
        history: what the learner returned.
    """

    x: np.ndarray
    problem: dict[str, Any]
    seed: int
    before: np.ndarray
    out: np.ndarray
    best: np.ndarray
    first: float
    last: float
    history: np.ndarray

    def begun(self, probe: Probe, seeds: list[int]) -> np.ndarray:
        """Where climbs from these seeds are after their first steps."""
        return as_array(probe.drive("bbvi/begin", seeds=seeds, **self.problem))

    def directed(self, probe: Probe) -> bool:
        """Whether the first steps of climbs from several seeds agree, and lead to the best q."""
        paths = self.begun(probe, [self.seed + more for more in range(1, 6)])
        if paths.shape != (5, 2 * DIM + 1) or not np.isfinite(paths).all():
            return False
        moves = paths[:, :-1] - self.before[:-1]
        ways = moves / np.maximum(np.linalg.norm(moves, axis=-1, keepdims=True), 1e-12)
        aim = self.best[:-1] - self.before[:-1]
        pairs = (ways @ ways.T)[np.triu_indices(len(ways), 1)]
        return bool(pairs.mean() > 0.4 and (ways @ aim).mean() > 0.4 * np.linalg.norm(aim))

    @property
    def untrained(self) -> bool:
        return bool(np.allclose(self.out, self.before, atol=1e-6))

    @property
    def rising(self) -> bool:
        """Whether the climb stopped while its bound still rose."""
        history = self.history
        if history.ndim != 1 or len(history) < 20 or not np.isfinite(history).all():
            return False
        quarter = len(history) // 4
        late, before = history[-quarter:], history[-2 * quarter : -quarter]
        error = np.hypot(late.std(), before.std()) / quarter**0.5
        return bool(late.mean() - before.mean() > max(0.05, 3 * error))


def _problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of features and labels, and where q and theta begin: the prior far too wide, or far too narrow."""
    while True:
        features = np.concatenate([np.ones((ROWS, 1)), rng.normal(size=(ROWS, DIM - 1))], -1)
        truth = rng.uniform(0.8, 1.6, DIM) * rng.choice([-1, 1], DIM)
        chance = 1 / (1 + np.exp(-features @ truth))
        x = np.concatenate([features, (rng.random((ROWS, 1)) < chance[:, None]).astype(float)], -1)
        log_tau = float(rng.uniform(1.4, 1.7) * rng.choice([-1, 1]))
        loc = rng.uniform(0.3, 0.6, DIM) * -np.sign(truth)
        before = np.concatenate([loc, rng.uniform(-1.2, -0.6, DIM), [log_tau]])
        there = best(x)
        if np.abs(there).max() < 2.0 and elbo(there, x) - elbo(best(x, log_tau), x) > 4 * SHORT:
            return x, before


def _climbed(probe: Probe, rng: np.random.Generator) -> _Run:
    x, before = _problem(rng)
    seed, there = int(rng.integers(1000)), best(x)
    problem = {
        "x": x,
        "log_prior_scale": float(before[-1]),
        "loc": before[:DIM],
        "log_scale": before[DIM:-1],
    }
    reply = probe.drive("bbvi/train", seed=seed, **problem)
    out, bounds = as_array(reply["out"]), as_array(reply["bounds"])
    return _Run(x, problem, seed, before, out, there, elbo(before, x), elbo(there, x), bounds)


def _unmoved(run: _Run) -> Finding | None:
    """What to say if q, or everything, is as it was."""
    if run.untrained:
        return holds(False, "a climb", "nothing has moved", "untrained", UNTRAINED)
    if np.allclose(run.out[:-1], run.before[:-1], atol=1e-6):
        hint = "p has moved, and q is as it was. Step an optimizer over the parameters of the q that you are given."
        return holds(False, "a climb in q and theta", "theta alone has moved", "q_fixed", hint)
    return None


def _why(run: _Run, probe: Probe) -> tuple[str, str]:
    """The reason why a climb fell short, where what was learned proves one."""
    out, before = run.out, run.before
    moved = np.abs(out - before) > 1e-6
    if not moved[:DIM].any():
        return (
            "loc_fixed",
            "loc is what it was. p gives values only: through z no gradient comes back. It is the score, times log w, that moves "
            "loc.",
        )
    if not moved[-1]:
        return (
            "theta_fixed",
            "p's own parameter is what it was. The bound has a gradient in theta, that of log p(x, z): let the optimizer have "
            "p.parameters() too.",
        )
    if not moved[DIM:-1].any():
        return "scale_fixed", "log_scale is what it was."
    if np.abs(out[:DIM]).max() > 20 or np.abs(out[DIM:]).max() > 12:
        return (
            "diverged",
            "It ran away. Is it the ELBO that is maximized, and are the steps small enough?",
        )
    if (out[DIM:-1] < run.best[DIM:-1] - 1.5).all():
        return (
            "entropy_dropped",
            "q shrinks towards a point: log q is missing from the reward.",
        )
    if not run.directed(probe):
        return "no_direction", WANDERS
    if run.rising:
        return "not_there_yet", "The bound was still rising when you stopped: take more steps."
    return "property", ""


@EXERCISE.part("The exact ELBO in the end, in q and theta together, is past a bound", weight=2)
def past_a_bound(probe: Probe, rng: np.random.Generator) -> Finding:
    run = _climbed(probe, rng)
    odd = _unmoved(run)
    if odd is not None:
        return odd
    if not np.isfinite(run.out).all():
        hint = "The steps were too large, or went downhill: maximize the ELBO."
        return holds(False, "finite parameters", "NaN or infinity", "diverged", hint)
    reached = elbo(np.clip(run.out, -20, 20), run.x)
    bound = run.last - SHORT
    expected = (
        f"an ELBO above {bound:.2f} nats (the best is {run.last:.2f}; it began at {run.first:.2f})"
    )
    return holds(reached > bound, expected, f"{reached:.2f}", *_why(run, probe))


@EXERCISE.part("The history: the bound from the start to the end, the same for the same seed")
def history(probe: Probe, rng: np.random.Generator) -> Finding:
    run = _climbed(probe, rng)
    odd = _unmoved(run)
    if odd is not None:
        return odd
    one = run.history
    broken = not_a_history(one, 20, "the bound's estimate")
    if broken is not None:
        return broken
    finding = _ends(run, one, probe)
    if not finding.ok:
        return finding
    return decided_by_the_seed(*run.begun(probe, [run.seed, run.seed, run.seed + 1]))


def _ends(run: _Run, values: np.ndarray, probe: Probe) -> Finding:
    """Whether a history begins below and ends near the best bound."""
    low, high = run.first, run.last

    def fits(some: np.ndarray) -> bool:
        return some[:3].mean() < high - 0.3 * (high - low) and abs(last_tenth(some) - high) < 1.0

    if fits(values):
        return Finding(True)
    expected = f"from about {low:.1f}, the ELBO before, to about {high:.1f}"
    actual = f"from {values[:3].mean():.1f} to {last_tenth(values):.1f}"
    for key, hint, turned in (
        ("loss_history", "These are losses: return the bound, not minus it.", -values),
        (
            "history_of_means",
            f"These are divided by the {ROWS} rows. The latents are global: the bound is one number for all data.",
            values * ROWS,
        ),
    ):
        if fits(turned):
            return holds(False, expected, actual, key, hint)
    return holds(False, expected, actual, *_why(run, probe))
