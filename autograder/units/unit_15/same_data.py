"""Two decoders: is it the same distribution of data, and the same representation?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays, unpack
from autograder.units.unit_15.problems import pair
from autograder.units.unit_15.reference import rotation

EXERCISE = exercise(
    __name__,
    title="Same data, other latents",
    function="same_data",
    points=3,
    difficulty=3,
    importance=5,
    minutes=35,
    read="section 6, What a prior cannot identify",
    hides=["experiments.exact_arena:grid_log_evidence"],
)

GAP, MOVED = 0, 1
TITLES = ("the largest difference of log p(x)", "the farthest that a posterior mean moved")
RTOL, ATOL = 1e-4, 1e-5
HALF, STEP = 8.0, 0.1


class Seen(NamedTuple):
    """What a decoder says of every x: log p(x), ``(N)``, and the mean of z given x, ``(N, D)``."""

    log_p: np.ndarray
    mean: np.ndarray


def _grid(dim: int) -> torch.Tensor:
    axis = torch.arange(-HALF, HALF + STEP / 2, STEP, dtype=torch.float64)
    return axis[:, None] if dim == 1 else torch.cartesian_prod(axis, axis)


def seen(decoder: Any, x: torch.Tensor, dim: int, flat: bool = False) -> Seen:
    """By the trapezoid rule, which is exact to rounding here; ``flat`` forgets the prior."""
    grid = _grid(dim)
    with torch.no_grad():
        logits = decoder(grid)
        log_joint = x @ logits.T - torch.nn.functional.softplus(logits).sum(-1)
        if not flat:
            log_joint = log_joint - 0.5 * grid.square().sum(-1) - 0.5 * dim * np.log(2 * np.pi)
        log_p = log_joint.logsumexp(-1) + dim * np.log(STEP)
        mean = log_joint.softmax(-1) @ grid
    return Seen(log_p.numpy(), mean.numpy())


def _params(
    rng: np.random.Generator,
    dim: int,
    pixels: int,
    matrix: np.ndarray | None = None,
    shift: np.ndarray | None = None,
    twist: float = 0.0,
    reads: np.ndarray | None = None,
    rows: int = 6,
) -> Arrays:
    """All images of so few pixels, or some of them, in any order; the latents of the second decoder moved."""
    states = np.array(np.meshgrid(*[[0.0, 1.0]] * pixels, indexing="ij")).reshape(pixels, -1).T
    return {
        "x": rng.permutation(states)[:rows],
        "seed": np.array(int(rng.integers(10**6))),
        "sizes": np.array([dim, 6]),
        "reads": np.ones(dim) if reads is None else reads,
        "matrix": np.eye(dim) if matrix is None else matrix,
        "shift": np.zeros(dim) if shift is None else shift,
        "twist": np.array(twist),
    }


def _both(params: Arrays, flat: bool = False) -> tuple[Seen, Seen]:
    made = _made(params)
    dim = int(params["sizes"][0])
    first = seen(made["first"], made["x"], dim, flat)
    return first, seen(made["second"], made["x"], dim, flat)


def _made(params: Arrays) -> dict[str, Any]:
    return pair(**{name: torch.from_numpy(np.array(value)) for name, value in params.items()})


def right(params: Arrays) -> np.ndarray:
    first, second = _both(params)
    return np.array(
        [
            np.abs(first.log_p - second.log_p).max(),
            np.sqrt(((first.mean - second.mean) ** 2).sum(-1)).max(),
        ]
    )


def _mistakes(params: Arrays, column: int) -> list[Mistake]:
    first, second = _both(params)
    off = first.log_p - second.log_p
    move = first.mean - second.mean
    uniform = [one.log_p for one in _both(params, flat=True)]
    made, dim = _made(params), int(params["sizes"][0])
    with torch.no_grad():
        grid = _grid(dim)
        prior = (-0.5 * grid.square().sum(-1)).softmax(0)
        like = [
            made["x"] @ logits.T - torch.nn.functional.softplus(logits).sum(-1)
            for logits in (made["first"](grid), made["second"](grid))
        ]
        jensen = [(one @ prior).numpy() for one in like]
        zero = torch.zeros(1, dim, dtype=torch.float64)
        at_zero = [
            (made["x"] @ logits.T - torch.nn.functional.softplus(logits).sum(-1))[:, 0].numpy()
            for logits in (made["first"](zero), made["second"](zero))
        ]
    known = {
        GAP: [
            ("mean_for_largest", "This is the mean over the data. Two distributions differ if they differ at one x.", np.abs(off).mean()),
            ("signed", "The largest difference counts in either direction.", off.max() if off.max() < np.abs(off).max() else -off.min()),
            ("probabilities", "This is the difference of p(x), not of its logarithm.",
             np.abs(np.exp(first.log_p) - np.exp(second.log_p)).max()),
            ("prior_forgotten", "p(z) is missing in this integral.", np.abs(uniform[0] - uniform[1]).max()),
            ("mean_of_logarithms", "This averages log p(x | z) over the prior. p(x) is an average of p(x | z).",
             np.abs(jensen[0] - jensen[1]).max()),
            ("one_latent", "This compares log p(x | z) at z = 0. p(x) has every z in it.", np.abs(at_zero[0] - at_zero[1]).max()),
            ("root_mean_square", "This is a root mean square over the data. The largest is asked.", np.sqrt((off**2).mean())),
        ],
        MOVED: [
            ("mean_for_largest", "This is the mean over the data. The farthest is asked.", np.sqrt((move**2).sum(-1)).mean()),
            ("largest_coordinate", "This is the largest coordinate. How far is it in all?", np.abs(move).max()),
            ("squared", "This is the squared distance.", (move**2).sum(-1).max()),
            ("summed_coordinates", "This adds up the sizes of the coordinates. Their Euclidean length is asked.",
             np.abs(move).sum(-1).max()),
            ("prior_forgotten", "p(z) is missing in the weights of this mean.", _moved(*_both(params, flat=True))),
        ],
    }[column]  # fmt: skip
    return [Mistake(key, hint, np.asarray(value)) for key, hint, value in known]


def _moved(first: Seen, second: Seen) -> float:
    return float(np.sqrt(((first.mean - second.mean) ** 2).sum(-1)).max())


def _judged(probe: Probe, params: Arrays, column: int, what: str) -> Finding:
    names = [ref("first"), ref("second"), ref("x"), int(params["sizes"][0])]
    reply = unpack(probe.value(*names, problem="variants/pair", params=params), 2, "gap, moved")
    return compare(
        reply[column],
        right(params)[column],
        _mistakes(params, column),
        rtol=RTOL,
        atol=ATOL,
        what=f"{TITLES[column]}, {what}",
    )


def _each(probe: Probe, cases: list[tuple[str, Arrays]], columns: tuple[int, ...]) -> Finding:
    finding = Finding(True)
    for what, params in cases:
        for column in columns:
            finding = _judged(probe, params, column, what) if finding.ok else finding
    return finding


def _moving(rng: np.random.Generator, dim: int, **how: Any) -> Arrays:
    """A pair of which both answers are far from zero, the largest is not the mean, and either sign may win."""
    while True:
        params = _params(rng, dim, int(rng.integers(3, 5)), **how)
        first, second = _both(params)
        off = first.log_p - second.log_p
        if (
            np.abs(off).max() > 0.02
            and abs(off.max() + off.min()) > 0.005
            and _moved(first, second) > 0.05
        ):
            return params


def _turned(rng: np.random.Generator, angle: float | None = None) -> np.ndarray:
    angle = float(rng.uniform(0.4, 2.7)) if angle is None else angle
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _changed(rng: np.random.Generator) -> list[tuple[str, Arrays]]:
    """Other data: one latent; stretched and squeezed at the same area; sheared; shifted."""
    factor, lean = float(rng.uniform(1.4, 2.0)), float(rng.uniform(0.7, 1.2)) * rng.choice([-1, 1])
    return [
        ("one latent, stretched", _moving(rng, 1, matrix=np.array([[float(rng.uniform(1.5, 2.0))]]))),
        ("stretched and squeezed", _moving(rng, 2, matrix=rotation(rng, 2) @ np.diag([factor, 1 / factor]))),
        ("sheared", _moving(rng, 2, matrix=np.array([[1.0, lean], [0.0, 1.0]]))),
        ("shifted", _moving(rng, 2, shift=rng.uniform(0.6, 1.2, 2) * rng.choice([-1, 1], 2))),
    ]  # fmt: skip


@EXERCISE.part("How far log p(x) differs, where the data differ", weight=1.5)
def gap(probe: Probe, rng: np.random.Generator) -> Finding:
    return _each(probe, _changed(rng), (GAP,))


@EXERCISE.part("How far the posterior mean moved")
def moved(probe: Probe, rng: np.random.Generator) -> Finding:
    return _each(probe, [*_changed(rng)[1:3], *_same(rng)[:2]], (MOVED,))


def _same(rng: np.random.Generator) -> list[tuple[str, Arrays]]:
    """The same data: turned, reflected, turned by an angle that depends on the length of z."""
    flip = np.diag([1.0, -1.0]) @ _turned(rng)
    twist = float(rng.uniform(0.2, 0.5)) * rng.choice([-1, 1])
    return [
        ("rotated", _params(rng, 2, 4, matrix=_turned(rng), rows=16)),
        ("reflected", _params(rng, 2, 3, matrix=flip, rows=8)),
        ("twisted", _params(rng, 2, 3, twist=twist)),
        ("one latent, reflected", _params(rng, 1, 3, matrix=-np.eye(1))),
    ]


@EXERCISE.part(
    "The same data: turned, reflected, twisted; nothing moved; latents that nobody reads",
    needs=["gap"],
)
def same(probe: Probe, rng: np.random.Generator) -> Finding:
    unread = np.array([1.0, 0.0])
    lean = float(rng.uniform(0.7, 1.5))
    cases = [
        *_same(rng),
        ("the same decoder twice", _params(rng, 2, 3)),
        ("an unread latent, moved", _params(rng, 2, 3, np.array([[1.0, 0.0], [lean, 2.0]]), reads=unread)),
        ("a single row", _moving(rng, 2, matrix=_turned(rng) * 1.3, rows=1)),
    ]  # fmt: skip
    return _each(probe, cases, (GAP, MOVED))
