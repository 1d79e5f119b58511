"""The latent neural process: a bound on the targets given the context, with the right split of both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays
from autograder.units.unit_16.problems import process
from autograder.units.unit_16.reference import compared, kl, normal_log_prob, tensors

EXERCISE = exercise(
    __name__,
    title="The ELBO of a neural process",
    function="process_elbo",
    points=3,
    difficulty=3,
    importance=5,
    minutes=35,
    read="section 5, Neural processes",
    hides=["models.deep.neural_process:NeuralProcess.log_factors"],
)

WHAT = "the bound, function by function"


class Given(NamedTuple):
    """Networks by their recipe, ``inputs, outputs: (*B, N)``, which points are given, ``(*B, N)``, and noise ``(K, *B, D)``."""

    params: Arrays
    inputs: np.ndarray
    outputs: np.ndarray
    is_context: np.ndarray
    eps: np.ndarray


SAYS = {
    "standard_prior": "The KL is to N(0, I). Given the context the prior is what the encoder says of it.",
    "context_scored": "The outputs of the context are scored, too. They are given: only the others are to be predicted.",
    "context_alone_scored": "The outputs of the context are scored in place of the targets'.",
    "targets_not_read": "z is drawn from what the encoder says of the context. q has read the targets as well.",
    "targets_alone_read": "q has read the targets and not the context. It reads both.",
    "kl_reversed": "The KL is turned round: the expectation is under q, which has read everything.",
    "kl_to_targets": "The KL compares what context and targets say, each alone. One of the two is to be what both say together.",
    "kl_missing": "The KL is missing. z was drawn by somebody who had read the targets, and that is a cost.",
    "kl_sign": "The KL is added. It is a cost.",
    "kl_detached": "The KL has no gradient.",
    "prior_detached": "The gradient of what the encoder says of the context is cut off. It is the model's prior, and is learned.",
    "sample_detached": "The gradient of the outputs' density does not reach the encoder.",
    "loss_sign": "This is a loss. Return the bound itself, the thing to climb.",
    "mean_over_targets": "The targets' log-densities are averaged. log p of several outputs is a sum.",
    "kl_shared": "The KL is divided by the number of targets. It is paid once.",
    "sum_over_samples": "The samples are summed. Their mean is the estimate.",
    "samples_inside": "This is the logarithm of a mean of weights. The ELBO is a mean of logarithms, with the KL in closed form.",
    "no_mean": "There is a number for each sample. Average over them, axis 0.",
    "sampled_kl": "The KL is estimated from the samples. It is asked in closed form.",
    "no_noise": "The noise is not used: this is the value at the mean of q.",
    "log_scale_as_log_variance": "The second half of what the encoder writes is read as log variances. They are logarithms of standard "
    "deviations.",
    "output_log_variance": "The decoder's second number is read as a log variance. It is the logarithm of a standard deviation.",
    "batch_gradient": "The values are right, and each carries the gradient of the batch's mean.",
}


def values(given: Given) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What is right, and what mistakes make of it, with graphs; and the objects of the problem."""
    made = process(**tensors(given.params))
    encoder, decoder = made["encoder"], made["decoder"]
    inputs, outputs, context, eps = (torch.from_numpy(np.array(each)) for each in given[1:])
    points = torch.stack([inputs, outputs], -1)

    def says(mask: Tensor) -> tuple[Tensor, Tensor]:
        loc, log_scale = encoder(points, mask).chunk(2, -1)
        return loc, log_scale

    def likes(z: Tensor, scored: Tensor, power: float = 1.0) -> Tensor:
        """Sums of log-densities over those that are scored, ``(K, *B)``."""
        loc, log_scale = decoder(inputs.unsqueeze(-1), z).unbind(-1)
        terms = normal_log_prob(outputs, loc, power * log_scale)
        return torch.where(scored, terms, torch.zeros_like(terms)).sum(-1)

    both, prior, target = says(torch.ones_like(context)), says(context), says(~context)

    def drawn(loc: Tensor, log_scale: Tensor) -> Tensor:
        return loc + log_scale.exp() * eps

    z = drawn(*both)
    each = likes(z, ~context)
    like, cost = each.mean(0), kl(*both, *prior)
    half = tuple((loc, log_scale / 2) for loc, log_scale in (both, prior))
    log_ratio = (normal_log_prob(z, *both) - normal_log_prob(z, *prior)).sum(-1)
    count = (~context).sum(-1).clamp(min=1)
    right = like - cost
    found = {
        "right": right,
        "standard_prior": like - kl(*both),
        "context_scored": likes(z, torch.ones_like(context)).mean(0) - cost,
        "context_alone_scored": likes(z, context).mean(0) - cost,
        "targets_not_read": likes(drawn(*prior), ~context).mean(0) - cost,
        "targets_alone_read": likes(drawn(*target), ~context).mean(0) - kl(*target, *prior),
        "kl_reversed": like - kl(*prior, *both),
        "kl_to_targets": like - kl(*target, *prior),
        "kl_missing": like,
        "kl_sign": like + cost,
        "kl_detached": like - cost.detach(),
        "prior_detached": like - kl(*both, *(part.detach() for part in prior)),
        "sample_detached": likes(z.detach(), ~context).mean(0) - cost,
        "loss_sign": -right,
        "mean_over_targets": like / count - cost,
        "kl_shared": like - cost / count,
        "sum_over_samples": each.sum(0) - cost,
        "samples_inside": (each - log_ratio).logsumexp(0) - float(np.log(len(eps))),
        "no_mean": each - cost,
        "sampled_kl": (each - log_ratio).mean(0),
        "no_noise": likes(both[0].unsqueeze(0), ~context)[0] - cost,
        "log_scale_as_log_variance": likes(drawn(*half[0]), ~context).mean(0) - kl(*half[0], *half[1]),
        "output_log_variance": likes(z, ~context, 0.5).mean(0) - cost,
        "batch_gradient": right.detach() + (right.mean() - right.mean().detach()),
    }  # fmt: skip
    return found, made


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...] = (3,),
    points: int = 6,
    samples: int = 4,
    latents: int = 3,
    shift: np.ndarray | None = None,
    spread: float | None = None,
) -> Given:
    """Functions with contexts of their own: two or more are given and two or more asked, and neither the first nor the last."""
    params = {
        "seed": np.array(int(rng.integers(10**6))),
        "latents": np.array(latents),
        "batch": np.array(batch, dtype=int),
    }
    if shift is not None:
        params["shift"] = shift
    if spread is not None:
        params["spread"] = np.array(spread)
    order = rng.permuted(np.broadcast_to(np.arange(points), (*batch, points)), axis=-1)
    count = rng.integers(2, points - 1, (*batch, 1)) if points > 3 else np.ones((*batch, 1))
    inputs = rng.uniform(-2, 2, (*batch, points))
    return Given(
        params,
        inputs,
        np.sin(2 * inputs) + rng.normal(size=(*batch, 1)) + 0.2 * rng.normal(size=inputs.shape),
        order < count,
        rng.normal(size=(samples, *batch, latents)),
    )


def _judged(probe: Probe, given: Given, of_gradient: bool = False) -> Finding:
    found, made = values(given)
    asked = [ref("encoder"), ref("decoder"), *given[1:]]
    reply = probe.gradient("process/small", given.params, *asked)
    return compared(reply, found, SAYS, made, WHAT, of_gradient)


@EXERCISE.part("The value at fixed noise, contexts of several sizes", weight=1.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng))
    return finding if not finding.ok else _judged(probe, _given(rng, (5,), 9, 3, 2))


@EXERCISE.part("The gradient, for encoder and decoder", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), of_gradient=True)
    return finding if not finding.ok else _judged(probe, _given(rng, (5,), 9, 3, 2), True)


@EXERCISE.part("No context at all; nothing but context", weight=1.0)
def empty_sides(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng, (4,))
    mask = given.is_context.copy()
    none, every = rng.permutation(4)[:2]
    mask[none], mask[every] = False, True
    given = given._replace(is_context=mask)
    finding = _judged(probe, given)
    return finding if not finding.ok else _judged(probe, given, of_gradient=True)


@EXERCISE.part(
    "One function alone; functions on two axes; one sample; one point; narrow and wide q; outputs surely and hardly known",
    weight=0.5,
)
def shapes(probe: Probe, rng: np.random.Generator) -> Finding:
    wide = np.concatenate([rng.normal(size=3), rng.permutation([-6.0, 0.2, 3.4])])
    single = _given(rng, (2,), 1, 3, 2)
    cases = [
        _given(rng, (), 5, 3),
        _given(rng, (2, 3), 5, 4, 2),
        _given(rng, (3,), 3, 1, 1),
        _given(rng, shift=wide),
        _given(rng, (2,), 5, 2, 2, spread=-5.5),
        _given(rng, (2,), 5, 2, 2, spread=3.0),
        single._replace(is_context=single.is_context & False),
    ]
    for given in cases:
        for of_gradient in (False, True):
            finding = _judged(probe, given, of_gradient)
            if not finding.ok:
                return finding
    return finding
