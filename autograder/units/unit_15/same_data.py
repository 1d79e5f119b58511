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
HALF, STEP = 7.0, 0.1


class Seen(NamedTuple):
    """What a decoder says of every x.

    Attributes:
        log_p, mean: log p(x), ``(N)``, and the mean of z given x, ``(N, D)``.
        flat_log_p, flat_mean: the same without the prior.
        mean_log, at_zero: log p(x | z), averaged over the prior, and at z = 0; ``(N)``.
    """

    log_p: np.ndarray
    mean: np.ndarray
    flat_log_p: np.ndarray
    flat_mean: np.ndarray
    mean_log: np.ndarray
    at_zero: np.ndarray


def _grid(dim: int) -> torch.Tensor:
    axis = torch.arange(-HALF, HALF + STEP / 2, STEP, dtype=torch.float64)
    return axis[:, None] if dim == 1 else torch.cartesian_prod(axis, axis)


def seen(decoder: Any, x: torch.Tensor, dim: int) -> Seen:
    """By the trapezoid rule, which is exact to far more digits than are asked for decoders as smooth as these."""
    grid = _grid(dim)
    with torch.no_grad():
        logits = decoder(grid)
        like = x @ logits.T - torch.nn.functional.softplus(logits).sum(-1)
        log_prior = (-0.5 * grid.square().sum(-1)).log_softmax(0)
        joint = like + log_prior
        cell = dim * np.log(STEP)
        parts = (
            joint.logsumexp(-1),
            joint.softmax(-1) @ grid,
            like.logsumexp(-1) + cell,
            like.softmax(-1) @ grid,
            like @ log_prior.exp(),
            like[:, len(grid) // 2],
        )
    return Seen(*(part.numpy() for part in parts))


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


def _both(params: Arrays) -> tuple[Seen, Seen]:
    made, dim = _made(params), int(params["sizes"][0])
    return seen(made["first"], made["x"], dim), seen(made["second"], made["x"], dim)


def _made(params: Arrays) -> dict[str, Any]:
    return pair(**{name: torch.from_numpy(np.array(value)) for name, value in params.items()})


def _moved(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sqrt(((first - second) ** 2).sum(-1)).max())


def _gap(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max())


def right(first: Seen, second: Seen) -> np.ndarray:
    return np.array([_gap(first.log_p, second.log_p), _moved(first.mean, second.mean)])


def _mistakes(first: Seen, second: Seen, column: int) -> list[Mistake]:
    off, move = first.log_p - second.log_p, first.mean - second.mean
    known = {
        GAP: [
            ("mean_for_largest", "This is the mean over the data. Two distributions differ if they differ at one x.", np.abs(off).mean()),
            ("signed", "The largest difference counts in either direction.", off.max() if off.max() < np.abs(off).max() else -off.min()),
            ("probabilities", "This is the difference of p(x), not of its logarithm.",
             _gap(np.exp(first.log_p), np.exp(second.log_p))),
            ("prior_forgotten", "p(z) is missing in this integral.", _gap(first.flat_log_p, second.flat_log_p)),
            ("mean_of_logarithms", "This averages log p(x | z) over the prior. p(x) is an average of p(x | z).",
             _gap(first.mean_log, second.mean_log)),
            ("one_latent", "This compares log p(x | z) at z = 0. p(x) has every z in it.", _gap(first.at_zero, second.at_zero)),
            ("root_mean_square", "This is a root mean square over the data. The largest is asked.", np.sqrt((off**2).mean())),
        ],
        MOVED: [
            ("mean_for_largest", "This is the mean over the data. The farthest is asked.", np.sqrt((move**2).sum(-1)).mean()),
            ("largest_coordinate", "This is the largest coordinate. How far is it in all?", np.abs(move).max()),
            ("squared", "This is the squared distance.", (move**2).sum(-1).max()),
            ("summed_coordinates", "This adds up the sizes of the coordinates. Their Euclidean length is asked.",
             np.abs(move).sum(-1).max()),
            ("prior_forgotten", "p(z) is missing in the weights of this mean.", _moved(first.flat_mean, second.flat_mean)),
        ],
    }[column]  # fmt: skip
    return [Mistake(key, hint, np.asarray(value)) for key, hint, value in known]


def _each(probe: Probe, cases: list[tuple[str, Arrays]], columns: tuple[int, ...]) -> Finding:
    finding = Finding(True)
    for what, params in cases:
        names = [ref("first"), ref("second"), ref("x"), int(params["sizes"][0])]
        reply = unpack(probe.value(*names, problem="variants/pair", params=params), 2, "gap, moved")
        both = _both(params)
        for column in columns:
            if finding.ok:
                mistakes, title = _mistakes(*both, column), f"{TITLES[column]}, {what}"
                finding = compare(reply[column], right(*both)[column], mistakes, RTOL, ATOL, title)
    return finding


def _moving(rng: np.random.Generator, dim: int, sign: int = 0, **how: Any) -> Arrays:
    """A pair of which both answers are far from zero, and the largest difference is by far the largest in its direction.

    Args:
        sign: that of the largest difference; zero for either.
    """
    while True:
        params = _params(rng, dim, int(rng.integers(3, 5)), **how)
        first, second = _both(params)
        off = first.log_p - second.log_p
        far = np.abs(off).max() > 0.02 and abs(off.max() + off.min()) > 0.005
        if far and sign * (off.max() + off.min()) >= 0 and _moved(first.mean, second.mean) > 0.05:
            return params


def _turned(rng: np.random.Generator, angle: float | None = None) -> np.ndarray:
    angle = float(rng.uniform(0.4, 2.7)) if angle is None else angle
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _changed(rng: np.random.Generator) -> list[tuple[str, Arrays]]:
    """Other data: one latent; stretched and squeezed at the same area; sheared; shifted."""
    factor, lean = float(rng.uniform(1.4, 2.0)), float(rng.uniform(0.7, 1.2)) * rng.choice([-1, 1])
    signs = rng.permutation([-1, 1]).tolist()
    return [
        ("one latent, stretched", _moving(rng, 1, signs[0], matrix=np.array([[float(rng.uniform(1.5, 2.0))]]))),
        ("stretched and squeezed", _moving(rng, 2, signs[1], matrix=rotation(rng, 2) @ np.diag([factor, 1 / factor]))),
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
    twist = float(rng.uniform(0.1, 0.25)) * rng.choice([-1, 1])
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
