"""The mean of every spin on a grid with more states than can be listed: messages from row to row, both ways."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="A grid too large to list",
    function="spin_means",
    points=3,
    difficulty=4,
    importance=3,
    minutes=40,
    read="Models without a recipe",
    hides=["models.undirected.pairwise_energy:PairwiseEnergy.log_partition"],
)

NAMES = "log Z, means"
RTOL = 1e-8
PATIENCE = 0.4  # seconds of the processor for 16 sites: a loop over 65,536 states takes them, messages take milliseconds


class Messages(NamedTuple):
    """Log messages ``(rows, 2^columns)`` and what they are made of: the states ``(2^columns, columns)`` and log Z."""

    states: np.ndarray
    down: np.ndarray
    up: np.ndarray
    within: np.ndarray
    log_z: float

    def means(self, which: np.ndarray | None = None) -> np.ndarray:
        """E s of every site, ``(rows, columns)``; with other log weights of the rows than the right ones, theirs."""
        log_p = self.down + self.up if which is None else which
        p = np.exp(log_p - logsumexp(log_p, axis=1, keepdims=True))
        return p @ self.states


def messages(
    coupling: float,
    fields: np.ndarray,
    low: float = -1.0,
    across: float = 1.0,
    down: float = 1.0,
    reduce: bool = True,
) -> Messages:
    """``down[r]``: log sum over all rows above of exp(-E), this row's own terms included; ``up[r]``: over all rows below."""
    rows, columns = fields.shape
    bits = (np.arange(2**columns)[:, None] >> np.arange(columns)) & 1
    states = low + (1 - low) * bits
    add = logsumexp if reduce else np.max
    pairs = across * coupling * (states[:, 1:] * states[:, :-1]).sum(1)
    within, between = pairs + fields @ states.T, down * coupling * states @ states.T
    downward, upward = within.copy(), np.zeros_like(within)
    for r in range(1, rows):
        downward[r] += add(downward[r - 1][:, None] + between, axis=0)
    for r in range(rows - 2, -1, -1):
        upward[r] = add(between + within[r + 1] + upward[r + 1], axis=1)
    return Messages(states, downward, upward, within, float(add(downward[-1])))


def answer(coupling: float, fields: np.ndarray) -> tuple[float, np.ndarray]:
    """log Z and the mean of every spin; rows are taken along the longer side."""
    turned = fields.shape[1] > fields.shape[0]
    of = messages(coupling, fields.T if turned else fields)
    return of.log_z, of.means().T if turned else of.means()


def _mean_mistakes(coupling: float, fields: np.ndarray) -> list[Mistake]:
    turned = fields.shape[1] > fields.shape[0]
    grid = fields.T if turned else fields
    of = messages(coupling, grid)

    def there(means: np.ndarray) -> np.ndarray:
        return means.T if turned else means

    chances = 0.5 * (1 + of.means())
    best = messages(coupling, grid, reduce=False)
    tanh = np.tanh(fields)
    for _ in range(1000):
        tanh = np.tanh(fields + coupling * _neighbours(tanh))
    return [
        Mistake(
            "down_alone",
            "These means know the rows on one side only. What comes from the other side counts as well.",
            there(of.means(of.down)),
        ),
        Mistake(
            "down_alone",
            "These means know the rows on one side only. What comes from the other side counts as well.",
            there(of.means(of.up + of.within)),
        ),
        Mistake(
            "row_twice",
            "A row's own terms stand in the messages of both sides, so that they were counted twice.",
            there(of.means(of.down + of.up + of.within)),
        ),
        Mistake("row_alone", "Each row was taken by itself.", there(of.means(of.within))),
        Mistake(
            "sites_alone",
            "These are the means without coupling, tanh of the field.",
            np.tanh(fields),
        ),
        Mistake(
            "mean_field",
            "This is the fixed point of mean field, an approximation: asked are the exact means.",
            tanh,
        ),
        Mistake(
            "probabilities",
            "These are the probabilities of s = 1. The mean of a spin is 2 p - 1.",
            there(chances),
        ),
        Mistake(
            "most_likely",
            "This is the likeliest value of each spin. Asked is its mean.",
            np.sign(there(of.means())),
        ),
        Mistake(
            "most_likely",
            "This is the state of least energy. Asked is the mean of each spin.",
            there(np.sign(best.states[(best.down + best.up).argmax(1)])),
        ),
        Mistake("sign", "Every mean has the wrong sign.", -there(of.means())),
        Mistake(
            "energy_sign",
            "These are the means at -J: aligned neighbours are likely when J > 0.",
            there(messages(-coupling, grid).means()),
        ),
        Mistake(
            "edges_twice",
            "Every pair of neighbours was counted twice, from both ends.",
            there(messages(2 * coupling, grid).means()),
        ),
        Mistake(
            "half_the_edges",
            "Only neighbours along one side of the grid were counted.",
            there(messages(coupling, grid, across=0.0).means()),
        ),
    ]


def _neighbours(m: np.ndarray) -> np.ndarray:
    total = np.zeros_like(m)
    total[1:] += m[:-1]
    total[:-1] += m[1:]
    total[:, 1:] += m[:, :-1]
    total[:, :-1] += m[:, 1:]
    return total


def _log_z_mistakes(coupling: float, fields: np.ndarray) -> list[Mistake]:
    grid = fields.T if fields.shape[1] > fields.shape[0] else fields
    right, n = messages(coupling, grid).log_z, fields.size
    return [
        Mistake("sign", "This is -log Z, the free energy. Return log Z.", -right),
        Mistake(
            "mean_of_states", "You averaged over the states. Z is their sum.", right - n * np.log(2)
        ),
        Mistake(
            "largest_term",
            "This is the largest term alone. Z adds up all 2^n of them.",
            messages(coupling, grid, reduce=False).log_z,
        ),
        Mistake("energy_sign", "This is log Z at -J.", messages(-coupling, grid).log_z),
        Mistake(
            "edges_twice",
            "Every pair of neighbours was counted twice, from both ends.",
            messages(2 * coupling, grid).log_z,
        ),
        Mistake(
            "zero_one",
            "You summed over values 0 and 1. Spins are -1 and 1.",
            messages(coupling, grid, low=0.0).log_z,
        ),
        Mistake(
            "half_the_edges",
            "Only neighbours along one side of the grid were counted.",
            messages(coupling, grid, down=0.0).log_z,
        ),
        Mistake(
            "half_the_edges",
            "Only neighbours along one side of the grid were counted.",
            messages(coupling, grid, across=0.0).log_z,
        ),
    ]


def _fields(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.uniform(0.1, 0.9, (rows, columns)) * rng.choice([-1.0, 1.0], (rows, columns))


def _ask(probe: Probe, coupling: float, fields: np.ndarray) -> Finding:
    """log Z first: who has it and not the means has half of the way."""
    log_z, means = answer(coupling, fields)
    got = unpack(probe.value(np.asarray(coupling), fields), 2, NAMES)
    where = f"a {fields.shape[0]} x {fields.shape[1]} grid at J = {coupling:.3g}"
    finding = compare(
        got[0],
        log_z,
        lambda: _told_apart(_log_z_mistakes(coupling, fields), log_z),
        what=f"log Z of {where}",
        rtol=RTOL,
    )
    if not finding.ok:
        return finding
    return compare(
        got[1],
        means,
        lambda: _told_apart(_mean_mistakes(coupling, fields), means),
        what=f"the means of {where}",
        rtol=RTOL,
        atol=1e-9,
    )


def _told_apart(mistakes: list[Mistake], right: float | np.ndarray) -> list[Mistake]:
    return [m for m in mistakes if not np.allclose(m.value, right, rtol=1e-4, atol=1e-6)]


@EXERCISE.part("Small grids, whose states could be listed")
def small(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for shape in ((3, 3), (2, 4), (4, 2), (1, 5), (4, 1), (1, 1)):
        coupling = rng.uniform(0.3, 0.8) * rng.choice([-1, 1])
        finding = _ask(probe, coupling, _fields(rng, *shape))
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Grids of up to 240 sites", weight=2)
def large(probe: Probe, rng: np.random.Generator) -> Finding:
    """Sixteen sites come first: whoever lists their states is told so, before 2^240 are asked for."""
    finding = _ask(probe, rng.uniform(0.3, 0.8), _fields(rng, 4, 4))
    if finding.ok and probe.seconds > PATIENCE:
        return holds(
            False,
            "sixteen sites in well under a second",
            f"{probe.seconds:.1f} s of the processor",
            "too_slow",
            "So much for 16 sites, whose states are 65,536: with 240 sites no list will do. Sum out one row after the other.",
        )
    for rows, columns in ((20, 5), (6, 40), (40, 1), (33, 4)):
        if not finding.ok:
            return finding
        coupling = rng.uniform(0.2, 0.7) * rng.choice([-1, 1])
        finding = _ask(probe, coupling, _fields(rng, rows, columns))
    return finding


@EXERCISE.part("Couplings of 60, and of -60", weight=0.5)
def strong(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for coupling in (60.0, -60.0):
        finding = _ask(probe, coupling, _fields(rng, 30, 4))
        if not finding.ok:
            return finding
    for coupling in (8.0, -8.0, 60.0, -60.0):  # fields that turn spins over, and draw walls
        fields = abs(coupling) * rng.uniform(0.3, 6.0) * _fields(rng, 12, 3)
        finding = _ask(probe, coupling, fields)
        if not finding.ok:
            return finding
    return finding
