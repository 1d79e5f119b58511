"""The partition function of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from autograder.checks.compare import Finding, Mistake, compare
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe

EXERCISE = exercise(
    __name__,
    title="The partition function of a grid",
    function="grid_log_partition",
    points=2,
    difficulty=3,
    importance=3,
    minutes=20,
    read="Models without a recipe",
    hides=[
        "models.undirected.pairwise_energy:PairwiseEnergy.log_partition",
    ],
)


def _spins(n: int, low: float = -1.0) -> np.ndarray:
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return low + (1 - low) * bits


def _grid_energy(
    coupling: float,
    fields: np.ndarray,
    low: float = -1.0,
    wrap: bool = False,
    diagonal: bool = False,
    across: float = 1.0,
    down: float = 1.0,
) -> np.ndarray:
    """Minus the energy of every state, ``(2^n,)``."""
    s = _spins(fields.size, low).reshape(-1, *fields.shape)
    pairs = across * (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2)) + down * (s[:, 1:] * s[:, :-1]).sum(
        (1, 2)
    )
    if wrap:
        pairs = pairs + (s[:, :, 0] * s[:, :, -1]).sum(1) + (s[:, 0] * s[:, -1]).sum(1)
    if diagonal:
        pairs = (
            pairs
            + (s[:, 1:, 1:] * s[:, :-1, :-1]).sum((1, 2))
            + (s[:, 1:, :-1] * s[:, :-1, 1:]).sum((1, 2))
        )
    return coupling * pairs + (s * fields).sum((1, 2))


def log_partition(coupling: float, fields: np.ndarray, **options: Any) -> float:
    return float(logsumexp(_grid_energy(coupling, fields, **options)))


def _grid_mistakes(coupling: float, fields: np.ndarray) -> list[Mistake]:
    right = log_partition(coupling, fields)
    with np.errstate(over="ignore"):
        return [
            Mistake(
                "zero_one",
                "You summed over values 0 and 1. Spins are -1 and 1. (The two are one model, but with other numbers.)",
                log_partition(coupling, fields, low=0.0),
            ),
            Mistake(
                "edges_twice",
                "Every pair of neighbours was counted twice, from both ends.",
                log_partition(2 * coupling, fields),
            ),
            Mistake(
                "energy_sign",
                "The sign of the energy is turned: p is proportional to exp(-E), so aligned neighbours are likely when J > 0.",
                log_partition(-coupling, -fields),
            ),
            Mistake(
                "energy_sign",
                "The coupling entered with the wrong sign: -E = J sum s s' + sum h s.",
                log_partition(-coupling, fields),
            ),
            Mistake(
                "wrapped",
                "Your grid wraps around. Here the sites at the border have fewer neighbours.",
                log_partition(coupling, fields, wrap=True),
            ),
            Mistake(
                "diagonal_neighbours",
                "You counted diagonal neighbours. Neighbours are left, right, above and below.",
                log_partition(coupling, fields, diagonal=True),
            ),
            Mistake(
                "half_the_edges",
                "Only horizontal neighbours were counted.",
                log_partition(coupling, fields, down=0.0),
            ),
            Mistake(
                "half_the_edges",
                "Only vertical neighbours were counted.",
                log_partition(coupling, fields, across=0.0),
            ),
            Mistake(
                "fields_missing",
                "The fields h are missing from the energy.",
                log_partition(coupling, 0 * fields),
            ),
            Mistake("not_log", "This is Z. Return its logarithm.", np.exp(right)),
            Mistake(
                "mean_of_states",
                "You averaged over the states. Z is their sum.",
                right - fields.size * np.log(2),
            ),
            Mistake("sign", "This is -log Z, the free energy. Return log Z.", -right),
            Mistake(
                "mean_energy",
                "You summed the energies themselves. Z is a sum of exponentials.",
                float(_grid_energy(coupling, fields).sum()),
            ),
            Mistake(
                "largest_term",
                "This is the largest term alone. Z adds up all 2^n of them.",
                float(_grid_energy(coupling, fields).max()),
            ),
        ]


def _grid(probe: Probe, coupling: float, fields: np.ndarray, what: str) -> Finding:
    got = probe.value(np.asarray(coupling), fields)
    right = log_partition(coupling, fields)
    over = Mistake(
        "overflow",
        "exp overflows, or all terms vanish. Take the largest exponent out first: logsumexp does it.",
        lambda a: not np.isfinite(a).all(),
    )
    mistakes = [
        m
        for m in _grid_mistakes(coupling, fields)
        if not np.allclose(m.value, right, rtol=1e-4, atol=1e-6)
    ]
    return compare(got, right, what=what, mistakes=[over, *mistakes])


@EXERCISE.part("A 3 by 3 grid: 512 states", weight=2)
def three_by_three(probe: Probe, rng: np.random.Generator) -> Finding:
    return _grid(
        probe,
        rng.uniform(0.3, 0.8),
        rng.uniform(0.2, 0.9, (3, 3)) * rng.choice([-1, 1], (3, 3)),
        "log Z of a 3 x 3 grid",
    )


@EXERCISE.part("Other grids: a single site, a row, 2 by 4")
def other_grids(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for shape in ((1, 1), (1, 5), (2, 4), (4, 1)):
        finding = _grid(
            probe,
            rng.uniform(0.3, 0.8),
            rng.uniform(0.2, 0.9, shape),
            f"log Z of a {shape[0]} x {shape[1]} grid",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Without coupling the sites are independent", weight=0.5)
def no_coupling(probe: Probe, rng: np.random.Generator) -> Finding:
    fields = rng.normal(size=(3, 3))
    got = probe.value(np.asarray(0.0), fields)
    want = float(np.logaddexp(fields, -fields).sum())
    return compare(
        got,
        want,
        what="log Z = sum of log(2 cosh h)",
        mistakes=_grid_mistakes(0.0, fields)[:1] + _grid_mistakes(0.0, fields)[8:],
    )


@EXERCISE.part("Couplings of 200, and of -200", weight=0.5)
def strong_coupling(probe: Probe, rng: np.random.Generator) -> Finding:
    fields = rng.uniform(2, 9, (3, 3))
    finding = _grid(probe, 200.0, fields, "log Z at J = 200")
    return finding if not finding.ok else _grid(probe, -200.0, fields, "log Z at J = -200")
