"""The ELBO of a deep Markov model, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Size, Tensor

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.pullback import pull_back
from autograder.protocol.wire import ref
from autograder.units.shared import LOG_2PI, NO_MEAN, Arrays
from autograder.units.unit_17.problems import markov_deep
from autograder.units.unit_17.reference import RTOL

EXERCISE = exercise(
    __name__,
    title="The ELBO of a deep Markov model",
    function="deep_markov_elbo",
    points=3,
    difficulty=3,
    importance=4,
    minutes=35,
    read="section 7, Which noise must be inferred",
    hides=[],
    because="the bounds of course_vi sample every divergence, and none walks along a chain",
)


def _log_normal(z: Tensor, loc: Tensor, log_scale: Tensor) -> Tensor:
    return -0.5 * (((z - loc) / log_scale.exp()) ** 2 + LOG_2PI) - log_scale


def _kl(m: Tensor, a: Tensor, n: Tensor, b: Tensor) -> Tensor:
    """KL of N(m, e^2a) to N(n, e^2b), number by number."""
    return b - a + 0.5 * ((2 * (a - b)).exp() + (m - n) ** 2 * (-2 * b).exp() - 1)


def elbos(
    params: Arrays, eps: np.ndarray, mistakes: bool = True
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The ELBO at this noise and, if asked, what mistakes make of it, with graphs; and the parameters."""
    made = markov_deep(**{name: torch.from_numpy(one) for name, one in params.items()})
    found = {"right": _estimate(made, eps)}
    if not mistakes:
        return found, made["learn"]
    for key in FAULTS:
        found[key] = _estimate(made, eps, key)
    right = found["right"]
    for key, other in (
        ("batch_gradient", right.mean().expand_as(right)),
        ("neighbour_gradient", right.reshape(-1).roll(1).reshape(right.shape)),
    ):
        found[key] = right.detach() + (other - other.detach())
    return found, made["learn"]


def _estimate(made: dict[str, Any], eps: np.ndarray, fault: str = "") -> Tensor:
    model, infer, x = made["p"], made["infer"], made["x"]
    noise, series = torch.from_numpy(eps), x.unflatten(-1, (eps.shape[-2], -1))
    previous: Any = None
    mean: Any = None
    seen, divergence = [], []
    for t in range(eps.shape[-2]):
        told = previous
        if fault == "mean_passed_on" and previous is not None:
            told = mean
        if fault == "first_state_always":
            told = None
        loc, log_scale = infer(t, told, x)
        if previous is None or fault == "prior_at_each_step":
            start, start_log = model.initial_loc, model.initial_log_scale
        elif fault == "move_from_mean":
            start, start_log = _move(model, mean)
        elif fault == "history_detached":
            start, start_log = _move(model, previous.detach())
        elif fault == "standard_normal":
            start, start_log = torch.zeros_like(loc), torch.zeros_like(loc)
        else:
            start, start_log = _move(model, previous)
        scale = log_scale if fault == "log_scale_as_scale" else (log_scale / 2).exp()
        z = (
            loc
            + (scale if fault in ("log_scale_as_scale", "log_variance") else log_scale.exp())
            * noise[..., t, :]
        )
        if fault == "noise_of_the_model" and previous is not None:
            loc, log_scale = start, start_log
            z = start + start_log.exp() * noise[..., t, :]
        kl = _kl(loc, log_scale, start, start_log)
        if fault == "kl_reversed":
            kl = _kl(start, start_log, loc, log_scale)
        if fault == "sampled_kl":
            kl = _log_normal(z, loc, log_scale) - _log_normal(z, start, start_log)
        if fault == "log_variance":
            kl = _kl(loc, log_scale / 2, start, start_log / 2)
        if fault == "kl_mean_over_states":
            kl = kl / kl.shape[-1]
        if fault == "kl_detached":
            kl = kl.detach()
        divergence.append((0 * kl if fault == "first_kl_missing" and t == 0 else kl).sum(-1))
        at = z.detach() if fault == "sample_detached" else z
        seen.append(model.output.log_prob(model.emission(at), series[..., t, :]))
        previous, mean = z, loc
    shape = Size((len(eps), *x.shape[:-1]))
    like = torch.stack([one.expand(shape) for one in seen])
    kls = torch.stack([one.expand(shape) for one in divergence])
    if fault == "last_step_alone":
        return (like[-1] - kls[-1]).mean(0)
    if fault == "mean_over_steps":
        return (like - kls).mean(0).mean(0)
    each = like.sum(0) + kls.sum(0) if fault == "kl_sign" else like.sum(0) - kls.sum(0)
    if fault == "kl_missing":
        each = like.sum(0)
    if fault == "sum_over_samples":
        return each.sum(0)
    if fault == "no_mean":
        return each
    return -each.mean(0) if fault == "loss_sign" else each.mean(0)


def _move(model: Any, z: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = model.transition(z).chunk(2, -1)
    return loc, log_scale


FAULTS = {
    "kl_missing": "This is the measurements' part alone. What q knows of the states has to be paid for.",
    "kl_sign": "The divergences are added. They are a cost.",
    "loss_sign": "This is the negative ELBO, a loss.",
    "kl_reversed": "The divergences are taken the other way round: the expectation is under q.",
    "sampled_kl": "Right on average, but the divergence of a step was sampled. Given the state before, it has a closed form.",
    "first_kl_missing": "The first state has a prior, too.",
    "prior_at_each_step": "Each state is compared with the prior of the *first* one. A later state moves from the one before.",
    "standard_normal": "Later states are compared with N(0, I). They move from the state before.",
    "move_from_mean": "The model's move starts from the mean of q. It starts from the state that was sampled.",
    "mean_passed_on": "infer is handed the mean of the state before. It takes the state that was sampled.",
    "first_state_always": "infer is handed no state before, at any step.",
    "noise_of_the_model": "From the second step on the states are drawn from the model's own move: the data never correct them.",
    "log_scale_as_scale": "log_scale is the logarithm of the standard deviation.",
    "log_variance": "You read log_scale as the logarithm of a variance. It is that of a standard deviation.",
    "kl_mean_over_states": "The divergence of a step is a sum over the numbers of a state.",
    "last_step_alone": "This is the last step's part alone.",
    "mean_over_steps": "The steps are averaged. Their parts add.",
    "sum_over_samples": "The samples are summed over. Average them.",
    "no_mean": NO_MEAN,
    "sample_detached": "The measurements do not pull on q: something was detached on the way to z.",
    "kl_detached": "The divergences do not pull on anything: they were computed without a graph.",
    "history_detached": "The state before is detached where the model moves from it: it has a part in the next divergence.",
}
SAYS = {
    **FAULTS,
    "batch_gradient": "The values are right, and each carries the gradient of the batch's mean.",
    "neighbour_gradient": "The values are right, and each carries its neighbour's gradient.",
}
IN_THE_GRADIENT_ALONE = (
    "sample_detached",
    "kl_detached",
    "history_detached",
    "batch_gradient",
    "neighbour_gradient",
)
ASKED = [ref("p"), ref("infer"), ref("x")]


def _params(
    rng: np.random.Generator, batch: tuple[int, ...], steps: int, d: int, p: int, bits: bool
) -> Arrays:
    hidden, width = 4, p
    x = rng.normal(size=(*batch, steps * p))
    return {
        "x": (x > 0).astype(float) if bits else 1.5 * x + 0.5,
        "infer": 0.5 * rng.normal(size=(2 * d, d + p + 1)),
        "start": np.stack([rng.normal(size=d), rng.uniform(-0.6, 0.4, d)]),
        "move_in": 0.8 * rng.normal(size=(hidden, d)),
        "move_out": 0.6 * rng.normal(size=(2 * d, hidden)),
        "see_in": 0.8 * rng.normal(size=(hidden, d)),
        "see_out": rng.normal(size=(width, hidden)),
        "bits": np.array(float(bits)),
    }


def _mistakes(found: dict[str, Tensor]) -> list[Mistake]:
    return [
        Mistake(key, SAYS[key], value.detach().numpy())
        for key, value in found.items()
        if key != "right" and key not in IN_THE_GRADIENT_ALONE
    ]


CASES = (((4,), 4, 2, 3, True), ((2, 3), 3, 1, 2, False), ((3,), 5, 3, 1, True))


@EXERCISE.part("The value at the noise given", weight=1.5)
def value_at_fixed_noise(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, steps, d, p, bits in CASES:
        params, eps = _params(rng, batch, steps, d, p, bits), rng.normal(size=(3, *batch, steps, d))
        if finding.ok:
            finding = _value(probe, params, eps)
    return finding


def _value(probe: Probe, params: Arrays, eps: np.ndarray) -> Finding:
    got = probe.value(*ASKED, eps, problem="markov/deep", params=params)
    what = f"the ELBO, noise of shape {eps.shape}"
    right = elbos(params, eps, mistakes=False)[0]["right"].detach().numpy()
    finding = compare(got, right, rtol=RTOL, what=what)
    if finding.ok:
        return finding
    return compare(got, right, _mistakes(elbos(params, eps)[0]), RTOL, what=what)


def _gradients(value: Tensor, learn: dict[str, Tensor], batch: Size, seed: int) -> np.ndarray:
    pulled = pull_back(value, list(learn.values()), batch, seed, shared=True, retain_graph=True)
    parts = [
        torch.zeros_like(parameter) if one is None else one
        for parameter, one in zip(learn.values(), pulled, strict=True)
    ]
    return np.concatenate([part.numpy().ravel() for part in parts])


def _slopes(
    params: Arrays, eps: np.ndarray, seed: int, mistakes: bool = True
) -> tuple[np.ndarray, list[Mistake]]:
    """The right gradient, ``(P,)``, and those of mistakes; pulled back with the weights of the request of this seed."""
    found, learn = elbos(params, eps, mistakes)
    batch = Size(eps.shape[1:-2])
    right = _gradients(found.pop("right"), learn, batch, seed)
    return right, [
        Mistake(key, SAYS[key], _gradients(value, learn, batch, seed))
        for key, value in found.items()
    ]


@EXERCISE.part(
    "Its gradient, in all parameters of p and q", weight=1, needs=["value_at_fixed_noise"]
)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, steps, d, p, bits in CASES[:2]:
        params, eps = _params(rng, batch, steps, d, p, bits), rng.normal(size=(3, *batch, steps, d))
        if not finding.ok:
            continue
        reply = probe.gradient("markov/deep", params, *ASKED, eps)
        right, _ = _slopes(params, eps, reply.seed, mistakes=False)
        finding = compare(reply.flat(), right, rtol=RTOL, what="the gradient")
        if not finding.ok:
            _, mistakes = _slopes(params, eps, reply.seed)
            return compare(reply.flat(), right, mistakes, RTOL, what="the gradient")
    return finding


@EXERCISE.part("One step, one sample, one number a state; no batch axis", weight=0.5)
def sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, steps, d, p, count in (((3,), 1, 2, 2, 3), ((), 4, 1, 1, 1), ((1,), 3, 2, 1, 4)):
        params = _params(rng, batch, steps, d, p, bool(rng.integers(2)))
        if finding.ok:
            finding = _value(probe, params, rng.normal(size=(count, *batch, steps, d)))
    return finding
