"""The objective of a conditional VAE, with labels that may be missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Size, Tensor

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.pullback import pull_back
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, Arrays
from autograder.units.unit_15.problems import conditional

EXERCISE = exercise(
    __name__,
    title="Given the label, and without it",
    function="conditional_objective",
    points=4,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 8, The conditional VAE",
    hides=[],
    because="course_vi has conditional models with a fixed prior, and none for missing labels",
)

ASKED = [ref("encoder"), ref("prior"), ref("decoder"), ref("x"), ref("y")]


def divergence(loc: Tensor, log_scale: Tensor, to_loc: Tensor, to_log_scale: Tensor) -> Tensor:
    """KL(N(loc, s^2) || N(m, u^2)), coordinate by coordinate."""
    ratio = (2 * (log_scale - to_log_scale)).exp()
    shift = ((loc - to_loc) * (-to_log_scale).exp()) ** 2
    return 0.5 * (ratio + shift - 1) - (log_scale - to_log_scale)


def _bound(made: dict[str, Any], y: Tensor, eps: Tensor, how: str = "right") -> Tensor:
    """L(x, y) for labels that are given, ``(*B)``, or what a mistake makes of it."""
    x = made["x"]
    loc, log_scale = made["encoder"](torch.cat([x, y], -1)).chunk(2, -1)
    to_loc, to_log_scale = made["prior"](y).chunk(2, -1)
    if how == "halves_swapped":
        loc, log_scale, to_loc, to_log_scale = log_scale, loc, to_log_scale, to_loc
    if how == "log_variance":
        log_scale, to_log_scale = log_scale / 2, to_log_scale / 2
    if how == "standard_prior":
        to_loc, to_log_scale = torch.zeros_like(to_loc), torch.zeros_like(to_log_scale)
    if how == "prior_scale_ignored":
        to_log_scale = torch.zeros_like(to_log_scale)
    if how == "prior_detached":
        to_loc, to_log_scale = to_loc.detach(), to_log_scale.detach()
    kl = divergence(loc, log_scale, to_loc, to_log_scale).sum(-1)
    z = loc + log_scale.exp() * eps
    if how == "sample_detached":
        z = z.detach()
    if how == "kl_reversed":
        kl = divergence(to_loc, to_log_scale, loc, log_scale).sum(-1)
    if how == "sampled_kl":
        log_q = -0.5 * eps**2 - log_scale
        log_p = -0.5 * ((z - to_loc) * (-to_log_scale).exp()) ** 2 - to_log_scale
        kl = (log_q - log_p).sum(-1).mean(0)
    if how == "prior_samples":
        z = to_loc + to_log_scale.exp() * eps
    labels = y.expand(*z.shape[:-1], y.shape[-1])
    logits = made["decoder"](torch.cat([z, labels], -1))
    like = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    if how == "mean_over_pixels":
        like = like / x.shape[-1]
    if how == "sum_over_samples":
        return like.sum(0) - kl
    if how == "no_mean":
        return like - kl
    if how == "sharp":
        return like.logsumexp(0) - np.log(len(eps)) - kl
    return like.mean(0) + (kl if how == "kl_sign" else 0 if how == "kl_missing" else -kl)


IN_EVERY_ROW = (
    "halves_swapped", "log_variance", "standard_prior", "prior_scale_ignored", "kl_reversed", "sampled_kl", "prior_samples",
    "mean_over_pixels", "sum_over_samples", "no_mean", "sharp", "kl_sign", "kl_missing",
)  # fmt: skip
IN_THE_GRADIENT = ("prior_detached", "sample_detached")


def objectives(
    params: Arrays, eps: np.ndarray, every: bool = True
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The objective and what each mistake makes of it, with graphs; and the parameters.

    Args:
        every: also those mistakes that show in rows with a label.
    """
    made = conditional(
        **{name: torch.from_numpy(np.array(value)) for name, value in params.items()}
    )
    y, noise = made["y"], torch.from_numpy(eps)
    count = y.shape[-1]
    known = y.sum(-1) > 0.5

    def whole(how: str) -> Tensor:
        given = _bound(made, y, noise, how)
        each = torch.stack(
            [_bound(made, one.expand_as(y), noise, how) for one in torch.eye(count, dtype=y.dtype)]
        )
        missing = each.logsumexp(0) - np.log(count)
        return torch.where(known, given, missing)

    hows = ("right", *(IN_EVERY_ROW + IN_THE_GRADIENT if every else ()))
    found = {how: whole(how) for how in hows}
    each = torch.stack(
        [_bound(made, one.expand_as(y), noise) for one in torch.eye(count, dtype=y.dtype)]
    )
    given = _bound(made, y, noise)
    weights = each.softmax(0)
    for key, missing in {
        "prior_of_label_forgotten": each.logsumexp(0),
        "labels_averaged": each.mean(0),
        "best_label": each.max(0).values - np.log(count),
        "best_label_free": each.max(0).values,
        "entropy_forgotten": (weights * each).sum(0) - np.log(count),
        "no_label_fed": _bound(made, torch.zeros_like(y), noise),
    }.items():
        found[key] = torch.where(known, given, missing)
    found["joint_for_given"] = torch.where(known, given - np.log(count), found["right"])
    return found, made["learn"]


SAYS = {
    "halves_swapped": "The first half of what encoder and prior write is loc, the second log_scale.",
    "log_variance": "You read the second halves as log variances. They are logarithms of standard deviations.",
    "standard_prior": "The KL is to N(0, I). Here the prior has moments of its own for each label.",
    "prior_scale_ignored": "The prior's scale is not in your KL.",
    "kl_reversed": "This is KL(prior || q). The expectation is under q.",
    "sampled_kl": "Right on average, but the KL was estimated from the samples. Its closed form is asked.",
    "prior_samples": "You decode samples of the prior. The expectation is under q.",
    "mean_over_pixels": "You averaged over the pixels. log p(x | z, y) of independent pixels is a sum.",
    "sum_over_samples": "The expectation is estimated by the mean over the K samples, not by their sum.",
    "no_mean": NO_MEAN,
    "sharp": "This is the logarithm of a mean over samples. The mean of the logarithms is asked.",
    "kl_sign": "The KL is added. It is a cost.",
    "kl_missing": "The KL is missing.",
    "prior_of_label_forgotten": "Rows with a label are right. A missing label has a prior probability, too: with it the value falls "
    "by log C.",
    "labels_averaged": "Rows with a label are right. Where it is missing you weigh all labels alike; a q(y | x) that looks "
    "at x does better.",
    "best_label": "Rows with a label are right. Where it is missing you take the best label alone. Other labels that "
    "explain x add to p(x).",
    "best_label_free": "Rows with a label are right. Where it is missing you take the best label, as if it had been known.",
    "entropy_forgotten": "Rows with a label are right. The bound for a label that is guessed by q(y | x) also has the entropy of q(y | x).",
    "no_label_fed": "Rows with a label are right. A row of zeros is no label: the nets have never seen one.",
    "joint_for_given": "Rows without a label are right. Where it is given, the bound is on log p(x | y): p(y) is not in it.",
    "prior_detached": "The values are right. The gradient does not reach the prior's net, which is to be learned, too.",
    "sample_detached": "The values are right. The gradient of the reconstruction does not reach the encoder through z.",
}


def _params(
    rng: np.random.Generator,
    batch: tuple[int, ...] = (6,),
    pixels: int = 5,
    labels: int = 3,
    latents: int = 2,
    given: str = "some",
    **more: np.ndarray,
) -> Arrays:
    """Bits, and labels of which some, all or none are given; both kinds are there in a batch of two or more."""
    rows = int(np.prod(batch))
    y = np.eye(labels)[rng.integers(labels, size=rows)]
    if given == "none":
        y[:] = 0.0
    elif given == "some":
        y[rng.permutation(rows)[: max(rows // 2, 1)]] = 0.0
    return {
        "x": (rng.random((*batch, pixels)) < 0.5).astype(float),
        "y": y.reshape(*batch, labels),
        "seed": np.array(int(rng.integers(10**6))),
        "sizes": np.array([latents, 5]),
        **more,
    }


def _noise(rng: np.random.Generator, params: Arrays, samples: int = 4) -> np.ndarray:
    return rng.normal(size=(samples, *params["x"].shape[:-1], int(params["sizes"][0])))


def _value(probe: Probe, params: Arrays, eps: np.ndarray, every: bool = True) -> Finding:
    found, _ = objectives(params, eps, every)
    actual = probe.gradient("variants/conditional", params, *ASKED, eps).value
    mistakes = [
        Mistake(key, SAYS[key], value.detach().numpy())
        for key, value in found.items()
        if key not in ("right", *IN_THE_GRADIENT)
    ]
    wanted = found["right"].detach().numpy()
    return compare(actual, wanted, mistakes, rtol=1e-8, what="the objective")


def _gradient(probe: Probe, params: Arrays, eps: np.ndarray) -> Finding:
    found, learn = objectives(params, eps)
    reply = probe.gradient("variants/conditional", params, *ASKED, eps)
    shape = Size(params["x"].shape[:-1])

    def flat(value: Tensor) -> np.ndarray:
        parts = pull_back(
            value, list(learn.values()), shape, reply.seed, shared=True, retain_graph=True
        )
        return np.concatenate(
            [
                (torch.zeros_like(parameter) if one is None else one).numpy().ravel()
                for parameter, one in zip(learn.values(), parts, strict=True)
            ]
        )

    mistakes = [
        Mistake(key, SAYS[key], flat(value))
        for key, value in found.items()
        if key != "right" and value.shape == found["right"].shape
    ]
    return compare(reply.flat(), flat(found["right"]), mistakes, what="the gradient")


@EXERCISE.part("Rows whose label is given", weight=1.5)
def labelled(probe: Probe, rng: np.random.Generator) -> Finding:
    for params in (_params(rng, (4,), given="all"), _params(rng, (3,), 4, 2, 3, given="all")):
        finding = _value(probe, params, _noise(rng, params))
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Rows with a label and rows without", weight=1.5)
def mixed(probe: Probe, rng: np.random.Generator) -> Finding:
    for params in (_params(rng), _params(rng, (5,), 4, 2, 3)):
        finding = _value(probe, params, _noise(rng, params))
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The gradient in all three nets")
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    params = _params(rng)
    return _gradient(probe, params, _noise(rng, params))


@EXERCISE.part(
    "No label at all; one row without a batch; two axes of data; four labels; one sample; logits of a hundred; narrow and wide posteriors",
    weight=0.5,
    needs=["labelled", "mixed"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    scales = rng.uniform(-0.1, 0.1, 2) + rng.permutation([-4.0, 2.5])
    shift = np.concatenate([rng.normal(size=2), scales])
    extreme = _params(rng, (2, 3), stretch=np.array([1, 1, 0.1, 0.1]), shift=shift)
    cases = [
        _params(rng, (3,), given="none"),
        _params(rng, (), given="all"),
        _params(rng, (), given="none"),
        _params(rng, (2, 3), labels=4),
        extreme,
        _params(rng, (4,), volume=np.array(60.0)),
    ]
    for samples, params in zip((3, 1, 2, 1, 3, 2), cases, strict=True):
        finding = _value(probe, params, _noise(rng, params, samples), every=False)
        if not finding.ok:
            return finding
    return _gradient(probe, extreme, _noise(rng, extreme, 2))
