"""REBAR's control variate, and its coefficient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack

EXERCISE = exercise(
    __name__,
    title="REBAR, with a coefficient that does not spoil it",
    function="rebar",
    points=4,
    difficulty=5,
    importance=4,
    minutes=55,
    read="section 6, Take the bias back",
    hides=[
        "gradients.rebar:conditional",
        "gradients.rebar:Rebar.forward",
        "gradients.rebar:Rebar.control",
    ],
)

RTOL = 1e-8
NAMES = "terms, gradient"


class Given(NamedTuple):
    """What a question is made of; f(b) = linear b + (pair b)^2 + 2 / (1 + (pair b)^2) for rows b."""

    logits: np.ndarray  # (D)
    u: np.ndarray  # (K, D)
    v: np.ndarray  # (K, D)
    temperature: float
    linear: np.ndarray  # (D)
    pair: np.ndarray  # (D)

    def f(self, b: Tensor) -> Tensor:
        square = (torch.tensor(self.pair) * b).sum(-1) ** 2
        return (torch.tensor(self.linear) * b).sum(-1) + square + 2.0 / (1 + square)


class Pieces(NamedTuple):
    """Everything REBAR is made of, ``(K, D)`` each; values with a trailing axis of length one, ``(K, 1)``."""

    score: np.ndarray
    hard: np.ndarray  # f(z), (K, 1)
    free: np.ndarray  # f at the relaxed s, (K, 1)
    tied: np.ndarray  # f at the relaxed s', (K, 1)
    free_path: np.ndarray
    tied_path: np.ndarray
    tied_path_cut: np.ndarray  # with the condition held constant
    loose: np.ndarray  # f at a relaxed s' that is not conditioned, (K, 1)
    loose_path: np.ndarray
    cold: np.ndarray  # f at the relaxed s' without its temperature, (K, 1)

    @property
    def r(self) -> np.ndarray:
        return self.hard * self.score

    @property
    def h(self) -> np.ndarray:
        return self.tied * self.score - self.free_path + self.tied_path


def again(logits: Tensor, z: Tensor, v: Tensor) -> Tensor:
    """The perturbed logit drawn anew given z, increasing in v: by the quantile within the half line that z allows."""
    p = logits.sigmoid()
    w = torch.where(z > 0.5, (1 - p) + v * p, v * (1 - p))
    rest = torch.where(z > 0.5, (1 - v) * p, 1 - v * (1 - p))
    return logits + w.log() - rest.log()


def pieces(given: Given) -> Pieces:
    count, t = len(given.u), given.temperature
    own = torch.tensor(np.repeat(given.logits[None], count, 0), requires_grad=True)
    u, v = torch.tensor(given.u), torch.tensor(given.v)
    s = own + u.logit()
    z = (s > 0).to(s)
    fixed = own.detach()

    def value_and_path(scores: Tensor) -> tuple[np.ndarray, np.ndarray]:
        value = given.f((scores / t).sigmoid())
        (path,) = torch.autograd.grad(value.sum(), own, retain_graph=True)
        return value.detach().numpy()[:, None], path.numpy()

    (free, free_path), (tied, tied_path) = value_and_path(s), value_and_path(again(own, z, v))
    _, cut = value_and_path(own - fixed + again(fixed, z, v))
    loose, loose_path = value_and_path(own + v.logit())
    with torch.no_grad():
        score = (z - own.sigmoid()).numpy()
        hard = given.f(z).numpy()[:, None]
        cold = given.f(again(own, z, v).sigmoid()).numpy()[:, None]
    return Pieces(score, hard, free, tied, free_path, tied_path, cut, loose, loose_path, cold)


def fitted(r: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The mean of r_k - eta_k h_k, each eta_k fitted to the other samples; in loops over pairs of samples: ``(D)``."""
    rows = []
    for k in range(len(r)):
        others = [j for j in range(len(r)) if j != k]
        eta = sum(r[j] @ h[j] for j in others) / sum(h[j] @ h[j] for j in others)
        rows.append(r[k] - eta * h[k])
    value: np.ndarray = np.mean(rows, 0)
    return value


def _control_mistakes(x: Pieces) -> list[Mistake]:
    known = [
        (
            "not_conditioned",
            "s' was drawn without regard to z. Then it knows nothing of f(z), and as a control "
            "variate it only adds noise.",
            x.loose * x.score - x.free_path + x.loose_path,
        ),
        (
            "condition_detached",
            "s' depends on the logits in two ways: it is shifted by them, and the condition z "
            "cuts off a part that depends on them. The second "
            "path is lost, and the mean is not zero.",
            x.tied * x.score - x.free_path + x.tied_path_cut,
        ),
        (
            "free_in_score",
            "The score is multiplied with f at s. It must be f at s': only of that is the score's "
            "estimate the derivative within the cell of z.",
            x.free * x.score - x.free_path + x.tied_path,
        ),
        (
            "path_sign",
            "The two path terms are exchanged: what the score's estimate has for its mean is the "
            "path of s less that of s'.",
            x.tied * x.score + x.free_path - x.tied_path,
        ),
        (
            "tied_path_lost",
            "The path through s' is missing. The mean of what is left is not zero.",
            x.tied * x.score - x.free_path,
        ),
        (
            "free_path_lost",
            "The path through s is missing. The mean of what is left is not zero.",
            x.tied * x.score + x.tied_path,
        ),
        (
            "paths_lost",
            "This is the score's estimate of f at s', and nothing that takes its mean away again.",
            x.tied * x.score,
        ),
        (
            "temperature_lost",
            "The relaxed bit at s' lacks its temperature.",
            x.cold * x.score - x.free_path + x.tied_path,
        ),
        (
            "tied_path_sign",
            "The path of s' is subtracted, too. It is added.",
            x.tied * x.score - x.free_path - x.tied_path,
        ),
        ("control_sign", "The control variate has the other sign: it is to follow the score function's estimate.", -x.h),
        ("difference", "The control variate is already subtracted from the estimate.", x.r - x.h),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _gradient_mistakes(x: Pieces) -> list[Mistake]:
    r, h, count = x.r, x.h, len(x.score)
    mean_r, mean_h = r.mean(0), h.mean(0)

    def with_coefficient(eta: Any) -> np.ndarray:
        value: np.ndarray = (r - eta * h).mean(0)
        return value

    dots, squares = (r * h).sum(-1), (h * h).sum(-1)
    total = dots.sum() / squares.sum()
    each = (dots.sum() - dots)[:, None] / (squares.sum() - squares)[:, None]
    by_bit = ((r * h).sum(0) - r * h) / ((h * h).sum(0) - h * h)
    centred = []
    for k in range(count):
        keep = np.arange(count) != k
        dr, dh = r[keep] - r[keep].mean(0), h[keep] - h[keep].mean(0)
        centred.append([(dr * dh).sum() / max((dh * dh).sum(), 1e-300)])
    known = [
        (
            "own_sample",
            "One coefficient was fitted to all samples, so each sample helped to choose its own: "
            "the estimate is biased. Leave it out.",
            with_coefficient(total),
        ),
        (
            "coefficient_one",
            "The coefficient is one. That is unbiased, and not the best.",
            with_coefficient(1.0),
        ),
        ("no_control", "The control variate is not used.", mean_r),
        (
            "coefficient_by_bit",
            "Each bit has a coefficient of its own. One for all of them was asked: the sum over "
            "the bits of the mean squares is to be least.",
            with_coefficient(by_bit),
        ),
        (
            "centred",
            "The coefficient is a covariance over a variance. The mean of h is known, so it is "
            "not estimated: least squares without a constant.",
            with_coefficient(np.array(centred)),
        ),
        (
            "coefficient_sign",
            "The control variate is added.",
            with_coefficient(-each),
        ),
        (
            "ratios_averaged",
            "Ratios of single samples were averaged. The coefficient is a ratio of two sums.",
            with_coefficient(((dots / squares).sum() - dots / squares)[:, None] / (count - 1)),
        ),
        (
            "own_sample",
            "Each coefficient was fitted to its own sample alone: nothing is left of it but what "
            "h cannot see.",
            with_coefficient((dots / squares)[:, None]),
        ),
        (
            "mean_first",
            "The coefficients are averaged before they are applied, so each sample has a say in "
            "its own.",
            mean_r - each.mean() * mean_h,
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _uniforms(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform numbers, every third of them near an end."""
    near = 10 ** rng.uniform(-3.5, -1.5, shape)
    near = np.where(rng.random(shape) < 0.5, near, 1 - near)
    value: np.ndarray = np.where(rng.random(shape) < 1 / 3, near, rng.uniform(0.02, 0.98, shape))
    return value


def _given(
    rng: np.random.Generator,
    samples: int,
    bits: int,
    temperature: float,
    size: tuple[float, float] = (0.3, 2.0),
) -> Given:
    """Logits of both signs, and noise for which both values of a bit occur."""
    logits = rng.uniform(*size, bits) * rng.choice([-1, 1], bits)
    u, v = _uniforms(rng, (2, samples, bits))
    edge = 1 / (1 + np.exp(logits))
    first, second = rng.uniform(0.1, 0.9, (2, bits))
    u[0], u[1] = edge * first, edge + (1 - edge) * second
    return Given(
        logits,
        u,
        v,
        temperature,
        rng.normal(size=bits),
        rng.uniform(0.5, 1.5, bits) * rng.choice([-1, 1], bits),
    )


def _cases(rng: np.random.Generator) -> list[Given]:
    """Cool and warm; many bits and one; few samples and many; sure bits."""
    return [
        _given(rng, 5, 3, float(rng.uniform(0.3, 0.6))),
        _given(rng, 4, 4, float(rng.uniform(1.2, 3.0)), (3.0, 6.0)),
        _given(rng, 7, 1, float(rng.uniform(0.6, 0.9))),
        _given(rng, 3, 2, 0.1),
    ]


def _asked(probe: Probe, given: Given) -> list[Any]:
    return unpack(probe.drive("rebar/terms", **given._asdict()), 2, NAMES)


def _each(
    probe: Probe, rng: np.random.Generator, judge: Callable[[list[Any], Pieces, str], Finding]
) -> Finding:
    finding = Finding(True)
    for given in _cases(rng):
        if finding.ok:
            place = f"{len(given.u)} samples of {len(given.logits)} bits"
            finding = judge(_asked(probe, given), pieces(given), place)
    return finding


def _row(actual: Any, x: Pieces, row: int) -> tuple[Any, Finding | None]:
    both = as_array(actual)
    if both.shape != (2, *x.r.shape):
        return None, compare(actual, np.stack([x.r, x.h]), what="the terms")
    return both[row], None


@EXERCISE.part("The score function's estimates, sample by sample", weight=0.5)
def score_terms(probe: Probe, rng: np.random.Generator) -> Finding:
    def judge(actual: list[Any], x: Pieces, place: str) -> Finding:
        row, odd = _row(actual[0], x, 0)
        return odd or compare(
            row,
            x.r,
            [
                Mistake("rows_exchanged", "The rows are exchanged.", x.h),
                Mistake(
                    "bent_reward",
                    "f was taken at the relaxed bit. Here it is the bit itself.",
                    x.free * x.score,
                ),
                Mistake("no_score", "This is f(z) without its score.", x.hard + 0 * x.score),
            ],
            RTOL,
            what=f"the first row, {place}",
        )

    return _each(probe, rng, judge)


@EXERCISE.part("The control variate, sample by sample", weight=1.5)
def control_terms(probe: Probe, rng: np.random.Generator) -> Finding:
    def judge(actual: list[Any], x: Pieces, place: str) -> Finding:
        row, odd = _row(actual[0], x, 1)
        return odd or compare(
            row, x.h, _control_mistakes(x), RTOL, what=f"the second row, {place}"
        )  # fmt: skip

    return _each(probe, rng, judge)


@EXERCISE.part("The estimate, each sample's coefficient fitted to the others", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    def judge(actual: list[Any], x: Pieces, place: str) -> Finding:
        return compare(
            actual[1], fitted(x.r, x.h), _gradient_mistakes(x), RTOL, what=f"the estimate, {place}"
        )  # fmt: skip

    return _each(probe, rng, judge)


@EXERCISE.part("One sample is refused, with a ValueError", weight=0.5, needs=["gradient"])
def one_sample_is_refused(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng, 2, 3, 0.5)
    refused = probe.drive(
        "rebar/one_sample", **given._replace(u=given.u[:1], v=given.v[:1])._asdict()
    )
    return holds(
        bool(refused),
        "a ValueError",
        "so it is" if refused else "a result",
        "one_sample_taken",
        "There is no other sample to fit a coefficient to: raise a ValueError that says so.",
    )
