"""Who reads whom: the least that sleep can leave over, for three recognition nets of independent bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_12.reference import bernoulli, either_sign, sigmoid, states

EXERCISE = exercise(
    __name__,
    title="Who reads whom",
    function="sleep_floors",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 8, Layers",
    hides=[],
    because="course_vi trains layered recognition nets and does not know what is left over",
)

UPWARD, FLAT, DOWNWARD = 0, 1, 2
TITLES = (
    "the floor of the upward net",
    "the floor of the flat net",
    "the floor of the downward net",
)


class Net(NamedTuple):
    """``joint: (X, S1, S2)``, p(x, z1, z2); ``bits1: (S1, D1)`` and ``bits2: (S2, D2)``, the vectors that the states stand for."""

    joint: np.ndarray
    bits1: np.ndarray
    bits2: np.ndarray


def _spread(table: np.ndarray, bits: np.ndarray) -> float:
    """Mean KL of p(state | row) from the product of its bits' marginals: ``table (R, S)`` holds p(row, state)."""
    kept = table.sum(1) > 0
    table = table[kept]
    given = table / table.sum(1, keepdims=True)
    product = bernoulli((given @ bits)[:, None, :], bits)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(given / product), 0.0)
    return float(terms.sum())


def right(net: Net) -> np.ndarray:
    """(upward, flat, downward), in nats."""
    joint, bits1, bits2 = net
    xs, s1, s2 = joint.shape
    both = np.concatenate([np.repeat(bits1, s2, 0), np.tile(bits2, (s1, 1))], 1)
    upward = _spread(joint.sum(2), bits1) + _spread(joint.sum(0), bits2)
    flat = _spread(joint.reshape(xs, -1), both)
    turned = np.swapaxes(joint, 1, 2)
    downward = _spread(joint.sum(1), bits2) + _spread(turned.reshape(-1, s1), bits1)
    return np.array([upward, flat, downward])


def _parts(net: Net) -> dict[str, float]:
    """Single terms, of which a floor may be made by mistake."""
    joint, bits1, bits2 = net
    xs, s1, s2 = joint.shape
    turned = np.swapaxes(joint, 1, 2)
    within = joint.sum(0, keepdims=True)
    return {
        "z1 given x": _spread(joint.sum(2), bits1),
        "z2 given x": _spread(joint.sum(1), bits2),
        "z2 given z1": _spread(joint.sum(0), bits2),
        "z1 given z2": _spread(joint.sum(0).T, bits1),
        "z1 given x, z2": _spread(turned.reshape(-1, s1), bits1),
        "layers": _shared(joint),
        "layers, no x": _shared(within),
    }


def _shared(joint: np.ndarray) -> float:
    """The mutual information of the two layers, given x."""
    chance = joint.sum((1, 2), keepdims=True)
    product = joint.sum(2, keepdims=True) * joint.sum(1, keepdims=True) / chance
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0, joint * np.log(joint / product), 0.0)
    return float(terms.sum())


def _mistakes(nets: Sequence[Net], index: int) -> list[Mistake]:
    want = np.stack([right(net) for net in nets])
    parts = {name: np.array([_parts(net)[name] for net in nets]) for name in _parts(nets[0])}
    known = [
        ("order_swapped", f"This is {TITLES[other]}.", want[:, other])
        for other in range(3)
        if other != index
    ]
    known.append(("bits_for_nats", "This is in bits. Nats are asked.", want[:, index] / np.log(2)))
    if index == UPWARD:
        known += [
            ("lower_layer_only", "This is what is left over in z1. Bits of z2 depend on each other, too, given z1.", parts["z1 given x"]),
            ("layers_apart", "z2 is taken to read x, and not a sample of z1.", parts["z1 given x"] + parts["z2 given x"]),
        ]  # fmt: skip
    if index == FLAT:
        known += [
            ("layers_forgotten", "The two layers also depend on each other, given x, and a flat net cannot say so.",
             parts["z1 given x"] + parts["z2 given x"]),
            ("between_layers_only", "This is what the two layers share, given x. Bits of one layer share something, too.", parts["layers"]),
        ]  # fmt: skip
    if index == DOWNWARD:
        known += [
            ("x_forgotten", "z1 is taken to read z2 alone. Given z2, x still tells of z1.", parts["z2 given x"] + parts["z1 given z2"]),
            ("upper_layer_only", "This is what is left over in z2. The bits of z1 depend on each other, too, given x and z2.",
             parts["z2 given x"]),
        ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _net(rng: np.random.Generator, pixels: int, lower: int, upper: int, size: float = 3.0) -> Net:
    """A sigmoid belief net of two layers, summed over all of its states; bits of the upper layer are independent, as they are there."""
    x, bits1, bits2 = states(pixels), states(lower), states(upper)
    top = bernoulli(sigmoid(rng.normal(size=upper)), bits2)
    weights = (
        either_sign(rng, (lower, upper), 0.5 * size, size),
        either_sign(rng, (pixels, lower), 0.5 * size, size),
    )
    middle = [
        sigmoid(rows @ w.T - w.sum(1) / 2) for rows, w in zip((bits2, bits1), weights, strict=True)
    ]
    below = bernoulli(middle[0][None], bits1[:, None])  # (S1, S2)
    seen = bernoulli(middle[1][None], x[:, None])  # (X, S1)
    return Net(seen[:, :, None] * below[None] * top, bits1, bits2)


def _chain(rng: np.random.Generator, xs: int, lower: int, upper: int) -> Net:
    """Any chain x - z1 - z2: the bits of the upper layer depend on each other, and some chances are zero."""
    z2 = rng.dirichlet(np.full(2**upper, 1.0))
    z1 = rng.dirichlet(np.full(2**lower, 0.7), 2**upper).T
    z1[int(rng.integers(2**lower)), int(rng.integers(2**upper))] = 0.0
    z1 /= z1.sum(0)
    x = rng.dirichlet(np.full(xs, 0.7), 2**lower).T
    return Net(x[:, :, None] * z1[None] * z2, states(lower), states(upper))


def _in_another_order(rng: np.random.Generator, net: Net) -> Net:
    """The same net, its states listed in an order of their own."""
    one, two = rng.permutation(len(net.bits1)), rng.permutation(len(net.bits2))
    return Net(net.joint[:, one][:, :, two], net.bits1[one], net.bits2[two])


def _judged(probe: Probe, nets: Sequence[Net], index: int) -> Finding:
    actual = [probe.value(*net) for net in nets]
    want = np.stack([right(net) for net in nets])
    for raw in actual:
        if as_array(raw).shape != (3,):
            return compare(raw, want[0], what="(upward, flat, downward)")
    found = np.stack([as_array(raw) for raw in actual])[:, index]
    return compare(found, want[:, index], _mistakes(nets, index), what=TITLES[index])


def _nets(rng: np.random.Generator) -> list[Net]:
    return [_net(rng, 2, 2, 2), _net(rng, 3, 3, 2), _chain(rng, 3, 2, 2), _chain(rng, 5, 2, 3)]


@EXERCISE.part("Upward: z2 reads a sample of z1")
def upward(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _nets(rng), UPWARD)


@EXERCISE.part("Flat: every bit reads x alone")
def flat(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _nets(rng), FLAT)


@EXERCISE.part("Downward: z2 reads x, and z1 reads x and a sample of z2")
def downward(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _nets(rng), DOWNWARD)


@EXERCISE.part(
    "One bit a layer; a single x; latents that tell nothing; states in any order",
    weight=0.5,
    needs=["upward", "flat", "downward"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    single = _chain(rng, 4, 2, 2)
    single = single._replace(joint=single.joint.sum(0, keepdims=True))
    silent = _net(rng, 2, 2, 2, 0.0)
    mixed = _in_another_order(rng, _chain(rng, 3, 2, 2))
    nets = [_net(rng, 2, 1, 1), single, silent, _chain(rng, 4, 1, 2), mixed]
    finding = Finding(True)
    for index in (UPWARD, FLAT, DOWNWARD):
        finding = _judged(probe, nets, index) if finding.ok else finding
    return finding
