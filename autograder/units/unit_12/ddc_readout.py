"""A code of expectations: what regression on dreams makes of it, and what can be read out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_12.reference import either_sign, states

EXERCISE = exercise(
    __name__,
    title="A code of expectations",
    function="ddc_readout",
    points=3,
    difficulty=4,
    importance=3,
    minutes=40,
    read="section 7, Codes of expectations",
    hides=[
        "learning.ddc:DDC.weights",
        "learning.ddc:ddc_sleep_phase",
        "learning.ddc:ddc_wake_phase",
    ],
)

CODE, READ = 0, 1
TITLES = ("the code", "what is read out")


class World(NamedTuple):
    """``joint: (X, S)``; ``statistics: (S, M)``; ``features: (X, F)``; ``g: (S)``, whose mean is wanted."""

    joint: np.ndarray
    statistics: np.ndarray
    features: np.ndarray
    g: np.ndarray

    @property
    def posterior(self) -> np.ndarray:
        value: np.ndarray = self.joint / self.joint.sum(1, keepdims=True)
        return value

    def code(self, weights: np.ndarray | None = None) -> np.ndarray:
        """``(X, M)``: the regression of the exact means on the features, over x with these weights (p(x) by default)."""
        weights = self.joint.sum(1) if weights is None else weights
        value: np.ndarray = self.features @ _regressed(
            self.features, self.posterior @ self.statistics, weights
        )
        return value

    def line(self, weights: np.ndarray | None = None, constant: bool = True) -> np.ndarray:
        """The regression of g on the statistics and a constant, over z with these weights (p(z) by default)."""
        weights = self.joint.sum(0) if weights is None else weights
        return _regressed(_with_one(self.statistics, constant), self.g, weights)

    def read(self, code: np.ndarray, line: np.ndarray) -> np.ndarray:
        """``(X)``."""
        value: np.ndarray = _with_one(code, len(line) > code.shape[1]) @ line
        return value


def _with_one(rows: np.ndarray, constant: bool = True) -> np.ndarray:
    return np.concatenate([np.ones((len(rows), 1)), rows], 1) if constant else rows


def _regressed(inputs: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    root = np.sqrt(weights)
    value: np.ndarray = np.linalg.lstsq(inputs * root[:, None], (outputs.T * root).T, rcond=1e-10)[
        0
    ]
    return value


def right(world: World) -> tuple[np.ndarray, np.ndarray]:
    code = world.code()
    return code, world.read(code, world.line())


def _mistakes(world: World, row: int) -> list[Mistake]:
    code = world.code()
    exact = world.posterior @ world.statistics
    even_x, even_z = (np.full(size, 1 / size) for size in world.joint.shape)
    if row == CODE:
        known = [
            ("exact_for_code", "These are the exact posterior means. The net is linear in its features, and may not reach them.", exact),
            ("even_x", "All x count alike here. Dreams come with p(x).", world.code(even_x)),
            ("root_weights", "x is weighted with the square root of p(x). Dreams come with p(x).",
             world.code(np.sqrt(world.joint.sum(1)))),
        ]  # fmt: skip
    else:
        known = [
            ("exact_for_read", "This is the exact posterior mean of g. What is linear in the code is read out, and nothing more.",
             world.posterior @ world.g),
            ("exact_code", "This reads the right line out, at the exact means. Read it out at the code that was learned.",
             world.read(exact, world.line())),
            ("even_z", "The line is fitted with all z alike. Dreams come with p(z).", world.read(code, world.line(even_z))),
            ("no_constant", "The line goes through the origin. Give it a constant.",
             world.read(code, world.line(constant=False))),
            ("constant_lost", "The constant of the line is lost when it is read out.",
             world.read(code, world.line()[1:])),
            ("regressed_on_features", "This regresses g on the features of x: a code for g itself. Asked is what a code that was learned "
             "before anybody knew of g tells of it.", world._replace(statistics=world.g[:, None]).code()[:, 0]),
        ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _world(
    rng: np.random.Generator,
    xs: int,
    bits: int,
    count: int,
    features: int,
    repeat: bool = False,
) -> World:
    """Too few features for the means and too few statistics for g; of ``repeat`` the last feature is a sum of others."""
    z = states(bits)
    joint = rng.dirichlet(np.full(xs * len(z), 0.8)).reshape(xs, len(z)) + 1e-3
    joint /= joint.sum()
    statistics = either_sign(rng, (len(z), count))
    inputs = either_sign(rng, (xs, features))
    if repeat:
        inputs = np.concatenate([inputs, inputs[:, :1] - 2 * inputs[:, -1:]], 1)
    return World(joint, statistics, inputs, either_sign(rng, (len(z),)))


def _twice_and_never(world: World) -> World:
    """A feature that is there twice, and one that is zero everywhere."""
    again = [world.features, world.features[:, :1], 0 * world.features[:, :1]]
    return world._replace(features=np.concatenate(again, 1))


def _judged(probe: Probe, worlds: Sequence[World], row: int) -> Finding:
    finding = Finding(True)
    for world in worlds:
        both = unpack(probe.value(*world), 2, "code, readout")
        what = f"{TITLES[row]} for {len(world.joint)} x and {world.features.shape[1]} features"
        finding = compare(both[row], right(world)[row], _mistakes(world, row), what=what)
        if not finding.ok:
            return finding
    return finding


def _worlds(rng: np.random.Generator) -> list[World]:
    return [_world(rng, 6, 3, 3, 2), _world(rng, 4, 2, 2, 2), _world(rng, 9, 3, 2, 4)]


@EXERCISE.part("What sleep makes of the code")
def code(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _worlds(rng), CODE)


@EXERCISE.part("What is read out of it", weight=1.5)
def readout(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _worlds(rng), READ)


@EXERCISE.part(
    "One feature, one statistic, two states; features that depend on each other, are the same, or zero",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    worlds = [
        _world(rng, 5, 2, 1, 1),
        _world(rng, 4, 1, 1, 2),
        _world(rng, 7, 2, 2, 2, repeat=True),
        _world(rng, 4, 2, 2, 4, repeat=True),
        _twice_and_never(_world(rng, 6, 2, 2, 2)),
    ]
    finding = _judged(probe, worlds, CODE)
    return finding if not finding.ok else _judged(probe, worlds, READ)


@EXERCISE.part(
    "Features that reach the means, and a g that is linear in the statistics: both are exact",
    weight=0.5,
    needs=["code", "readout"],
)
def within_reach(probe: Probe, rng: np.random.Generator) -> Finding:
    world = _world(rng, 6, 3, 3, 1)
    means = world.posterior @ world.statistics
    mixed = _with_one(means) @ either_sign(rng, (4, 4))
    world = world._replace(features=mixed, g=_with_one(world.statistics) @ either_sign(rng, (4,)))
    finding = _judged(probe, [world], CODE)
    return finding if not finding.ok else _judged(probe, [world], READ)
