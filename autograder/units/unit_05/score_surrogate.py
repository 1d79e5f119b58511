"""The score function, as a surrogate."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.pullback import pull_back
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays
from autograder.units.unit_05.problems import tilted_bits, tilted_gaussian

EXERCISE = exercise(
    __name__,
    title="The score function, as a surrogate",
    function="score_surrogate",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 1, Differentiate the probability",
    hides=[
        "gradients.baselines:score_surrogate",
        "gradients.score:score_function",
        "mini_vi:score_function",
    ],
)

DIM = 2
GAUSSIAN, BITS = "tilted/gaussian", "tilted/bits"
MADE = {GAUSSIAN: tilted_gaussian, BITS: tilted_bits}


def _inputs(
    rng: np.random.Generator, kind: str, batch: tuple[int, ...] = (4,), samples: int = 5
) -> tuple[Arrays, np.ndarray]:
    """Parameters, data and samples; of a batch the first q is narrow, the second wide, the third datum far out."""
    shape = (*batch, DIM)
    params = {
        "theta": rng.uniform(0.5, 1.5, DIM) * rng.choice([-1, 1], DIM),
        "x": 1.5 * rng.normal(size=shape),
    }
    if kind == BITS:
        params["logits"] = rng.uniform(0.4, 2.0, DIM) * np.array([1, -1])
        z = (rng.random((samples, *shape)) < 0.5).astype(float)
        if batch:
            params["x"][0] = rng.uniform(15.0, 25.0, DIM)
        return params, z
    params["loc"], params["log_scale"] = rng.normal(size=shape), rng.uniform(-1.0, 0.3, shape)
    if batch and batch[0] > 2:
        params["log_scale"][0], params["log_scale"][1] = rng.uniform(-4, -3), rng.uniform(1.5, 2.0)
        params["x"][2] = rng.uniform(40.0, 60.0, DIM) * rng.choice([-1, 1], DIM)
    eps = rng.normal(size=(samples, *shape))
    return params, params["loc"] + np.exp(params["log_scale"]) * eps


def _weights(params: Arrays, z: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """log p and log q, ``(K, *B)``."""
    apart = params["x"] - params["theta"] * z
    log_p = (-0.5 * z**2 - np.logaddexp(apart, -apart)).sum(-1)
    if kind == BITS:
        return log_p, (z * params["logits"] - np.logaddexp(0, params["logits"])).sum(-1)
    eps = (z - params["loc"]) / np.exp(params["log_scale"])
    return log_p, (-0.5 * eps**2 - params["log_scale"] - 0.5 * np.log(2 * np.pi)).sum(-1)


def _value_mistakes(log_p: np.ndarray, log_q: np.ndarray) -> list[Mistake]:
    log_w = log_p - log_q
    return [
        Mistake(
            "surrogate_value",
            "This is the value of the surrogate, log w times log q. Its gradient is what you want; "
            "its value must be replaced by the bound.",
            (log_w * log_q).mean(0),
        ),
        Mistake(
            "surrogate_value",
            "This is the value of the surrogate, log w times log q plus log p. Its gradient is what "
            "you want; its value must be replaced by the bound.",
            (log_w * log_q + log_p).mean(0),
        ),
        Mistake(
            "surrogate_added",
            "The value of the surrogate comes on top of the bound: subtract it again, detached.",
            (log_w * (1 + log_q)).mean(0),
        ),
        Mistake(
            "entropy_dropped",
            "This is the mean of log p(x, z) alone: log q is missing from the bound.",
            log_p.mean(0),
        ),
        Mistake(
            "sum_over_samples",
            "You summed over the K samples. The bound is estimated by their mean.",
            log_w.sum(0),
        ),
        Mistake("no_mean", "One number per sample came. Average over the samples, axis 0.", log_w),
        Mistake(
            "mean_over_batch",
            "You averaged over the data too. Each datum has a bound of its own.",
            log_w.mean(),
        ),
    ]


@EXERCISE.part("The value is the bound itself, whatever the sample space")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for kind, batch, samples in (
        (GAUSSIAN, (4,), 5),
        (BITS, (2, 3), 4),
        (GAUSSIAN, (), 1),
        (BITS, (1,), 3),
    ):
        params, z = _inputs(rng, kind, batch, samples)
        log_p, log_q = _weights(params, z, kind)
        actual = probe.value(ref("model"), ref("family"), ref("x"), z, problem=kind, params=params)
        finding = compare(
            actual, (log_p - log_q).mean(0), _value_mistakes(log_p, log_q), what="the bound"
        )
        if not finding.ok:
            return finding
    return finding


def _surrogates(log_p: Tensor, log_q: Tensor) -> dict[str, Tensor]:
    """Surrogates whose gradient is the right one, and those of usual mistakes, ``(*B)``."""
    log_w = log_p - log_q
    reward, fixed_q = log_w.detach(), log_q.detach()
    right = reward * log_q + log_p
    samples = len(log_w)
    return {
        "right": right.mean(0),
        "theta_lost": (reward * log_q).mean(0),
        "naive": log_w.mean(0),
        "naive_added": (reward * log_q + log_w).mean(0),
        "reward_attached": (log_w * log_q).mean(0),
        "reward_attached_too": (log_w * log_q + log_p).mean(0),
        "entropy_dropped": (log_p.detach() * log_q + log_p).mean(0),
        "reward_averaged": (reward.mean(0) * log_q + log_p).mean(0),
        "reward_summed": (reward.sum(0) * log_q + log_p).mean(0),
        "sum_over_samples": right.sum(0),
        "samples_unweighted": ((reward * log_q).sum(0) + log_p.mean(0)),
        "own_mean": ((reward - reward.mean(0)) * log_q + log_p).mean(0),
        "log_q_reward": (fixed_q * log_q + log_p).mean(0),
        "loss": -right.mean(0),
        "leave_one_out": (
            (reward - reward.mean(0)) * log_q * (samples / max(samples - 1, 1)) + log_p
        ).mean(0),
    }


SAYS = {
    "theta_lost": "phi has its gradient, theta has none: the model's own parameters enter through log p(x, z), whose gradient is "
    "lost here. Only as a factor of the score is log w to be a plain number.",
    "naive": "This differentiates the estimate as it stands, at samples that do not move: the naive gradient of unit 03, whose "
    "mean in phi is zero.",
    "naive_added": "The gradient of -log q came in along with that of log p. It has mean zero, so nothing is biased; but what is "
    "asked is log w times the score, and theta's part.",
    "reward_attached": "The reward has a graph, so the product rule differentiates it as well. In log w times log q the first "
    "factor is a plain number: detach it.",
    "reward_attached_too": "The reward has a graph, so the product rule differentiates it as well. Detach it.",
    "entropy_dropped": "The reward is log p(x, z) alone. It is log w = log p - log q: without the second part this climbs to a "
    "point mass.",
    "reward_averaged": "Every sample is rewarded with the mean log w of all. A sample's score goes with its own log w.",
    "reward_summed": "Every sample is rewarded with the sum of all log w. A sample's score goes with its own log w.",
    "sum_over_samples": "You summed over the K samples. The estimate is their mean.",
    "samples_unweighted": "The score's part is summed over the samples, theta's is averaged. Both are means.",
    "own_mean": "The mean of all log w was subtracted as a baseline. Here none is asked for; and this one, which each sample has a "
    "share in, shrinks the gradient (exercise 3).",
    "log_q_reward": "The reward is log q. It is log w.",
    "loss": "The sign is turned: this descends. Return the bound, and leave the minus to whoever minimizes.",
    "leave_one_out": "This has a baseline, the mean of the other samples: right on average, and exercise 3. Here none is asked "
    "for.",
}


def _slopes(params: Arrays, z: np.ndarray, kind: str, seed: int) -> dict[str, Arrays]:
    """For each surrogate the gradient by parameter, pulled back as the answer's is."""
    made = MADE[kind](**{name: torch.tensor(value) for name, value in params.items()})
    at, learn = torch.tensor(z), made["learn"]
    log_p, log_q = made["model"].log_joint(made["x"], at), made["family"](made["x"], at)
    found = {}
    for name, surrogate in _surrogates(log_p, log_q).items():
        slopes = pull_back(
            surrogate, learn.values(), made["x"].shape[:-1], seed, shared=True, retain_graph=True
        )
        found[name] = {
            key: np.zeros(parameter.shape) if slope is None else slope.numpy()
            for (key, parameter), slope in zip(learn.items(), slopes, strict=True)
        }
    return found


def _judged(
    probe: Probe,
    rng: np.random.Generator,
    kind: str,
    batch: tuple[int, ...],
    samples: int,
) -> Finding:
    params, z = _inputs(rng, kind, batch, samples)
    reply = probe.gradient(kind, params, ref("model"), ref("family"), ref("x"), z)
    if reply.value.shape != batch:
        log_p, log_q = _weights(params, z, kind)
        return compare(
            reply.value, (log_p - log_q).mean(0), _value_mistakes(log_p, log_q), what="the bound"
        )
    found = _slopes(params, z, kind, reply.seed)

    def flat(slopes: Arrays) -> np.ndarray:
        return np.concatenate([slopes[name].ravel() for name in found["right"]])

    return compare(
        flat(reply.gradient),
        flat(found["right"]),
        what="the gradient in " + ", ".join(found["right"]),
        mistakes=[Mistake(_key(name), hint, flat(found[name])) for name, hint in SAYS.items()],
    )


def _key(name: str) -> str:
    return "reward_attached" if name == "reward_attached_too" else name


@EXERCISE.part(
    "Its gradient at given Gaussian samples: the score's for q, the ordinary one for theta"
)
def gradient_of_gaussians(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, GAUSSIAN, (4,), 5)


@EXERCISE.part("Its gradient at given bits, through which there is no path")
def gradient_of_bits(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, BITS, (2, 3), 4)


@EXERCISE.part("One sample of one datum, without a batch axis", weight=0.5)
def one_sample_of_one_datum(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, rng, GAUSSIAN, (), 1)
    return finding if not finding.ok else _judged(probe, rng, BITS, (), 2)
