"""A RELAX with a planted fault: s' is not conditioned on z, and c(s) is in the reward."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_07.reference import conditional, gumbels

EXERCISE = exercise(
    __name__,
    title="A RELAX with a planted fault",
    function="relax_repaired",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 6, Take the bias back",
    hides=[
        "gradients.rebar:conditional",
        "gradients.rebar:Rebar.forward",
    ],
)

RTOL = 1e-8


class Given(NamedTuple):
    """Logits ``(C)``, both noises ``(K, C)``, and the numbers in f and c (``problems.relax_estimates``)."""

    logits: np.ndarray
    g: np.ndarray
    h: np.ndarray
    table: np.ndarray  # (C)
    mix: np.ndarray  # (H, C)
    out: np.ndarray  # (H)
    line: np.ndarray  # (C)

    def c(self, s: Tensor) -> Tensor:
        turned = torch.tanh(s @ torch.tensor(self.mix).T) @ torch.tensor(self.out)
        value: Tensor = turned + 0.5 * (s @ torch.tensor(self.line)) ** 2
        return value


class Pieces(NamedTuple):
    """What RELAX is made of: ``(K, C)`` each, values ``(K, 1)``."""

    score: np.ndarray
    f: np.ndarray
    free: np.ndarray  # c(s)
    tied: np.ndarray  # c(s'), s' given z
    loose: np.ndarray  # c(s'), s' not conditioned
    free_path: np.ndarray
    tied_path: np.ndarray
    tied_path_cut: np.ndarray
    loose_path: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """The one line repaired."""
        return (self.f - self.free) * self.score + self.free_path - self.tied_path

    @property
    def published(self) -> np.ndarray:
        """With c(s') in the reward, as it is published: as right, and quieter."""
        return (self.f - self.tied) * self.score + self.free_path - self.tied_path


def pieces(given: Given) -> Pieces:
    own = torch.tensor(np.repeat(given.logits[None], len(given.g), 0), requires_grad=True)
    g, h = torch.tensor(given.g), torch.tensor(given.h)
    fixed, s = own.detach(), own + g
    z = torch.zeros_like(g).scatter(-1, s.argmax(-1, keepdim=True), 1.0)

    def value_and_path(scores: Tensor) -> tuple[np.ndarray, np.ndarray]:
        value = given.c(scores)
        (path,) = torch.autograd.grad(value.sum(), own, retain_graph=True)
        return value.detach().numpy()[:, None], path.numpy()

    free, free_path = value_and_path(s)
    tied, tied_path = value_and_path(conditional(own, z, h))
    _, cut = value_and_path(own - fixed + conditional(fixed, z, h))
    loose, loose_path = value_and_path(own + h)
    score = (z - fixed.softmax(-1)).numpy()
    f = z.numpy() @ given.table[:, None]
    return Pieces(score, f, free, tied, loose, free_path, tied_path, cut, loose_path)


def _mistakes(x: Pieces) -> list[Mistake]:
    rewards = [(x.f - x.free) * x.score, (x.f - x.tied) * x.score]
    known = [
        (
            "as_found",
            "Nothing has changed: s' is still drawn without regard to z.",
            rewards[0] + x.free_path - x.loose_path,
        ),
        (
            "noise_left",
            "It is unbiased now, and c does no good: s' is still drawn without regard to z, so "
            "that c(s') in the reward knows nothing of f(z). "
            "Leave the reward as it was, and draw s' given z.",
            (x.f - x.loose) * x.score + x.free_path - x.loose_path,
        ),
        (
            "control_dropped",
            "This is the score function: c is gone, and with it the bias and the use of it.",
            x.f * x.score,
        ),
    ]
    for reward in rewards:
        known += [
            (
                "condition_detached",
                "The condition is held constant: s' moves with the logits also because what z "
                "cuts off does. This is biased.",
                reward + x.free_path - x.tied_path_cut,
            ),
            (
                "condition_detached",
                "s' has no graph to the logits, so its path is missing. This is biased.",
                reward + x.free_path,
            ),
            ("path_sign", "The path terms are exchanged.", reward - x.free_path + x.tied_path),
            (
                "paths_lost",
                "The path terms are gone, so what c takes from the reward is never given back: "
                "biased.",
                reward,
            ),
            (
                "control_added",
                "c is added to the reward.",
                2 * x.f * x.score - reward + x.free_path - x.tied_path,
            ),
        ]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _given(rng: np.random.Generator, samples: int, categories: int, spread: float = 1.5) -> Given:
    """Logits that are not normalized, and noise by which every category wins where there are samples enough."""
    logits = rng.permutation(
        np.linspace(-spread, spread, categories) + rng.uniform(-0.3, 0.3, categories)
    )
    g = gumbels(rng, (samples, categories))
    for k in range(min(samples, categories)):
        g[k, k] = (logits + g[k]).max() - logits[k] + rng.uniform(0.2, 1.0)
    size = 1 / (1 + spread)
    return Given(
        logits + rng.uniform(1.0, 2.0) * rng.choice([-1, 1]),
        g,
        gumbels(rng, (samples, categories), in_the_tails=spread > 10),
        rng.normal(size=categories),
        size * rng.normal(size=(4, categories)),
        rng.normal(size=4),
        size * rng.normal(size=categories),
    )


def _judged(probe: Probe, given: Given) -> Finding:
    x = pieces(given)
    actual: Any = probe.drive("relax/estimates", **given._asdict())
    what = f"the estimates, {given.g.shape} samples and categories"
    published = compare(actual, x.published, (), RTOL, what=what)
    return published if published.ok else compare(actual, x.right, _mistakes(x), RTOL, what=what)


@EXERCISE.part("The estimates, at given noise", weight=2)
def at_given_noise(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng, 6, 3))
    return finding if not finding.ok else _judged(probe, _given(rng, 5, 5))


@EXERCISE.part("Two categories, one sample, choices that were all but impossible")
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for samples, categories, spread in ((4, 2, 1.0), (1, 4, 1.5), (3, 3, 15.0), (2, 6, 2.0)):
        finding = (
            _judged(probe, _given(rng, samples, categories, spread)) if finding.ok else finding
        )
    return finding
