"""What several exercises of unit 03 share: references, inputs and common mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, NO_MEAN, Arrays


def log_normal(value: np.ndarray, loc: Any, scale: Any) -> np.ndarray:
    """log N(value; loc, scale^2), summed over the last axis."""
    return np.sum(
        -0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI + 0 * value, -1
    )


def toy_pieces(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, z: np.ndarray) -> Arrays:
    """Every log-density that a form may use, each ``(K, B)``."""
    return {
        "prior": log_normal(z, 0.0, 1.0),
        "likelihood": log_normal(x, z, 1.0),
        "q": log_normal(z, loc, np.exp(log_scale)),
        "posterior": log_normal(z, x / 2, 0.5**0.5),
        "evidence": log_normal(x, 0.0, 2**0.5) + np.zeros(z.shape[:-1]),
    }


def toy_exact(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> Arrays:
    """The same averages in closed form, each ``(B,)``: what an answer returns that does not use the samples."""
    s2 = np.exp(2 * log_scale)
    return {
        "entropy": (log_scale + 0.5 + 0.5 * LOG_2PI).sum(-1),
        "kl_prior": 0.5 * (s2 + loc**2 - 1 - np.log(s2)).sum(-1),
        "gap": 0.5 * (2 * s2 + 2 * (loc - x / 2) ** 2 - 1 - np.log(2 * s2)).sum(-1),
    }


def averaging_mistakes(terms: np.ndarray) -> list[Mistake]:
    """What goes wrong when ``terms: (K, B)`` are averaged; recognised whichever form they come from."""
    return [
        Mistake(
            "sum_over_samples",
            "You summed over the K samples. An expectation is estimated by their mean, over axis 0.",
            terms.sum(0),
        ),
        Mistake("no_mean", NO_MEAN, terms),
        Mistake(
            "mean_over_batch",
            "You averaged over the batch too. Every datum has an ELBO of its own: average over axis 0 alone.",
            terms.mean(),
        ),
        Mistake(
            "mean_over_batch",
            "You averaged over the batch, axis 1, and kept the samples. The samples are axis 0.",
            terms.mean(-1),
        ),
    ]


SAMPLED = (
    "sampled",
    "Two calls with the same arguments gave two answers: you drew samples. Here an exact answer is asked, in closed "
    "form.",
)


def kl_terms(
    loc_q: np.ndarray, scale_q: np.ndarray, loc_p: np.ndarray, scale_p: np.ndarray
) -> np.ndarray:
    """KL(N(loc_q, scale_q^2) || N(loc_p, scale_p^2)), coordinate by coordinate."""
    return np.log(scale_p / scale_q) + (scale_q**2 + (loc_q - loc_p) ** 2) / (2 * scale_p**2) - 0.5


def asked_twice(probe: Probe, *args: np.ndarray) -> tuple[Any, Finding | None]:
    """The value, and a finding if a second call with the same arguments says something else."""
    first, second = probe.value(*args), probe.value(*args)
    one, two = (
        np.concatenate([np.ravel(x) for x in v])
        if isinstance(v, list) and all(isinstance(x, np.ndarray) for x in v)
        else v
        for v in (first, second)
    )
    if (
        isinstance(one, np.ndarray)
        and isinstance(two, np.ndarray)
        and one.shape == two.shape
        and np.isfinite(one + two).all()
    ):
        difference = float(np.abs(one.astype(float) - two.astype(float)).max(initial=0.0))
        if difference > 1e-9:
            return first, holds(
                False,
                "the same answer to the same arguments, exactly",
                f"answers that differ by {difference:.2g}",
                *SAMPLED,
            )
    return first, None


def and_batches_of_one(
    finding: Finding, args: tuple[np.ndarray, ...], ask: Callable[..., Finding]
) -> Finding:
    """The finding, unless it is well and ``ask`` fails where axes of the batch have length one: ``(1, D)`` and ``(2, 1, D)``.

    Args:
        args: of the finding, ``(N, D)`` each, N at least two; the first of them are asked again.
    """
    for batch in (tuple(arg[:1] for arg in args), tuple(arg[:2, None] for arg in args)):
        again = ask(*batch) if finding.ok else finding
        finding = finding if again.ok else again
    return finding


ONE = "in a batch with an axis of length one,"
EXACT = 1e-9  # relative: what is asked in closed form, or from given samples, is right in double precision


def toy_inputs(
    rng: np.random.Generator, dim: int = 2, samples: int | None = None
) -> tuple[Arrays, np.ndarray]:
    """Parameters of q and data for the toy, four of them, and noise ``(K, 4, D)``, for a K that varies unless it is given.

    The data are one like any other, a narrow q, a wide q far out, and one whose draws all lie in the tails of q: there the log weight
    is positive, and estimates of both divergences are negative, for certain.
    """
    samples, x = samples or int(rng.choice([3, 5, 6])), rng.normal(size=(4, dim))
    loc, log_scale = rng.normal(size=(4, dim)), rng.uniform(-1.2, 0.3, (4, dim))
    log_scale[1] = rng.uniform(-4.0, -3.0, dim)
    log_scale[2] = rng.uniform(0.7, 1.2, dim)
    loc[2], x[2] = 4 * rng.choice([-1, 1], dim) + loc[2], 8 * rng.choice([-1, 1], dim) + x[2]
    x[3] *= 0.2
    loc[3], log_scale[3] = x[3] / 2, rng.uniform(-1.1, -0.8, dim)
    eps = rng.normal(size=(samples, 4, dim))
    eps[:, 3] = rng.choice([-1, 1], (samples, dim)) * rng.uniform(2.8, 3.2, (samples, dim))
    return {"loc": loc, "log_scale": log_scale, "x": x}, eps


def in_two_axes(params: Arrays, samples: np.ndarray) -> tuple[Arrays, np.ndarray]:
    """The first two data again, in a batch of two axes: ``(1, 2, D)``, and ``(K, 1, 2, D)`` of what is sampled."""
    return {name: value[None, :2] for name, value in params.items()}, samples[:, None, :2]


def naive_gradients(
    loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray
) -> Arrays:
    """Gradients one might compute from these samples, ``(B, 2 D)``, loc first, averaged over the samples."""
    s = np.exp(log_scale)
    z = loc + s * eps
    both = lambda a, b: np.concatenate([a.mean(0), b.mean(0)], -1)  # noqa: E731
    t = toy_pieces(loc, log_scale, x, z)
    log_w = (t["prior"] + t["likelihood"] - t["q"])[..., None]
    slope, of_joint = x - 2 * z + eps / s, x - 2 * z  # d/dz log w, d/dz log p(x, z)
    return {
        "naive": -both(eps / s, eps**2 - 1),
        "path": both(slope, slope * s * eps),
        "half": both(of_joint - eps / s, of_joint * s * eps - eps**2 + 1),
        "reward": both(log_w * eps / s, log_w * (eps**2 - 1)),
        "log_w": log_w[..., 0],
    }
