"""Gumbels given the argmax."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_07.reference import (
    DETACHED,
    conditional,
    gumbels,
    one_hots,
    pulled,
    weights,
)

EXERCISE = exercise(
    __name__,
    title="The noise behind a choice",
    function="conditional_gumbels",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 1, A sample as an argmax",
    hides=["gradients.rebar:conditional"],
)

RTOL = 1e-8
Given = dict[str, Any]


def _inputs(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    samples: int,
    categories: int,
    spread: float = 2.0,
    least: bool = False,
) -> Given:
    """Logits at a level of their own for each datum, and a winner for each sample: any, or the least likely one."""
    shape = (samples, *batch, categories)
    logits = rng.permuted(
        np.linspace(-spread, spread, categories) + rng.uniform(-0.3, 0.3, (*batch, categories)),
        axis=-1,
    )
    chosen = rng.integers(categories, size=shape[:-1])
    if samples >= categories:
        chosen[:categories] = np.arange(categories).reshape(-1, *(1,) * len(batch))
    if least:
        chosen[:] = logits.argmin(-1)
    return {
        "logits": logits + rng.uniform(2.0, 4.0, (*batch, 1)) * rng.choice([-1, 1], (*batch, 1)),
        "z": one_hots(chosen, categories),
        "g": gumbels(rng, shape, in_the_tails=least),
        "weight": weights(rng, shape),
    }


def _tensors(given: Given) -> tuple[Tensor, Tensor, Tensor]:
    logits, z, g = (torch.tensor(given[name]) for name in ("logits", "z", "g"))
    return logits, z, g


def _right(given: Given) -> np.ndarray:
    value: np.ndarray = conditional(*_tensors(given)).numpy()
    return value


def _slope(given: Given) -> np.ndarray:
    _, z, g = _tensors(given)
    return pulled(lambda at: conditional(at, z, g), given["logits"], given["weight"])


def _mistakes(given: Given) -> list[Mistake]:
    logits, z, g = _tensors(given)
    log_p, own, won = torch.log_softmax(logits, -1), logits + g, z > 0.5
    total = torch.logsumexp(logits, -1, keepdim=True)
    noise = (z * g).sum(-1, keepdim=True)
    top, right = total + noise, conditional(logits, z, g)

    def cut(of: Tensor, at: Tensor) -> Tensor:
        return torch.where(won, at, -torch.logaddexp(-of, -at))

    largest = own.amax(-1, keepdim=True)
    exchanged = torch.where(
        won, largest, torch.where(own == largest, (z * own).sum(-1, keepdim=True), own)
    )
    own_top = (z * own).sum(-1, keepdim=True)
    return [
        Mistake(
            "not_conditioned",
            "These are perturbed logits without the condition: another category may win.",
            own.numpy(),
        ),
        Mistake(
            "normalized",
            "These are the perturbed logits of normalized logits. Yours are not: their largest is "
            "where the logits are.",
            (right - total).numpy(),
        ),
        Mistake(
            "largest_of_its_own",
            "The largest is the winner's own logit plus its noise. That it won over the others "
            "tells that it is larger: the maximum of all "
            "has a law of its own, the same whoever wins.",
            torch.where(won, own_top, right).numpy(),
        ),
        Mistake(
            "largest_of_its_own",
            "The largest is the winner's own logit plus its noise, and the others are cut off "
            "there. That it won tells that it is larger.",
            cut(own, own_top).numpy(),
        ),
        Mistake(
            "clipped",
            "The others are clipped where they exceed the largest. Then many lie exactly there, "
            "which has probability zero: cut the "
            "*distribution* off, not the numbers.",
            torch.where(won, top, torch.minimum(own, top)).numpy(),
        ),
        Mistake(
            "exchanged",
            "The largest was given to the winner, and the winner's to the loser. That is another "
            "distribution: which noise belongs to which "
            "logit is not arbitrary.",
            exchanged.numpy(),
        ),
        Mistake(
            "logits_lost",
            "The others have forgotten their logits: what is cut off is l + g, not g.",
            cut(g, top).numpy(),
        ),
        Mistake(
            "logits_lost",
            "The others have normalized logits, and the largest has not.",
            cut(log_p + g, top).numpy(),
        ),
        Mistake(
            "logits_lost",
            "The largest is that of normalized logits, and the others are not normalized.",
            cut(own, noise + 0 * own).numpy(),
        ),
        Mistake(
            "not_cut_off",
            "The largest is right, and the others know nothing of it: they may be larger.",
            torch.where(won, top, own).numpy(),
        ),
        Mistake(
            "noise_sign",
            "The noise of the others enters with the wrong sign: more noise, a smaller entry.",
            torch.where(won, top, -torch.logaddexp(own, -top)).numpy(),
        ),
    ]  # fmt: skip


def _asked(probe: Probe, given: Given) -> Given:
    reply: Given = probe.drive("conditional_gumbels/values", **given)
    return reply


def _places(rng: np.random.Generator) -> list[Given]:
    return [_inputs(rng, (4,), 5, 3), _inputs(rng, (2, 3), 6, 5)]


@EXERCISE.part("The perturbed logits, at given noise", weight=1.5)
def values(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for given in _places(rng):
        if finding.ok:
            finding = compare(
                _asked(probe, given)["value"],
                _right(given),
                _mistakes(given),
                RTOL,
                what="the perturbed logits",
            )
    return finding


@EXERCISE.part("The winner wins, always", weight=0.5, needs=["values"])
def winner_wins(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng, (40,), 30, 4, spread=4.0)
    actual = as_array(_asked(probe, given)["value"])
    if actual.shape != given["z"].shape:
        return compare(actual, _right(given), what="the perturbed logits")
    winner = (given["z"] * actual).sum(-1, keepdims=True)
    lost = float((~(actual <= winner)).any(-1).mean())
    return holds(
        lost == 0,
        "the largest entry is the winner's",
        "so it is" if lost == 0 else f"not in {lost:.1%} of the samples",
        "not_conditioned",
        "Another category won than the one that was given.",
    )


@EXERCISE.part("They know the logits, the condition included: the gradient at fixed noise")
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for given in _places(rng):
        if not finding.ok:
            return finding
        logits, z, g = _tensors(given)
        reply = _asked(probe, given)
        top = logits.logsumexp(-1, keepdim=True) + (z * g).sum(-1, keepdim=True)
        right, frozen_top, frozen_others = (
            pulled(function, given["logits"], given["weight"])
            for function in (
                lambda at, z=z, g=g: conditional(at, z, g),
                lambda at, z=z, g=g, top=top: torch.where(
                    z > 0.5, top, -torch.logaddexp(-(at + g), -top)
                ),
                lambda at, g=g: at + g,
            )
        )
        known = [
            Mistake(
                "condition_detached",
                "The largest is a constant here. It depends on the logits, and the others on it.",
                frozen_top,
            ),
            Mistake(
                "condition_detached",
                "Every entry moves with its own logit alone. The condition depends on the logits, "
                "too.",
                frozen_others,
            ),
        ]
        if not reply["knows"]:
            known.append(Mistake("detached", DETACHED, np.zeros_like(right)))
        finding = compare(reply["slope"], right, known, RTOL, what="the gradient")
    return finding


@EXERCISE.part(
    "Winners that hardly ever win, logits 50 apart; two categories; one datum, or no batch axis"
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = (
        ((3,), 2, 3, 25.0, True),
        ((), 4, 2, 2.0, False),
        ((1,), 1, 6, 1.0, True),
        ((3,), 3, 3, 12.0, False),
        ((), 2, 4, 25.0, True),
    )
    for batch, samples, categories, spread, least in cases:
        given = _inputs(rng, batch, samples, categories, spread, least)
        reply = _asked(probe, given)
        where = f"logits of shape {given['logits'].shape}"
        finding = compare(
            reply["value"],
            _right(given),
            _mistakes(given),
            RTOL,
            what=f"the perturbed logits, at {where}",
        )
        if finding.ok:
            finding = compare(
                reply["slope"], _slope(given), (), RTOL, what=f"the gradient, at {where}"
            )
        if not finding.ok:
            return finding
    return finding
