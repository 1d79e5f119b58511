"""The wake phase of a layer of bits: averaged over what the recognition net may say, and at its means."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_12.reference import bernoulli, either_sign, sigmoid, states

EXERCISE = exercise(
    __name__,
    title="Awake: on average, and at means",
    function="wake_gradients",
    points=2,
    difficulty=3,
    importance=4,
    minutes=25,
    read="section 4, Awake, at means",
    hides=["learning.wake_sleep:wake_phase"],
)

AVERAGE, MEANS = 0, 1
RTOL = 1e-8


class Given(NamedTuple):
    """``weight: (Dx, D)``, ``bias: (Dx)``, data ``x: (B, Dx)``, and chances ``q: (B, D)``."""

    weight: np.ndarray
    bias: np.ndarray
    x: np.ndarray
    q: np.ndarray

    def residual(self, z: np.ndarray) -> np.ndarray:
        """What x has beyond its mean, ``(*, B, Dx)`` for z ``(*, B, D)``."""
        value: np.ndarray = self.x - sigmoid(z @ self.weight.T + self.bias)
        return value

    def at_means(self) -> np.ndarray:
        """Data by data, ``(B, Dx, D)``."""
        value: np.ndarray = self.residual(self.q)[..., None] * self.q[:, None, :]
        return value

    def on_average(self) -> np.ndarray:
        """Data by data, ``(B, Dx, D)``: a sum over all states."""
        z = states(self.q.shape[1])[:, None, :]
        each = self.residual(z)[..., None] * z[:, :, None, :]
        return np.einsum("sb,sbxd->bxd", bernoulli(self.q, z), each)

    def apart(self) -> np.ndarray:
        """The mean residual times the mean of z."""
        z = states(self.q.shape[1])[:, None, :]
        residual = np.einsum("sb,sbx->bx", bernoulli(self.q, z), self.residual(z))
        value: np.ndarray = residual[..., None] * self.q[:, None, :]
        return value


def _given(
    rng: np.random.Generator,
    batch: int = 5,
    pixels: int = 4,
    bits: int = 3,
    size: tuple[float, float] = (0.5, 2.5),
    sure: float = 0.02,
) -> Given:
    return Given(
        either_sign(rng, (pixels, bits), *size),
        rng.normal(size=pixels),
        (rng.random((batch, pixels)) < 0.5).astype(float),
        rng.uniform(sure, 1 - sure, (batch, bits)),
    )


def _mistakes(given: Given, row: int) -> list[Mistake]:
    average, means = given.on_average(), given.at_means()
    known = [
        ("apart", "This multiplies the mean of the residual with the mean of z. They depend on each other: average their product.",
         given.apart().mean(0)),
        ("summed", "You summed over the data. Their mean is asked.", (average, means)[row].sum(0)),
        ("uphill", "The sign is turned: this goes down the log-likelihood.", -(average, means)[row].mean(0)),
        ("no_latent", "The residual is not multiplied with the latents: this is the gradient of the bias, in every column.",
         np.broadcast_to(given.residual(given.q).mean(0)[:, None], given.weight.shape)),
    ]  # fmt: skip
    if row == AVERAGE:
        known.append(
            ("means_for_average", "This is the gradient at the means of q. The mean over z of a sigmoid is not the sigmoid at the mean.",
             means.mean(0))
        )  # fmt: skip
    else:
        known.append(
            ("average_for_means", "This is the average over z. Here z is put at its mean once, and nothing is averaged.",
             average.mean(0))
        )  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _judged(probe: Probe, given: Given, row: int) -> Finding:
    both = unpack(probe.value(*given), 2, "on average, at means")
    want = (given.on_average(), given.at_means())[row].mean(0)
    what = f"the gradient {('on average', 'at means')[row]}, of a weight of shape {want.shape}"
    return compare(both[row], want, _mistakes(given, row), RTOL, what=what)


@EXERCISE.part("Averaged over q")
def on_average(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), AVERAGE)
    return finding if not finding.ok else _judged(probe, _given(rng, 3, 3, 3), AVERAGE)


@EXERCISE.part("At the means of q")
def at_means(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), MEANS)
    return finding if not finding.ok else _judged(probe, _given(rng, 3, 3, 3), MEANS)


@EXERCISE.part(
    "One datum, one pixel, one bit; eight bits; weights of 40, where a pixel is all but sure; chances within 1e-6 of 0 and of 1",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    small = 10.0 ** -rng.uniform(3, 6, (4, 2))
    small[:2] = 1 - small[:2]
    cases = (
        _given(rng, 1, 3, 2),
        _given(rng, 4, 1, 3),
        _given(rng, 3, 4, 1),
        _given(rng, 2, 2, 8),
        _given(rng, 3, 2, 3, (20.0, 40.0)),
        _given(rng, 4, 2, 2)._replace(q=small),
    )
    for given in cases:
        for row in (AVERAGE, MEANS):
            finding = _judged(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("Where q is sure, both are one", weight=0.5, needs=["on_average", "at_means"])
def sure(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng)
    given = given._replace(q=(given.q > 0.5).astype(float))
    finding = _judged(probe, given, AVERAGE)
    finding = finding if not finding.ok else _judged(probe, given, MEANS)
    return replace(finding, alike=True)
