"""A recognition net that cannot say everything: where it rests asleep, by least squares, and taught at the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="A net that cannot say everything",
    function="three_targets",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 3, On which scale is an error measured?",
    hides=[],
    because="course_vi trains recognition nets and does not know where they rest",
)

ASLEEP, SQUARES, DATA = 0, 1, 2
TITLES = ("phi asleep", "phi of least squares", "phi taught at the data")
APART = 0.02  # relative, between any two of the three


class World(NamedTuple):
    """``joint: (X, 2)`` with p(x, z) for z = 0, 1; ``h: (X)``, of which f is a multiple; and the data's distribution, ``data: (X)``."""

    joint: np.ndarray
    h: np.ndarray
    data: np.ndarray

    @property
    def chance(self) -> np.ndarray:
        """p(x)."""
        value: np.ndarray = self.joint.sum(-1)
        return value

    @property
    def posterior(self) -> np.ndarray:
        """P(z = 1 | x)."""
        value: np.ndarray = self.joint[:, 1] / self.joint.sum(-1)
        return value

    def likely(self, weights: np.ndarray) -> float:
        """The phi of the highest mean log q, over x with these weights."""
        return _root(
            lambda phi: float(
                weights
                @ (self.posterior / phi - (1 - self.posterior) * self.h / (1 - phi * self.h))
            ),
            1 / float(self.h.max()),
        )

    def squares(self, weights: np.ndarray) -> float:
        return float((weights * self.h) @ self.posterior / ((weights * self.h) @ self.h))


def right(world: World) -> np.ndarray:
    return np.array(
        [world.likely(world.chance), world.squares(world.chance), world.likely(world.data)]
    )


def _root(slope: Callable[[float], float], high: float) -> float:
    """Where a falling function passes zero, between 0 and ``high``."""
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


def _world(rng: np.random.Generator, size: int, scale: float = 1.0) -> World:
    """No two of the three are alike, and least squares stays inside (0, 1 / max h); h of about this size."""
    while True:
        chance, data = rng.dirichlet(np.full(size, 1.5), 2)
        posterior = np.exp(rng.uniform(np.log(0.01), np.log(0.9), size))
        h = np.exp(rng.uniform(-1.5, 1.0, size)) * scale * float(np.exp(rng.uniform(-0.3, 0.3)))
        world = World(np.stack([chance * (1 - posterior), chance * posterior], -1), h, data)
        if min(*chance, *data) < 0.01 or world.squares(chance) > 0.97 / h.max():
            continue
        phi = right(world)
        apart = np.abs(np.log(phi[:, None] / phi))[np.triu_indices(3, 1)].min()
        if phi.max() < 0.97 / h.max() and apart > APART:
            return world


def _sure(rng: np.random.Generator, size: int) -> World:
    """One x is nearly sure of its bit, and there the net is within a hundredth of the end of its range, asleep and at the data."""
    while True:
        chance, data = rng.dirichlet(np.full(size, 3.0), 2)
        h = np.exp(rng.uniform(-1.5, 0.0, size))
        h[0] = np.exp(rng.uniform(0.2, 0.6))
        posterior = np.clip(0.9 * h / h[0] * np.exp(rng.uniform(-0.2, 0.2, size)), 0.01, 0.95)
        posterior[0] = 1 - 10 ** rng.uniform(-3.2, -2.5)
        world = World(np.stack([chance * (1 - posterior), chance * posterior], -1), h, data)
        phi = right(world) * h[0]
        near = all(0.991 < phi[index] < 0.9995 for index in (ASLEEP, DATA))
        if min(*chance, *data) > 0.01 and near and phi[SQUARES] < 1:
            return world


def _mistakes(worlds: Sequence[World], index: int) -> list[Mistake]:
    def each(of: Callable[[World], float]) -> np.ndarray:
        return np.array([of(world) for world in worlds])

    def even(world: World) -> np.ndarray:
        return np.full(len(world.h), 1 / len(world.h))

    want = np.stack([right(world) for world in worlds])
    known = [
        *[
            ("order_swapped", f"This is {TITLES[other]}: return them in the order of the docstring.", want[:, other])
            for other in range(3)
            if other != index
        ],
        ("even_weights", "All x count alike here. They come with probabilities.",
         each(lambda world: world.squares(even(world)) if index == SQUARES else world.likely(even(world)))),
        ("mean_matched", "This makes the mean of f equal to that of z. It is neither objective's slope that vanishes there.",
         each(lambda world: float((w := world.data if index == DATA else world.chance) @ world.posterior / (w @ world.h)))),
        ("mean_of_ratios", "This averages the phi that each x would like, by how often x comes. They also differ in how much they care.",
         each(lambda world: float((world.data if index == DATA else world.chance) @ (world.posterior / world.h)))),
        ("squares_at_data", "This is least squares at the data: neither the objective nor the place that is asked.",
         each(lambda world: world.squares(world.data))),
        ("ones_only", "This has no x whose z is zero in it.",
         each(lambda world: world.squares(world.joint[:, 1]) if index == SQUARES else world.likely(world.joint[:, 1]))),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _judged(probe: Probe, worlds: Sequence[World], index: int) -> Finding:
    actual = [probe.value(*world) for world in worlds]
    want = np.stack([right(world) for world in worlds])
    for raw in actual:
        if as_array(raw).shape != (3,):
            return compare(raw, want[0], what="(asleep, least squares, at the data)")
    found = np.stack([as_array(raw) for raw in actual])[:, index]
    return compare(found, want[:, index], _mistakes(worlds, index), what=TITLES[index])


def _worlds(rng: np.random.Generator) -> list[World]:
    """With h far below one, so that phi is above one; of its size; and above it."""
    return [_world(rng, 2, 0.1), _world(rng, 4), _world(rng, 8, 5.0)]


@EXERCISE.part("Where sleep takes phi")
def asleep(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _worlds(rng), ASLEEP)


@EXERCISE.part("Where least squares on dreams takes phi")
def least_squares(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _worlds(rng), SQUARES)


@EXERCISE.part("Where the same KL takes phi, at the data")
def at_the_data(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _worlds(rng), DATA)


@EXERCISE.part(
    "A single x; a net that can say it all: the three agree; a net that is all but sure",
    weight=0.5,
    needs=["asleep", "least_squares", "at_the_data"],
)
def all_agree(probe: Probe, rng: np.random.Generator) -> Finding:
    alone = _world(rng, 2)
    alone = World(alone.joint[:1] / alone.joint[:1].sum(), alone.h[:1], np.ones(1))
    free = _world(rng, 4)
    posterior = free.h / free.h.max() * float(rng.uniform(0.3, 0.9))
    free = free._replace(
        joint=np.stack([free.chance * (1 - posterior), free.chance * posterior], -1)
    )
    finding = Finding(True)
    for index in (ASLEEP, SQUARES, DATA):
        finding = _judged(probe, [alone, free], index) if finding.ok else finding
    sure = [_sure(rng, size) for size in (2, 4)]
    for index in (ASLEEP, SQUARES, DATA):
        finding = _judged(probe, sure, index) if finding.ok else finding
    return finding
