"""The partition function of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logsumexp

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_01.reference import breaks_here

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

RTOL = 1e-9  # 512 terms, or 4,096, in double precision


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
    different = np.unique(np.round(_grid_energy(coupling, fields), 9))
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
                "This is log Z at -J. p is proportional to exp(-E) and -E = J sum s s' + sum h s, so aligned neighbours are likely "
                "when J > 0. (To turn all of E is the same as to turn J: Z does not change when all h are turned.)",
                log_partition(-coupling, fields),
            ),
            Mistake(
                "coupling_missing",
                "The coupling is missing: this is the answer at J = 0.",
                log_partition(0.0, fields),
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
            *[
                Mistake("not_log", "This is Z. Return its logarithm.", np.exp(right))
                for _ in range(int(abs(right) < 300))
            ],
            Mistake(
                "mean_of_states",
                "You averaged over the states. Z is their sum.",
                right - fields.size * np.log(2),
            ),
            Mistake("sign", "This is -log Z, the free energy. Return log Z.", -right),
            Mistake(
                "largest_term",
                "This is the largest term alone. Z adds up all 2^n of them.",
                float(_grid_energy(coupling, fields).max()),
            ),
            Mistake(
                "equal_energies",
                "States of the same energy were counted once. Each of the 2^n states is a term of its own.",
                float(logsumexp(different)),
            ),
        ]


def _fields(
    rng: np.random.Generator, *shape: int, low: float = 0.2, high: float = 0.9
) -> np.ndarray:
    """Fields of both signs, wherever there are two sites."""
    signs = np.where(np.arange(np.prod(shape)) % 2, 1.0, -1.0)
    return rng.uniform(low, high, shape) * rng.permutation(signs).reshape(shape)


def _grid(
    probe: Probe, coupling: float, fields: np.ndarray, what: str, positive: bool = False
) -> Finding:
    """One question. ``positive``: it was answered rightly for a positive coupling, so that the sign of the energy is right."""
    got = probe.value(np.asarray(coupling), fields)
    right = log_partition(coupling, fields)
    broken = breaks_here(got, lambda: probe.value(np.asarray(0.5), 0.1 * fields))
    over = Mistake(
        "overflow",
        "It is finite for small J and h: here exp overflows, or all terms vanish. Take the largest exponent out first: "
        "logsumexp does it.",
        lambda a: broken,
    )
    unsigned = Mistake(
        "coupling_unsigned",
        "Yours is the same for J and -J. Only without fields is Z blind to the sign of the coupling.",
        log_partition(abs(coupling), fields),
    )
    mistakes = [
        m
        for m in [unsigned, *_grid_mistakes(coupling, fields)]
        if not np.allclose(m.value, right, rtol=1e-4, atol=1e-6)
        and (m is unsigned or not positive or m.key != "energy_sign")
    ]
    if not positive:
        mistakes = [m for m in mistakes if m is not unsigned]
    return compare(got, right, what=what, mistakes=[over, *mistakes], rtol=RTOL, atol=RTOL)


@EXERCISE.part("A 3 by 3 grid: 512 states", weight=2)
def three_by_three(probe: Probe, rng: np.random.Generator) -> Finding:
    what = "log Z of a 3 x 3 grid"
    finding = _grid(probe, rng.uniform(0.3, 0.8), _fields(rng, 3, 3), what)
    if not finding.ok:
        return finding
    coupling, fields = -rng.uniform(0.3, 0.8), _fields(rng, 3, 3)
    finding = _grid(probe, coupling, fields, f"{what}, J < 0", positive=True)
    if not finding.ok:
        return finding
    what += " without fields, where states share their energies"
    return _grid(probe, rng.uniform(0.3, 0.8), 0 * fields, what)


@EXERCISE.part("Other grids: a single site, a row, 2 by 4")
def other_grids(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for shape in ((2, 4), (1, 5), (4, 1), (1, 1), (4, 3)):
        finding = _grid(
            probe,
            rng.uniform(0.3, 0.8),
            _fields(rng, *shape),
            f"log Z of a {shape[0]} x {shape[1]} grid",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Without coupling the sites are independent", weight=0.5)
def no_coupling(probe: Probe, rng: np.random.Generator) -> Finding:
    fields = _fields(rng, 3, 3, low=0.1, high=3.0)
    return _grid(probe, 0.0, fields, "log Z = sum of log(2 cosh h)")


@EXERCISE.part("Couplings of 200, and of -200", weight=0.5)
def strong_coupling(probe: Probe, rng: np.random.Generator) -> Finding:
    fields = _fields(rng, 3, 3, low=2.0, high=9.0)
    finding = _grid(probe, 200.0, fields, "log Z at J = 200")
    if not finding.ok:
        return finding
    finding = _grid(probe, -200.0, fields, "log Z at J = -200", positive=True)
    for coupling in (200.0, -200.0):  # the largest term occurs twice
        if not finding.ok:
            return finding
        finding = _grid(probe, coupling, 0 * fields, f"log Z at J = {coupling:g} without fields")
    # No state pleases all of these: the largest exponent lies far below the sum of all sizes.
    for coupling in (200.0, -200.0):
        if not finding.ok:
            return finding
        fields = _fields(rng, 3, 3, low=300.0, high=900.0)
        what = f"log Z at J = {coupling:g} with fields of hundreds"
        finding = _grid(probe, coupling, fields, what)
    return finding
