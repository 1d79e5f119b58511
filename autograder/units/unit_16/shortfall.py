"""What independent predictions of several targets cost under a Gaussian process, block by block."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="What the conditional neural process cannot earn",
    function="shortfall",
    points=4,
    difficulty=4,
    importance=5,
    minutes=45,
    read="section 6, An exact likelihood of independent targets",
    hides=[],
    because="course_vi has the process and the network, and not the distance between them",
)

VARIANCES, SHORT = 0, 1
NAMES = "variances, shortfall"
TITLES = ("the variances", "the shortfall")
RTOL = 1e-7


class Given(NamedTuple):
    """Inputs of the context ``(C)`` and of the targets ``(T)``; the kernel's numbers; how many targets are predicted at a time."""

    context: np.ndarray
    targets: np.ndarray
    lengthscale: float
    scale: float
    noise: float
    block: int

    def kernel(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        off = (u[:, None] - v) / self.lengthscale
        value: np.ndarray = self.scale**2 * np.exp(-0.5 * off**2)
        return value

    def of_values(self, u: np.ndarray) -> np.ndarray:
        """Covariance of noisy values at these inputs."""
        value: np.ndarray = self.kernel(u, u) + self.noise**2 * np.eye(len(u))
        return value

    def predictive(self, known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """Covariance of noisy values at ``asked``, given those at ``known``."""
        own = self.of_values(asked)
        if not len(known):
            return own
        cross = self.kernel(known, asked)
        value: np.ndarray = own - cross.T @ np.linalg.solve(self.of_values(known), cross)
        return value

    def blocks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(inputs that are known, inputs that are predicted), block after block."""
        every = np.concatenate([self.context, self.targets])
        starts = range(0, len(self.targets), self.block)
        count = len(self.context)
        return [(every[: count + i], self.targets[i : i + self.block]) for i in starts]


def correlation(covariance: np.ndarray) -> float:
    """The total correlation of a Gaussian: sum of the entropies less the entropy of all."""
    value = 0.5 * np.log(np.diag(covariance)).sum() - 0.5 * np.linalg.slogdet(covariance)[1]
    return float(value)


def variances(given: Given) -> np.ndarray:
    return np.concatenate([np.diag(given.predictive(*pair)) for pair in given.blocks()])


def right(given: Given) -> tuple[np.ndarray, np.ndarray]:
    short = sum(correlation(given.predictive(*pair)) for pair in given.blocks())
    return variances(given), np.asarray(short)


def _changed(given: Given) -> dict[str, Given]:
    """What the right answer to another question is."""
    none = np.zeros(0)
    return {
        "all_at_once": given._replace(block=len(given.targets)),
        "one_by_one": given._replace(block=1),
        "context_lost": given._replace(context=none),
        "lengthscale_in_square": given._replace(lengthscale=given.lengthscale / 2**0.5),
        "scale_as_variance": given._replace(scale=given.scale**0.5),
        "noise_as_variance": given._replace(noise=given.noise**0.5),
        "turned": given._replace(targets=given.targets[::-1]),
    }


def _prior(given: Given) -> np.ndarray:
    """Correlation of the targets with nothing known."""
    return np.asarray(sum(correlation(given.of_values(asked)) for _, asked in given.blocks()))


def _earlier_alone(given: Given) -> list[np.ndarray]:
    """Predictive covariances given the context, and not the targets of earlier blocks, block by block."""
    return [given.predictive(given.context, asked) for _, asked in given.blocks()]


def _found(given: Given, row: int) -> dict[str, np.ndarray]:
    found = {key: right(other)[row] for key, other in _changed(given).items()}
    joint = given.predictive(given.context, given.targets)
    left_out = 1 / np.diag(np.linalg.inv(joint))
    if row == VARIANCES:
        return {
            **found,
            "of_the_function": variances(given) - given.noise**2,
            "scale_for_variance": variances(given) ** 0.5,
            "all_others_known": left_out,
        }
    del found["one_by_one"]  # nothing is lost there, and zero shows no cause
    if given.block >= len(given.targets):
        del found["context_lost"]  # the same as the correlation with nothing known
    short = right(given)[SHORT]
    pseudo = 0.5 * np.linalg.slogdet(joint)[1] - 0.5 * np.log(left_out).sum()
    return {
        **found,
        "sign": -short,
        "determinant_not_halved": 2 * short,
        "bits_for_nats": short / np.log(2),
        "for_each_target": short / len(given.targets),
        "blocks_apart": np.asarray(sum(map(correlation, _earlier_alone(given)))),
        "prior_correlation": _prior(given),
        "all_others_known": np.asarray(pseudo),
    }


SAYS = {
    "all_at_once": "All targets are predicted at once. The targets of earlier blocks belong to what is known.",
    "one_by_one": "The targets are predicted one by one. Those of one block are predicted together.",
    "context_lost": "The context has no effect. The predictive covariance is that of the targets *given* the context.",
    "lengthscale_in_square": "The half in the exponent of the kernel is missing.",
    "scale_as_variance": "`scale` is used as a variance. It is a standard deviation: square it.",
    "noise_as_variance": "`noise` is used as a variance. It is a standard deviation: square it.",
    "turned": "The blocks are made from the end of the targets. They come in the order in which they stand.",
    "of_the_function": "These are variances of the function. Predicted are noisy values of it.",
    "scale_for_variance": "These are standard deviations. Variances are asked.",
    "all_others_known": "Each target is predicted from all others. It may see the context and the blocks before its own.",
    "sign": "The sign is turned: the shortfall is what the process earns more than the independent predictions.",
    "determinant_not_halved": "This is twice the shortfall.",
    "bits_for_nats": "This is in bits. Nats are asked.",
    "for_each_target": "This is the shortfall for each target. That of all together is asked.",
    "blocks_apart": "Within each block you are right; but the targets of earlier blocks are known by then.",
    "prior_correlation": "This is how the targets depend on each other with nothing known. Part of it is explained by the context.",
}


def _mistakes(given: Given, row: int) -> list[Mistake]:
    return [Mistake(key, SAYS[key], value) for key, value in _found(given, row).items()]


def _given(
    rng: np.random.Generator, known: int, asked: int, block: int, length: float, noise: float = 0.1
) -> Given:
    """Inputs in no order; scale and noise of their own."""
    scale = float(np.exp(rng.uniform(-0.7, 0.7)))
    return Given(
        rng.uniform(-2, 2, known),
        rng.uniform(-2, 2, asked),
        length * float(rng.uniform(0.8, 1.25)),
        scale,
        noise * scale * float(rng.uniform(0.8, 1.25)),
        block,
    )


def _usual(rng: np.random.Generator) -> list[Given]:
    return [
        _given(rng, 3, 5, 5, 0.6),
        _given(rng, 2, 6, 2, 1.0, 0.3),
        _given(rng, 4, 7, 3, 0.4, 0.05),
        _given(rng, 1, 5, 4, 2.0, 1.5),
    ]


def _judged(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        parts = unpack(probe.value(*given), 2, NAMES)
        want = right(given)
        for row in rows:
            where = (
                f"{len(given.context)} known, {len(given.targets)} asked, {given.block} at a time"
            )
            what = f"{TITLES[row]}, {where}"
            known = functools.partial(_mistakes, given, row)
            atol = 0.0 if row == VARIANCES else 1e-9
            finding = compare(parts[row], want[row], known, RTOL, atol, what=what)
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part("The variance with which each target is predicted")
def predicted(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), VARIANCES)


@EXERCISE.part("All targets at once", weight=1.0)
def at_once(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 3, 6, 6, 0.7),
        _given(rng, 2, 4, 4, 1.5, 0.6),
        _given(rng, 5, 3, 3, 0.3, 0.05),
    ]
    return _judged(probe, cases, SHORT)


@EXERCISE.part("Block after block", weight=1.0)
def in_blocks(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng)[1:], SHORT)


@EXERCISE.part(
    "No context; sixty targets, a determinant that no number holds; two points at one place; scales of 0.001 and 30",
    weight=0.5,
    needs=["predicted", "at_once", "in_blocks"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    twice = _given(rng, 3, 4, 4, 0.8)
    twice = twice._replace(targets=np.append(twice.targets, twice.targets[0]))
    onto = _given(rng, 3, 3, 2, 0.8, 0.2)
    onto = onto._replace(targets=np.append(onto.context[0], onto.targets))
    again = _given(rng, 3, 3, 2, 0.8, 0.3)
    again = again._replace(context=np.append(again.context, again.context[1]))
    small, large = _given(rng, 3, 4, 3, 0.8), _given(rng, 2, 5, 2, 30.0, 0.5)
    many, tiny = _given(rng, 10, 60, 60, 0.15, 0.05), 1e-3 * float(rng.uniform(1.0, 1.3))
    cases = [
        _given(rng, 0, 4, 3, 1.0),
        many._replace(scale=tiny, noise=tiny * many.noise / many.scale),
        _given(rng, 8, 40, 15, 0.3, 0.1),
        twice,
        onto,
        again,
        small._replace(scale=2.1e-3 * small.scale, noise=2.1e-3 * small.noise),
        large._replace(
            context=30 * large.context,
            targets=30 * large.targets,
            scale=14 * large.scale,
            noise=14 * large.noise,
        ),
    ]
    return _judged(probe, cases, VARIANCES, SHORT)


@EXERCISE.part(
    "One target, and one at a time; a block larger than what is left",
    weight=0.5,
    needs=["predicted", "at_once", "in_blocks"],
)
def one_by_one(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 3, 1, 1, 0.8),
        _given(rng, 2, 5, 1, 1.0),
        _given(rng, 2, 3, 10, 1.0),
    ]
    return _judged(probe, cases, VARIANCES, SHORT)
