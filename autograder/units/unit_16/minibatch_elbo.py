"""The statistician's ELBO from a few sets, of each of which the encoder saw a part."""

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
from autograder.units.unit_16.problems import statistician
from autograder.units.unit_16.reference import compared, kl, normal_log_prob, tensors

EXERCISE = exercise(
    __name__,
    title="The statistician's ELBO from a few sets, and some of their points",
    function="minibatch_elbo",
    points=3,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 4, The neural statistician",
    hides=[],
    because="the estimators of course_vi see whole sets",
)

WHAT = "what each set adds"


class Given(NamedTuple):
    """Networks by their recipe, points ``pooled: (M, B, D)`` and ``scored: (M, P, D)``, sizes of the sets, S and noise ``(K, M, C)``."""

    params: Arrays
    pooled: np.ndarray
    scored: np.ndarray
    num_points: np.ndarray
    num_sets: int
    eps: np.ndarray


SAYS = {
    "pooled_for_all": "The points that the encoder has read stand for those that it has not. It has fitted them: they say too much.",
    "all_seen_for_all": "All points that you have share one weight. Those that the encoder read speak for themselves alone; the others "
    "for all that it has not read.",
    "scored_for_all": "The points that the encoder has not read stand for all points of the set. They were drawn from what is *left* "
    "of it.",
    "pooled_lost": "The points that the encoder read are missing. They belong to the set, too.",
    "pooled_twice": "The points that the encoder read are counted twice: by themselves, and among those that the others stand for.",
    "points_unscaled": "The points that you have are summed as they are. Some of them stand for others that you do not have.",
    "sets_unscaled": "This is the ELBO of the sets of the minibatch. It stands for all of them.",
    "mean_over_sets": "This estimates the mean ELBO of a set. That of all sets together is asked.",
    "all_sets_each": "Each set counts as all of them, so that the sum is too large as often as there are sets in the minibatch.",
    "kl_unscaled": "The KL is that of the minibatch alone. Every set has a latent of its own, and pays for it.",
    "kl_scaled_by_points": "The KL grows with the points here. There is one latent for the whole set.",
    "kl_missing": "The KL to the prior is missing.",
    "kl_sign": "The KL is added. It is a cost.",
    "kl_reversed": "This is KL(prior || q). The expectation is under q.",
    "loss_sign": "This is a loss. Return the ELBO itself, the thing to climb.",
    "log_scale_as_log_variance": "The second half of what the encoder writes is read as log variances. They are logarithms of standard "
    "deviations.",
    "sum_over_samples": "The samples are summed. Their mean is the estimate.",
    "no_mean": "There is a number for each sample. Average over them, axis 0.",
    "sampled_kl": "The KL is estimated from the samples. It is asked in closed form.",
    "no_noise": "The noise is not used: this is the value at the mean of q.",
    "sample_detached": "The gradient of the points does not reach the encoder: something was cut off between its numbers and c.",
    "kl_detached": "The KL does not pull on the encoder.",
    "batch_gradient": "The values are right, and each carries the gradient of the minibatch's mean.",
}


def values(given: Given) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What is right, and what mistakes make of it, with graphs; and the objects of the problem."""
    made = statistician(**tensors(given.params))
    encoder, log_point = made["encoder"], made["log_point"]
    pooled, scored, eps, sizes = (
        torch.from_numpy(np.array(each))
        for each in (given.pooled, given.scored, given.eps, given.num_points)
    )
    loc, log_scale = encoder(pooled).chunk(2, -1)
    read, more = pooled.shape[-2], scored.shape[-2]
    unread = sizes - read
    share = unread / max(more, 1)
    sets = given.num_sets / max(int(np.prod(given.params["batch"])), 1)

    def seen(c: Tensor) -> tuple[Tensor, Tensor]:
        return log_point(pooled, c).sum(-1), log_point(scored, c).sum(-1)

    def likelihoods(c: Tensor) -> Tensor:
        """Of the whole set, for each sample, ``(K, M)``."""
        of_read, of_more = seen(c)
        return of_read + share * of_more

    c = loc + log_scale.exp() * eps
    first, second = (part.mean(0) for part in seen(c))
    cost, likes = kl(loc, log_scale), likelihoods(c).mean(0)
    of_half = likelihoods(loc + (log_scale / 2).exp() * eps).mean(0)
    of_mean, cut = likelihoods(loc.unsqueeze(0))[0], likelihoods(c.detach()).mean(0)
    sampled = (normal_log_prob(c, loc, log_scale) - normal_log_prob(c)).sum(-1).mean(0)
    reversed_kl = (log_scale + 0.5 * (1 + loc**2) * (-2 * log_scale).exp() - 0.5).sum(-1)
    right = sets * (likes - cost)
    found = {
        "right": right,
        "pooled_for_all": sets * (sizes / read * first - cost),
        "all_seen_for_all": sets * (sizes / (read + more) * (first + second) - cost),
        "scored_for_all": sets * (sizes / max(more, 1) * second - cost),
        "pooled_lost": sets * (share * second - cost),
        "pooled_twice": sets * (first + sizes / max(more, 1) * second - cost),
        "points_unscaled": sets * (first + second - cost),
        "sets_unscaled": likes - cost,
        "mean_over_sets": right / given.num_sets,
        "all_sets_each": given.num_sets * (likes - cost),
        "kl_unscaled": sets * likes - cost,
        "kl_scaled_by_points": sets * (likes - sizes / read * cost),
        "kl_missing": sets * likes,
        "kl_sign": sets * (likes + cost),
        "kl_reversed": sets * (likes - reversed_kl),
        "loss_sign": -right,
        "log_scale_as_log_variance": sets * (of_half - kl(loc, log_scale / 2)),
        "sum_over_samples": sets * (len(eps) * likes - cost),
        "no_mean": sets * (likelihoods(c) - cost),
        "sampled_kl": sets * (likes - sampled),
        "no_noise": sets * (of_mean - cost),
        "sample_detached": sets * (cut - cost),
        "kl_detached": sets * (likes - cost.detach()),
        "batch_gradient": right.detach() + (right.mean() - right.mean().detach()),
    }  # fmt: skip
    return found, made


def _given(
    rng: np.random.Generator,
    sets: int = 3,
    read: int = 3,
    more: int = 2,
    samples: int = 4,
    point: int = 2,
    latents: int = 3,
    shift: np.ndarray | None = None,
    whole: bool = False,
) -> Given:
    """Sets of sizes of their own, out of more; ``whole``: nothing of a set is left unread."""
    params = {
        "seed": np.array(int(rng.integers(10**6))),
        "sizes": np.array([point, latents]),
        "batch": np.array([sets]),
    }
    if shift is not None:
        params["shift"] = shift
    centre = 1.5 * rng.normal(size=(sets, 1, point))
    points = centre + rng.normal(size=(sets, read + more, point))
    sizes = np.full(sets, read) if whole else read + more + rng.choice(np.arange(2, 40), sets, replace=False)  # fmt: skip
    return Given(
        params,
        points[:, :read],
        points[:, read:],
        sizes.astype(float),
        sets + int(rng.integers(5, 200)),
        rng.normal(size=(samples, sets, latents)),
    )


def _judged(probe: Probe, given: Given, of_gradient: bool = False) -> Finding:
    found, made = values(given)
    asked = [ref("encoder"), ref("log_point"), *given[1:]]
    reply = probe.gradient("statistician/small", given.params, *asked)
    return compared(reply, found, SAYS, made, WHAT, of_gradient)


@EXERCISE.part("The value at fixed noise, set by set", weight=1.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng))
    return finding if not finding.ok else _judged(probe, _given(rng, 4, 2, 5, 3, 1, 2))


@EXERCISE.part("The gradient, for the encoder and for the points' density", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng), of_gradient=True)
    return finding if not finding.ok else _judged(probe, _given(rng, 4, 2, 5, 3, 1, 2), True)


@EXERCISE.part("The whole set is read, and nothing is left to score")
def whole_sets(probe: Probe, rng: np.random.Generator) -> Finding:
    for of_gradient in (False, True):
        finding = _judged(probe, _given(rng, more=0, whole=True), of_gradient)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "One set, one point read and one scored; one sample; narrow and wide q; all sets, or all that is left; thousands",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    wide = np.concatenate([rng.normal(size=3), rng.permutation([-6.0, 0.2, 3.4])])
    left, large = _given(rng, 3, 2, 3, 2), _given(rng, 2, 2, 2, 2)
    cases = [
        _given(rng, 1, 1, 1, 1, 1, 1),
        _given(rng, 5, 4, 1, 1, 3, 2),
        _given(rng, shift=wide),
        left._replace(num_points=np.full(3, 5.0), num_sets=3),
        large._replace(num_points=rng.integers(2_000, 10_000, 2).astype(float), num_sets=50_000),
    ]
    for given in cases:
        for of_gradient in (False, True):
            finding = _judged(probe, given, of_gradient)
            if not finding.ok:
                return finding
    return finding
