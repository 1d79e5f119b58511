"""Training past a bound."""

from __future__ import annotations

import numpy as np
import torch

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.unit_13.problems import LATENTS, NEW_ROWS, training_images
from autograder.units.unit_13.reference import bits_log_prob, kl_terms

EXERCISE = exercise(
    __name__,
    title="Training past a bound",
    function="train_vae",
    points=3,
    difficulty=3,
    importance=5,
    minutes=30,
    read="section 3, The encoder second",
    hides=[],
    because="learning.fit is a right answer",
)

BOUND = -21.5  # nats per new image; independent pixels reach -24.5
SAMPLES = 20


def _score(
    written: np.ndarray, logits: np.ndarray, halve: bool = False
) -> tuple[float, float, float]:
    """ELBO, KL and activity of what came back, on the new images."""
    loc, log_scale = (torch.from_numpy(part.astype(float)) for part in np.split(written, 2, -1))
    log_scale = log_scale / 2 if halve else log_scale
    like = (
        bits_log_prob(training_images()[1].double(), torch.from_numpy(logits.astype(float)))
        .sum(-1)
        .mean(0)
    )
    kl = kl_terms(loc, log_scale).sum(-1)
    return float((like - kl).mean()), float(kl.mean()), float(loc.var(0).sum())


def _why(
    elbo: float, kl: float, activity: float, halved: float, logits: np.ndarray
) -> tuple[str, str]:
    """The likeliest reason why a run fell short."""
    if halved > BOUND:
        return "log_variance", (
            "Read as log *variances* the encoder's numbers would do. The second half of what it writes must be the "
            "logarithm of the standard deviation."
        )
    if logits.min() >= 0 and logits.max() <= 1:
        return (
            "probabilities",
            "The decoder returns probabilities. Return logits: the sigmoid belongs to the likelihood.",
        )
    if elbo + kl < -60 or kl > 1e4:
        return (
            "descends",
            "The bound went down: optimizers minimize, so hand them the *negative* ELBO.",
        )
    if kl > 10:
        return "kl_missing", (
            f"The KL is {kl:.0f} nats an image: the codes are nearly exact, and far from the prior. Is the KL part of "
            "what you climb?"
        )
    if elbo < -40:
        return (
            "not_trained",
            "The decoder still knows nothing (64 log 2 = 44 nats an image). Do the steps reach its parameters?",
        )
    if kl < 0.3 or activity < 0.05:
        return "collapsed", (
            "The encoder says the same of every image. Either the reconstruction does not reach it (a detached sample, "
            "its parameters missing from the optimizer), or the KL weighs too much (a mean over pixels)."
        )
    return "too_low", (
        "It learns, but stops short: 300 steps are few. Try Adam with a rate near 0.01 (0.001 is too slow here, and so is "
        "plain gradient descent) and 64 hidden units."
    )


@EXERCISE.part(f"On new digits the ELBO is above {BOUND} nats an image", weight=2)
def elbo_on_new_digits(probe: Probe, rng: np.random.Generator) -> Finding:
    eps = rng.normal(size=(SAMPLES, NEW_ROWS, LATENTS))
    came = probe.drive("vae/train", eps=eps)
    written, logits, halved = came["written"], came["logits"], came["halved"]
    if not isinstance(written, np.ndarray) or written.shape != (NEW_ROWS, 2 * LATENTS):
        shape = getattr(written, "shape", type(written).__name__)
        return Finding(
            False,
            f"an encoder that writes 2 x {LATENTS} numbers for each image, shape {(NEW_ROWS, 2 * LATENTS)}",
            f"{shape}",
            "shape",
            "Return (encoder, decoder), in this order; the encoder writes loc and log_scale side by side.",
        )
    if not isinstance(logits, np.ndarray) or logits.shape != (SAMPLES, NEW_ROWS, 64):
        return compare(logits, np.zeros((SAMPLES, NEW_ROWS, 64)), what="what the decoder writes")
    elbo, kl, activity = _score(written, logits)
    if not np.isfinite(elbo):
        return Finding(
            False,
            f"an ELBO above {BOUND}",
            "NaN or infinity",
            "not_finite",
            "The run blew up: try a smaller learning rate.",
        )
    say = f"{elbo:.2f} nats, of which KL {kl:.2f}"
    if elbo > BOUND:
        return holds(True, f"an ELBO above {BOUND} nats", say)
    return holds(
        False,
        f"an ELBO above {BOUND} nats",
        say,
        *_why(elbo, kl, activity, _score(written, halved, halve=True)[0], logits),
    )


@EXERCISE.part("The same generator gives the same run, another one another")
def seeded_training(probe: Probe, rng: np.random.Generator) -> Finding:
    one, same, other = (
        np.asarray(item, dtype=float) for item in probe.drive("vae/train_twice", rows=40)["written"]
    )
    if not np.allclose(one, same, rtol=0, atol=1e-7):
        apart = f"numbers that differ by {np.abs(one - same).max():.2g}"
        return Finding(
            False,
            "the same numbers from the same seed",
            apart,
            "global_stream",
            "Something is drawn from torch's global stream: initial weights (mlp takes the generator too), minibatches "
            "(torch.randperm(..., generator=generator)) or the noise (torch.randn(..., generator=generator)).",
        )
    return holds(
        not np.allclose(one, other),
        "other numbers from another seed",
        "the same numbers",
        "generator_ignored",
        "The run does not depend on the generator at all: draw weights, minibatches and noise from it.",
    )
