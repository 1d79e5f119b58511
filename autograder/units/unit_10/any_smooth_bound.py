"""S7: one estimator for every smooth bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare, zero
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import GradientReply, Probe
from autograder.protocol.pullback import row_weights
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays
from autograder.units.unit_10.problems import BOUNDS, bound_tilted, bound_toy
from autograder.units.unit_10.reference import RTOL, derivatives, judged

EXERCISE = exercise(
    __name__,
    title="S7: one estimator for every smooth bound",
    function="any_smooth_bound",
    points=5,
    difficulty=5,
    importance=5,
    minutes=60,
    read="section 5, The score, reparametrized once more",
    hides=[
        "gradients.path:doubly_reparametrized",
        "gradients.bound_structure:path_weights",
        "gradients.bound_structure:_two_derivatives",
    ],
)


ARGUMENTS = [ref(name) for name in ("bound", "p", "loc", "log_scale", "x")]


class Pieces:
    """What the estimate is made of, at given noise.

    Attributes:
        first, second: derivatives of the bound, ``(K, *B)``; ``sums`` are the row sums of its Hessian.
        path, score: of log w in (loc, log_scale), ``(K, *B, 2 D)``; both of them together are the total derivative.
    """

    def __init__(self, problem: str, params: Arrays, eps: np.ndarray, seed: int) -> None:
        tensors = {name: torch.tensor(value) for name, value in params.items()}
        build = {"bound/tilted": bound_tilted, "bound/toy": bound_toy}[problem]
        self.objects, self.seed = build(**tensors), seed
        noise, scale = torch.tensor(eps), tensors["log_scale"].exp()
        self.z = (tensors["loc"] + scale * noise).detach()
        log_q = (-0.5 * noise.square() - tensors["log_scale"] - 0.5 * np.log(2 * np.pi)).sum(-1)
        at = self.z.clone().requires_grad_()
        self.log_p = self.objects["p"].log_joint(self.objects["x"], at)
        (slope,) = torch.autograd.grad(self.log_p.sum(), at, retain_graph=True)
        self.log_w = (self.log_p - log_q).detach()
        upwards = slope + noise / scale  # of log w in z
        self.path = torch.cat([upwards, upwards * scale * noise], -1)
        self.score = -torch.cat([noise / scale, noise.square() - 1], -1)
        self.first, hessian = derivatives(self.objects["bound"], self.log_w)
        self.second = torch.stack([hessian[k, k] for k in range(len(hessian))])
        self.sums, self.hessian = hessian.sum(1), hessian

    def phi(self, weights: Tensor, score: Any = 0.0) -> np.ndarray:
        """The estimate with these weights on the paths, and others on the scores: ``(*B, 2 D)``."""
        on_score = torch.as_tensor(score, dtype=weights.dtype).expand(weights.shape)
        rows = weights.unsqueeze(-1) * self.path + on_score.unsqueeze(-1) * self.score
        return rows.sum(0).numpy()

    def theta(self, weights: Tensor) -> np.ndarray:
        """The weighted slope of log p in theta, pulled back as the learner's was, ``(D)``."""
        batch = row_weights(weights.shape[1:], self.seed).to(weights)
        total = (batch * weights.detach() * self.log_p).sum()
        (slope,) = torch.autograd.grad(total, self.objects["p"].theta, retain_graph=True)
        if slope.shape[: batch.dim()] == batch.shape:
            slope = slope / batch.reshape(batch.shape + (1,) * (slope.dim() - batch.dim()))
        return slope.numpy()

    def leaked(self) -> np.ndarray:
        """What comes if the weights are not held constant: their own slopes, times log w, besides."""
        at = self.log_w.clone().requires_grad_()
        first, rows = _with_graph(self.objects["bound"], at)
        weights = first - torch.stack([rows[k][k] for k in range(len(at))])
        (slopes,) = torch.autograd.grad((weights * at).sum(), at)
        return self.phi(slopes)


def _with_graph(bound: Any, at: Tensor) -> tuple[Tensor, list[Tensor]]:
    (first,) = torch.autograd.grad(bound(at).sum(), at, create_graph=True)
    if not first.requires_grad:
        return first, [torch.zeros_like(at) for _ in first]
    rows = [torch.autograd.grad(row.sum(), at, create_graph=True)[0] for row in first]
    return first, rows


def _asked(
    probe: Probe, problem: str, params: Arrays, eps: np.ndarray
) -> tuple[GradientReply, Pieces]:
    reply = probe.gradient(problem, params, *ARGUMENTS, eps)
    return reply, Pieces(problem, params, eps, reply.seed)


def _which(kind: str, number: float) -> np.ndarray:
    return np.array([BOUNDS.index(kind), number])


def _bounds(rng: np.random.Generator) -> list[np.ndarray]:
    """Bounds whose second derivatives are of either sign, one that is linear, and one that knows its samples apart."""
    return [
        _which("squashed", float(rng.uniform(-5.0, -3.0))),
        _which("power", float(rng.uniform(1.8, 2.4))),
        _which("power", 1.0),
        _which("unequal", float(rng.uniform(0.4, 0.7))),
        _which("tempered", float(rng.uniform(0.3, 0.7))),
        _which("leave_one_out", 0.0),
        _which("spread", float(rng.uniform(0.05, 0.3) * rng.choice([-1, 1]))),
        _which("power", float(rng.uniform(0.3, 0.7))),
        _which("power", float(rng.uniform(-1.2, -0.6))),
        _which("mean", 0.0),
    ]


def _params(
    rng: np.random.Generator, which: np.ndarray, batch: tuple[int, ...], dim: int = 2
) -> Arrays:
    """Off the posterior in every direction; of a batch the first q is narrow, the last wide."""
    shape = (*batch, dim)
    params = {
        "loc": rng.normal(size=shape),
        "log_scale": rng.uniform(-0.9, 0.3, shape),
        "theta": rng.uniform(0.6, 1.6, dim) * rng.choice([-1, 1], dim),
        "x": rng.uniform(0.5, 2.5, shape) * rng.choice([-1, 1], shape),
        "which": which,
    }
    if batch and batch[0] > 2:
        params["log_scale"][0] = rng.uniform(-3.5, -2.5, dim)
        params["log_scale"][-1] = rng.uniform(0.6, 1.0, dim)
    return params


def _phi_of(reply: GradientReply) -> np.ndarray:
    both: np.ndarray = np.concatenate([reply.gradient["loc"], reply.gradient["log_scale"]], -1)
    return both


def _phi_mistakes(of: Pieces) -> list[Mistake]:
    first, second, count = of.first, of.second, len(of.first)
    right = first - second
    known = [
        (
            "first_derivatives",
            "Each path is weighted with the first derivative of the bound alone. That drops a score term whose mean is not zero: "
            "the factor beside the score of a sample depends on that sample.",
            of.phi(first),
        ),
        (
            "squares",
            "Each path is weighted with the square of the first derivative. That is what comes out for one bound, the log of the "
            "mean weight. You were handed another.",
            of.phi(first.square()),
        ),
        (
            "square_for_second",
            "The square of the first derivative stands where the second derivative belongs.",
            of.phi(first - first.square()),
        ),
        (
            "second_added",
            "The two kinds of derivatives are added. Look at the sign with which log q enters log w.",
            of.phi(first + second),
        ),
        (
            "second_alone",
            "This is the term that replaces the score, alone. The path that the bound already has is lost.",
            of.phi(second),
        ),
        (
            "second_alone",
            "This is the term that replaces the score, alone. The path that the bound already has is lost.",
            of.phi(-second),
        ),
        (
            "row_sums",
            "The rows of the Hessian are summed. When one sample moves, the others stay: only its own entry, on the diagonal, "
            "belongs to it.",
            of.phi(first - of.sums),
        ),
        (
            "total",
            "This is the total derivative of the bound: unbiased, and at the posterior as noisy as ever. The scores are to be "
            "turned into paths.",
            of.phi(first, first),
        ),
        (
            "score_kept",
            "The new weights multiply all of the derivative of log w, the score included. The score has become a path: log q is "
            "to be frozen.",
            of.phi(right, right),
        ),
        (
            "score_kept",
            "The score is still there beside the weights that replace it.",
            of.phi(right, first),
        ),
        (
            "weights_move",
            "The weights are not held constant: backward differentiates them, too.",
            of.leaked(),
        ),
        (
            "clamped",
            "Negative weights are cut off at zero. A weight may be negative.",
            of.phi(right.clamp_min(0)),
        ),
        (
            "absolute",
            "The weights lost their signs. A weight may be negative.",
            of.phi(right.abs()),
        ),
        (
            "linear_bound",
            "All samples have the same weight: this is sticking the landing for the mean log weight, not for the bound you got.",
            of.phi(torch.full_like(first, 1 / count)),
        ),
        (
            "normalized",
            "The weights are made to add up to one. Nothing asks for that.",
            of.phi(right / right.sum(0)),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in known]


@EXERCISE.part("The value is the bound that was handed over", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for which in _bounds(rng)[:8:2]:
        if not finding.ok:
            break
        eps = rng.normal(size=(4, 3, 2))
        reply, of = _asked(probe, "bound/tilted", _params(rng, which, (3,)), eps)
        right = of.objects["bound"](of.log_w).numpy()
        mistakes = [
            Mistake(
                "surrogate_value",
                "The value is that of the surrogate, a weighted sum of log weights. Subtract it detached, and add the bound.",
                weighted.numpy(),
            )
            for weighted in (
                (of.first * of.log_w).sum(0),
                ((of.first - of.second) * of.log_w).sum(0),
            )
        ]
        mistakes.append(
            Mistake("elbo", "The value is the mean log weight.", of.log_w.mean(0).numpy())
        )
        finding = compare(reply.value, right, mistakes, RTOL, what="the value")
    return finding


@EXERCISE.part(
    "The gradient in loc and log_scale, at given noise, for ten bounds of two and five samples",
    weight=2,
)
def gradient_of_q(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for which in _bounds(rng):
        for samples in (5, 2):
            if finding.ok:
                eps = rng.normal(size=(samples, 3, 2))
                reply, of = _asked(probe, "bound/tilted", _params(rng, which, (3,)), eps)
                right = of.phi(of.first - of.second)
                what = f"the gradient of a bound of {samples} samples"
                finding = judged(_phi_of(reply), right, _phi_mistakes, of, what)
    return finding


@EXERCISE.part("The gradient in theta", weight=1)
def gradient_of_theta(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for which in _bounds(rng)[:5]:
        if not finding.ok:
            break
        eps = rng.normal(size=(5, 4, 3))
        reply, of = _asked(probe, "bound/tilted", _params(rng, which, (4,), 3), eps)
        count = len(of.first)
        known = [
            (
                "weights_of_q",
                "Theta has the weights that belong to q. Theta moves no sample, so there is no score to be turned into a path: it "
                "is owed the derivative of the bound, and no more.",
                of.theta(of.first - of.second),
            ),
            (
                "linear_bound",
                "In theta all samples have the same weight: this is the gradient of the mean log weight, not of the bound.",
                of.theta(torch.full_like(of.first, 1 / count)),
            ),
            (
                "theta_frozen",
                "Theta gets no gradient: the model was frozen for q's sake, and it is not seen again.",
                np.zeros(of.z.shape[-1]),
            ),
            (
                "theta_twice",
                "Theta gets both gradients, its own and what leaks from the part that belongs to q: freeze the model there, or "
                "the samples here.",
                of.theta(2 * of.first - of.second),
            ),
        ]
        mistakes = [Mistake(key, hint, value) for key, hint, value in known]
        right = of.theta(of.first)
        finding = compare(
            reply.gradient["theta"], right, mistakes, RTOL, what="the gradient in theta"
        )
    return finding


@EXERCISE.part("At the posterior: zero for every draw, whatever the bound", needs=["gradient_of_q"])
def at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for which in _bounds(rng)[:6]:
        if not finding.ok:
            break
        x = 2 * rng.normal(size=(4, 3))
        params = {"loc": x / 2, "log_scale": np.full_like(x, -0.5 * np.log(2)), "x": x}
        reply, of = _asked(
            probe, "bound/toy", {**params, "which": which}, rng.normal(size=(4, 4, 3))
        )
        got = _phi_of(reply)
        mistakes = [
            Mistake(
                "total",
                "The scores are still there: at the posterior they are all that is left, and they do not vanish.",
                of.phi(of.first, of.first),
            ),
            Mistake(
                "score_kept",
                "The scores are still there: at the posterior they are all that is left, and they do not vanish.",
                of.phi(of.first - of.second, of.first - of.second),
            ),
        ]
        finding = zero(got, mistakes=mistakes)
    return finding


@EXERCISE.part(
    "One sample; no batch axis, one datum, two batch axes, as many samples as data; log weights hundreds of nats apart",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    power, unequal = _which("power", 2.0), _which("unequal", 0.5)
    cases: list[tuple[int, tuple[int, ...], int, np.ndarray, float]] = [
        (3, (), 2, unequal, 1.0),
        (4, (1,), 1, power, 1.0),
        (3, (2, 3), 2, unequal, 1.0),
        (3, (3,), 3, power, 1.0),
        (6, (2,), 2, _which("tempered", 0.4), 1.0),
        (4, (3,), 2, power, 40.0),
        (4, (3,), 2, _which("leave_one_out", 0.0), 40.0),
        (1, (3,), 2, power, 1.0),
        (1, (2,), 2, _which("squashed", -4.0), 1.0),
    ]
    finding = Finding(True)
    for samples, batch, dim, which, far in cases:
        if not finding.ok:
            break
        params = _params(rng, which, batch, dim)
        params["x"] = far * params["x"]
        params["log_scale"] = params["log_scale"] + 0.4 * np.log(far)
        eps = rng.normal(size=(samples, *batch, dim))
        reply, of = _asked(probe, "bound/tilted", params, eps)
        where = f"{samples} samples of a batch of shape {batch}"
        right = of.phi(of.first - of.second)
        finding = judged(_phi_of(reply), right, _phi_mistakes, of, f"the gradient, {where}")
        if finding.ok:
            what = f"the gradient in theta, {where}"
            finding = compare(reply.gradient["theta"], of.theta(of.first), [], RTOL, what=what)
    return finding
