"""A coupling flow: one way for samples, the other way for a density."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, Arrays

EXERCISE = exercise(
    __name__,
    title="A coupling flow, both ways",
    function="coupling_flow",
    points=3,
    difficulty=3,
    importance=4,
    minutes=35,
    read="section 4, What no Gaussian can do",
    hides=[],
    because="course_vi takes its coupling flows from zuko, as whole families",
)

Layer = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # mask, and the network's numbers
NETWORK = ("first", "offset", "second")


def random_inputs(
    rng: np.random.Generator, dim: int, layers: int, samples: int, points: int, hidden: int = 4
) -> Arrays:
    """Masks that differ from layer to layer and are no halves; networks with scales from about a third to three."""
    one = np.arange(dim) < max(1, dim // 2)
    masks = np.array([rng.permutation(one) for _ in range(layers)], dtype=float)
    return {
        "masks": masks.reshape(layers, dim),
        "first": rng.normal(size=(layers, hidden, dim)),
        "offset": rng.normal(size=(layers, hidden)),
        "second": 0.6 * rng.normal(size=(layers, 2 * dim, hidden)),
        "eps": rng.normal(size=(samples, dim)),
        "z": 2 * rng.normal(size=(points, dim)),
        "weight_samples": rng.uniform(0.5, 2, (samples, dim)) * rng.choice([-1, 1], (samples, dim)),
        "weight_log_q": rng.uniform(0.5, 2, points) * rng.choice([-1, 1], points),
    }


def _layers(given: Arrays) -> list[Layer]:
    parts = (given[name] for name in ("masks", *NETWORK))
    return [
        (mask, first, offset, second) for mask, first, offset, second in zip(*parts, strict=True)
    ]


def _read(layer: Layer, u: np.ndarray, masked: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Shift and log scale of the coordinates that move, zero elsewhere."""
    mask, first, offset, second = layer
    out = np.tanh((u * mask if masked else u) @ first.T + offset) @ second.T
    shift, log_scale = np.split(out, 2, -1)
    return shift * (1 - mask), log_scale * (1 - mask)


def forward(layers: list[Layer], u: np.ndarray, masked: bool = True) -> np.ndarray:
    for layer in layers:
        shift, log_scale = _read(layer, u, masked)
        u = u * np.exp(log_scale) + shift
    return u


def backward(layers: list[Layer], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The noise that leads to z, and the sum of log scales on the way."""
    total = 0 * z.sum(-1)
    for layer in reversed(layers):
        shift, log_scale = _read(layer, z)
        z = (z - shift) * np.exp(-log_scale)
        total = total + log_scale.sum(-1)
    return z, total


def _base(u: np.ndarray) -> np.ndarray:
    return np.asarray(-0.5 * (u**2).sum(-1) - 0.5 * u.shape[-1] * LOG_2PI)


def density(layers: list[Layer], z: np.ndarray) -> np.ndarray:
    u, total = backward(layers, z)
    return _base(u) - total


def _turned(layers: list[Layer]) -> list[Layer]:
    """The same layers with masks the other way round."""
    return [(1 - mask, first, offset, second) for mask, first, offset, second in layers]


@EXERCISE.part("Where noise lands")
def samples(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 5, 3, 4, 3)
    layers, eps = _layers(given), given["eps"]
    return compare(
        probe.drive("coupling/pair", **given)["samples"],
        forward(layers, eps),
        what="the samples",
        mistakes=[
            Mistake(
                "mask_turned",
                "mask is 1 for the coordinates that stay and are read, and 0 for those that move.",
                forward(_turned(layers), eps),
            ),
            Mistake(
                "not_masked",
                "The network read all coordinates. It may see only those that stay, the others set to zero: or the way back is lost.",
                forward(layers, eps, masked=False),
            ),
            Mistake(
                "order_of_layers",
                "The layers were applied from last to first.",
                forward(layers[::-1], eps),
            ),
            Mistake(
                "other_way",
                "This is the way from z to the noise.",
                backward(layers, eps)[0],
            ),
            Mistake(
                "stays_moved",
                "The coordinates with mask 1 moved, too. They stay as they are.",
                _all_moved(layers, eps),
            ),
            Mistake(
                "last_layer_alone",
                "Each layer takes what the one before gave, not the noise.",
                forward(layers[-1:], eps),
            ),
        ],
    )


def _all_moved(layers: list[Layer], u: np.ndarray) -> np.ndarray:
    for mask, first, offset, second in layers:
        shift, log_scale = np.split(np.tanh((u * mask) @ first.T + offset) @ second.T, 2, -1)
        u = u * np.exp(log_scale) + shift
    return u


@EXERCISE.part("The density at points that are given")
def given_points(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 5, 3, 3, 5)
    layers, z = _layers(given), given["z"]
    (u, total), right = backward(layers, z), density(layers, z)
    forth = forward(layers, z)
    wrong_order, wrong_total = backward(layers[::-1], z)
    return compare(
        probe.drive("coupling/pair", **given)["log_q"],
        right,
        what="log q(z)",
        mistakes=[
            Mistake(
                "determinant_sign",
                "The log-determinant has the wrong sign: where the flow stretches, the density becomes thinner.",
                _base(u) + total,
            ),
            Mistake("determinant_missing", "The log-determinant is missing.", _base(u)),
            Mistake(
                "order_of_layers",
                "The way back undoes the last layer first.",
                _base(wrong_order) - wrong_total,
            ),
            Mistake(
                "not_undone",
                "The points were sent through the flow once more. They lie at its end: the way back leads to the noise.",
                _base(forth) - total,
            ),
            Mistake(
                "base_at_z",
                "The normal density was taken at z, not at the noise that leads there.",
                _base(z) - total,
            ),
            Mistake(
                "mask_turned",
                "mask is 1 for the coordinates that stay and are read, and 0 for those that move.",
                density(_turned(layers), z),
            ),
            Mistake(
                "stays_counted",
                "The network returns a log scale for every coordinate. Those that stay have none: leave them out of the determinant.",
                _base(u) - _all_log_scales(layers, z),
            ),
            Mistake(
                "last_layer_alone",
                "Only the determinant of one layer is there. Each layer has its own.",
                _base(u) - _read(layers[-1], z)[1].sum(-1),
            ),
            Mistake(
                "constant_missing",
                "The constant is missing: -log(2 pi) / 2 for each coordinate.",
                right + 0.5 * z.shape[-1] * LOG_2PI,
            ),
        ],
    )


def _all_log_scales(layers: list[Layer], z: np.ndarray) -> np.ndarray:
    total = 0 * z.sum(-1)
    for layer in reversed(layers):
        mask, first, offset, second = layer
        total = total + np.split(np.tanh((z * mask) @ first.T + offset) @ second.T, 2, -1)[1].sum(
            -1
        )
        shift, log_scale = _read(layer, z)
        z = (z - shift) * np.exp(-log_scale)
    return np.asarray(total)


def _moved(given: Arrays) -> Iterator[Arrays]:
    """The inputs once for each number of the networks, with an imaginary step along it."""
    for name in NETWORK:
        for place in range(given[name].size):
            step = np.zeros(given[name].size, dtype=complex)
            step[place] = 1e-30j
            yield {**given, name: given[name] + step.reshape(given[name].shape)}


def slopes(given: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the weighted samples and log densities in the networks' numbers, by complex steps: exact to rounding."""
    of_samples, of_density = [], []
    for other in _moved(given):
        layers = _layers(other)
        of_samples.append((given["weight_samples"] * forward(layers, given["eps"])).sum().imag)
        of_density.append((given["weight_log_q"] * density(layers, given["z"])).sum().imag)
    return np.array(of_samples) / 1e-30, np.array(of_density) / 1e-30


@EXERCISE.part("Both know the networks: gradients at fixed noise")
def gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    given = random_inputs(rng, 3, 2, 3, 4, hidden=2)
    reply = probe.drive("coupling/pair", **given)
    finding = Finding(True)
    for name, what, want in zip(
        ("slope_s", "slope_q"), ("the samples", "log q"), slopes(given), strict=True
    ):
        detached = Mistake(
            "detached",
            "It has no graph to the networks: look for detach, no_grad, .data or NumPy on the way.",
            np.zeros_like(want),
        )
        finding = compare(reply[name], want, [detached], what=f"the gradient of {what}")
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "One layer, no layer, two coordinates, one sample",
    weight=0.5,
    needs=["samples", "given_points"],
)
def sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        random_inputs(rng, 4, 1, 3, 2),
        random_inputs(rng, 3, 0, 2, 3),
        random_inputs(rng, 2, 4, 1, 1),
        random_inputs(rng, 3, 3, 3, 3),
    ]
    cases[-1]["masks"] = np.array([[1.0, 1, 0], [0, 0, 1], [1, 1, 1]])  # the last moves nothing
    finding = Finding(True)
    for given in cases:
        reply, layers = probe.drive("coupling/pair", **given), _layers(given)
        finding = compare(reply["samples"], forward(layers, given["eps"]), what="the samples")
        if finding.ok:
            finding = compare(reply["log_q"], density(layers, given["z"]), what="log q(z)")
        if not finding.ok:
            return finding
    return finding
