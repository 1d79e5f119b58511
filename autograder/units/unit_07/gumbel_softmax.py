"""A sample of the Gumbel-softmax, and its density."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_07.reference import DETACHED, gumbels, pulled, weights

EXERCISE = exercise(
    __name__,
    title="A bent sample, and its density",
    function="gumbel_softmax",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 2, Bend the coin",
    hides=[
        "gradients.relaxations:gumbel_softmax",
        "gradients.relaxations:relaxed",
        "gradients.relaxations:soften",
        "gradients.rebar:Rebar.control",
    ],
)

RTOL = 1e-8
Given = dict[str, Any]


def log_sample(logits: Tensor, g: Tensor, temperature: float) -> Tensor:
    """log z, ``(K, *B, C)``."""
    return torch.log_softmax((logits + g) / temperature, -1)


def log_density(logits: Tensor, log_z: Tensor, temperature: float) -> Tensor:
    """log q(z) on the simplex, ``(K, *B)``, from log z."""
    count = logits.shape[-1]
    tilted = logits - temperature * log_z
    constant = math.lgamma(count) + (count - 1) * math.log(temperature)
    value: Tensor = constant + (tilted - log_z).sum(-1) - count * torch.logsumexp(tilted, -1)
    return value


def _inputs(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    samples: int,
    categories: int,
    temperature: float,
    spread: float = 2.0,
    in_the_tails: bool = False,
) -> Given:
    """Logits around a level of their own for each datum, so that they are not normalized."""
    shape = (samples, *batch, categories)
    logits = rng.permuted(
        np.linspace(-spread, spread, categories) + rng.uniform(-0.3, 0.3, (*batch, categories)),
        axis=-1,
    )
    return {
        "logits": logits + rng.normal(size=(*batch, 1)) * 2 + 800.0 * in_the_tails,
        "temperature": temperature,
        "g": gumbels(rng, shape, in_the_tails),
        "weight": weights(rng, shape),
        "by": weights(rng, shape[:-1]),
    }


def _tensors(given: Given) -> tuple[Tensor, Tensor, float]:
    return torch.tensor(given["logits"]), torch.tensor(given["g"]), float(given["temperature"])


def _sample_mistakes(given: Given) -> list[Mistake]:
    logits, g, t = _tensors(given)
    scores = logits + g
    log_z = torch.log_softmax(scores / t, -1)

    def soft(of: Tensor, axis: int = -1) -> np.ndarray:
        value: np.ndarray = torch.softmax(of, axis).numpy()
        return value

    hard = (scores == scores.amax(-1, keepdim=True)).to(scores).numpy()
    return [
        Mistake("noise_sign", "The noise is subtracted. Add it.", soft((logits - g) / t)),
        Mistake("no_temperature", "The temperature is missing.", soft(scores)),
        Mistake(
            "temperature_of_logits",
            "Only the logits are divided by the temperature. The noise is, too: at low "
            "temperature the largest *sum* must win.",
            soft(logits / t + g),
        ),
        Mistake(
            "temperature_of_logits",
            "Only the noise is divided by the temperature.",
            soft(logits + g / t),
        ),
        Mistake(
            "temperature_inverted",
            "This multiplies by the temperature. Divide: low temperatures are to be hard.",
            soft(scores * t),
        ),
        Mistake("hard_sample", "This is the exact, hard sample. Its bent version is asked.", hard),
        Mistake("log_sample", "This is log z. The first result is z itself.", log_z.numpy()),
        *(
            []
            if scores.dim() < 3
            else [
                Mistake(
                    "wrong_axis", "The softmax goes along another axis than the last.", soft(scores / t, axis)
                )
                for axis in (0, 1)
            ]
        ),
    ]  # fmt: skip


def _density_mistakes(given: Given) -> list[Mistake]:
    logits, g, t = _tensors(given)
    log_z, count = log_sample(logits, g, t), logits.shape[-1]
    tilted = logits - t * log_z
    right, total = log_density(logits, log_z, t), torch.logsumexp(tilted, -1)
    factorial, power = math.lgamma(count), math.log(t)
    log_p = torch.log_softmax(logits, -1)
    mistaken = [
        ("no_factorial", "The factor (C - 1)! is missing.", right - factorial),
        (
            "no_factorial",
            "The factorial is that of C - 1, not that of C.",
            right - factorial + math.lgamma(count + 1),
        ),
        (
            "power_of_temperature",
            "The power of the temperature is missing. The map from perturbed logits to z divides "
            "by it, in C - 1 directions.",
            right - (count - 1) * power,
        ),
        (
            "power_of_temperature",
            "The temperature has the power C. The simplex has only C - 1 directions.",
            right + power,
        ),
        (
            "power_of_temperature",
            "The power of the temperature has the wrong sign.",
            right - 2 * (count - 1) * power,
        ),
        (
            "density_of_log_z",
            "This is the density of log z. On the way to z itself the exponential brings a factor "
            "1 / z for each entry.",
            right + log_z.sum(-1),
        ),
        (
            "jacobian_sign",
            "The entries of z enter with the wrong sign.",
            right + 2 * log_z.sum(-1),
        ),
        (
            "one_normalizer",
            "The normalizing sum is there once. It has the power C.",
            right + (count - 1) * total,
        ),
        (
            "one_normalizer",
            "The normalizing sum has the power C - 1. All C entries are divided by it.",
            right + total,
        ),
        (
            "categorical_score",
            "This is the formula of the mass function, sum z log p, read between its states. It "
            "is no density on the simplex.",
            (log_z.exp() * log_p).sum(-1),
        ),
        (
            "density_of_noise",
            "This is the density of the Gumbel noise. The map from C noises to the simplex loses "
            "a direction and stretches the "
            "others.",
            (-g - torch.exp(-g)).sum(-1),
        ),
        ("not_a_logarithm", "This is the density. Its logarithm is asked.", right.exp()),
    ]
    return [Mistake(key, hint, value.numpy()) for key, hint, value in mistaken]


def _asked(probe: Probe, given: Given) -> Given:
    reply: Given = probe.drive("gumbel_softmax/pair", **given)
    return reply


def _places(rng: np.random.Generator) -> list[Given]:
    """Warm and cool, few categories and many; square and not."""
    return [
        _inputs(rng, (4,), 5, 3, float(rng.uniform(0.4, 0.7))),
        _inputs(rng, (2, 3), 2, 5, float(rng.uniform(1.4, 3.0))),
    ]


def _sample(given: Given) -> np.ndarray:
    value: np.ndarray = log_sample(*_tensors(given)).exp().numpy()
    return value


def _density(given: Given) -> np.ndarray:
    logits, g, t = _tensors(given)
    value: np.ndarray = log_density(logits, log_sample(logits, g, t), t).numpy()
    return value


@EXERCISE.part("z, at given noise")
def sample(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for given in _places(rng):
        if finding.ok:
            z = _asked(probe, given)["z"]
            finding = compare(z, _sample(given), _sample_mistakes(given), RTOL, what="z")
    return finding


@EXERCISE.part("Its log density on the simplex", weight=1.5)
def density(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for given in _places(rng):
        if finding.ok:
            log_q = _asked(probe, given)["log_q"]
            finding = compare(
                log_q, _density(given), _density_mistakes(given), RTOL, what="log q(z)"
            )
    return finding


@EXERCISE.part("Both know the logits: gradients at fixed noise")
def gradients(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _places(rng)[0]
    logits, g, t = _tensors(given)
    reply = _asked(probe, given)
    right = pulled(lambda at: log_sample(at, g, t).exp(), given["logits"], given["weight"])
    finding = compare(
        reply["slope_z"],
        right,
        [] if reply["knows_z"] else [Mistake("sample_detached", DETACHED, np.zeros_like(right))],
        RTOL,
        what="the gradient of z",
    )
    if not finding.ok:
        return finding
    log_z = log_sample(logits, g, t)
    total, fixed, through = (
        pulled(function, given["logits"], given["by"])
        for function in (
            lambda at: log_density(at, log_sample(at, g, t), t),
            lambda at: log_density(at, log_z, t),
            lambda at: log_density(logits, log_sample(at, g, t), t),
        )
    )
    return compare(
        reply["slope_q"],
        total,
        [
            *(
                []
                if reply["knows_q"]
                else [Mistake("density_detached", DETACHED, np.zeros_like(total))]
            ),
            Mistake(
                "density_at_fixed_z",
                "log q was evaluated at a detached z. Its path through the sample is gone.",
                fixed,
            ),
            Mistake(
                "density_detached",
                "log q holds its logits constant: what is left is its path through z.",
                through,
            ),
        ],
        RTOL,
        what="the gradient of log q(z)",
    )


@EXERCISE.part(
    "Temperatures from 0.05 to 20, logits 50 apart; two categories; one datum, or no batch axis"
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = (
        ((3,), 4, 3, 0.05, 25.0),
        ((), 3, 2, float(rng.uniform(0.1, 0.2)), 3.0),
        ((1,), 1, 6, 20.0, 1.0),
        ((3,), 3, 3, float(rng.uniform(0.8, 1.2)), 2.0),
        ((), 2, 4, 0.05, 25.0),
    )
    for batch, samples, categories, temperature, spread in cases:
        given = _inputs(rng, batch, samples, categories, temperature, spread, in_the_tails=True)
        reply = _asked(probe, given)
        where = f"at temperature {temperature:.2g}, logits of shape {given['logits'].shape}"
        finding = compare(
            reply["z"], _sample(given), _sample_mistakes(given), RTOL, what=f"z {where}"
        )
        if finding.ok:
            finding = compare(
                reply["log_q"],
                _density(given),
                _density_mistakes(given),
                RTOL,
                what=f"log q(z) {where}",
            )
        if not finding.ok:
            return finding
    return finding
