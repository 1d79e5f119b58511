"""The linear autoencoder, predicted exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="The linear autoencoder, predicted exactly",
    function="predict_linear_vae",
    points=3,
    difficulty=4,
    importance=5,
    minutes=30,
    read="section 8, A case with every answer: the linear VAE",
    hides=["models.tractable.probabilistic_pca:ProbabilisticPCA.maximum_likelihood"],
)


def _prediction(x: np.ndarray, latents: int, scale: float) -> tuple[float, np.ndarray]:
    """Evidence and activities at the maximum, the evidence as the density of a dense Gaussian at every row."""
    centre = x.mean(0)
    values, vectors = np.linalg.eigh((x - centre).T @ (x - centre) / len(x))
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = np.maximum(values[:latents] - scale**2, 0.0)
    covariance = (vectors[:, :latents] * kept) @ vectors[:, :latents].T + scale**2 * np.eye(
        x.shape[1]
    )
    solved = np.linalg.solve(covariance, (x - centre).T).T
    evidence = -0.5 * (
        ((x - centre) * solved).sum(-1).mean()
        + np.linalg.slogdet(covariance)[1]
        + x.shape[1] * math.log(2 * math.pi)
    )
    return float(evidence), kept / values[:latents]


def _closed(values: np.ndarray, latents: int, scale: float, dim: int) -> float:
    """The evidence for given eigenvalues, largest first."""
    kept = np.maximum(values[:latents], scale**2)
    return float(
        -0.5
        * (
            dim * math.log(2 * math.pi)
            + np.log(kept).sum()
            + (values[:latents] / kept).sum()
            + (dim - latents) * math.log(scale**2)
            + values[latents:].sum() / scale**2
        )
    )


def _linear_mistakes(
    x: np.ndarray, latents: int, scale: float
) -> tuple[list[Mistake], list[Mistake]]:
    rows, dim = x.shape
    covariance = np.cov(x.T, bias=True)
    values = np.linalg.eigvalsh(covariance)[::-1]
    raw = np.linalg.eigvalsh(x.T @ x / rows)[::-1]
    right, activity = _prediction(x, latents, scale)
    left_out = values[min(latents, dim - 1) :].mean()
    with np.errstate(all="ignore"):
        forced = -0.5 * (
            dim * math.log(2 * math.pi)
            + np.log(values[:latents]).sum()
            + latents
            + (dim - latents) * math.log(scale**2)
            + values[latents:].sum() / scale**2
        )
        first = [
            Mistake(
                "divided_by_n_minus_1",
                "The maximum of the likelihood divides the covariance by N, not by N - 1.",
                _closed(values * rows / (rows - 1), latents, scale, dim),
            ),
            Mistake(
                "not_centred",
                "Subtract the mean of the data first: it is the decoder's bias.",
                _closed(raw, latents, scale, dim),
            ),
            Mistake(
                "no_threshold",
                "Every latent was used. One whose eigenvalue is below sigma squared only makes the model worse: its "
                "column of W is zero, and it collapses.",
                forced,
            ),
            Mistake(
                "scale_for_variance",
                "noise_scale is sigma; the eigenvalues compare with sigma *squared*.",
                _closed(values, latents, math.sqrt(scale), dim),
            ),
            Mistake(
                "noise_fitted",
                "This is the maximum over sigma as well (probabilistic PCA). Here sigma is fixed.",
                _closed(values, latents, math.sqrt(left_out), dim),
            ),
            Mistake(
                "smallest_kept",
                "The *largest* eigenvalues are kept; eigh gives them in ascending order.",
                _closed(values[::-1], latents, scale, dim),
            ),
            Mistake(
                "summed_over_data",
                "Give the mean over the data, nats per datum, not the sum.",
                rows * right,
            ),
            Mistake(
                "lost_2pi",
                "The constant -Dx/2 log 2 pi is missing.",
                right + 0.5 * dim * math.log(2 * math.pi),
            ),
            Mistake(
                "rest_forgotten",
                "Only the first D directions were counted. All Dx are part of the density: each of the others brings "
                "log 2 pi + log sigma squared + lambda / sigma squared.",
                right
                + 0.5
                * (
                    (dim - latents) * math.log(2 * math.pi * scale**2)
                    + values[latents:].sum() / scale**2
                ),
            ),
            Mistake(
                "rest_forgotten",
                "The directions left out are part of the density too: each brings log sigma squared + lambda / sigma "
                "squared.",
                right
                + 0.5 * ((dim - latents) * math.log(scale**2) + values[latents:].sum() / scale**2),
            ),
        ]
        second = [
            Mistake(
                "divided_by_n_minus_1",
                "The maximum of the likelihood divides the covariance by N, not by N - 1.",
                np.maximum(1 - scale**2 / (values[:latents] * rows / (rows - 1)), 0),
            ),
            Mistake(
                "no_threshold",
                "An activity is a variance, and cannot be negative: below sigma squared the latent collapses, "
                "to zero.",
                1 - scale**2 / values[:latents],
            ),
            Mistake(
                "weights_for_activity",
                "These are the squared lengths of the columns of W. The activity is the variance of the "
                "posterior mean.",
                np.maximum(values[:latents] - scale**2, 0),
            ),
            Mistake(
                "factor_for_activity",
                "This is the factor of the posterior mean. Its variance is the square of that factor times "
                "the variance of the coordinate, lambda.",
                np.sqrt(np.maximum(values[:latents] - scale**2, 0)) / values[:latents],
            ),
            Mistake(
                "factor_for_activity",
                "This is the squared factor of the posterior mean. Multiply by the variance of the coordinate "
                "that it stands before, lambda.",
                np.maximum(values[:latents] - scale**2, 0) / values[:latents] ** 2,
            ),
            Mistake(
                "not_centred",
                "Subtract the mean of the data first.",
                np.maximum(1 - scale**2 / raw[:latents], 0),
            ),
            Mistake(
                "scale_for_variance",
                "noise_scale is sigma; the eigenvalues compare with sigma *squared*.",
                np.maximum(1 - scale / values[:latents], 0),
            ),
            Mistake(
                "posterior_variance",
                "This is the variance of the posterior, sigma^2 / lambda. Activity is that of its mean: the two "
                "add up to one.",
                np.minimum(scale**2 / values[:latents], 1),
            ),
            Mistake("ascending", "Largest first, please.", activity[::-1]),
            Mistake(
                "smallest_kept",
                "The *largest* eigenvalues are kept; eigh gives them in ascending order.",
                np.maximum(1 - scale**2 / values[::-1][:latents], 0),
            ),
            Mistake(
                "counted",
                "Give the activity of each latent, not their number.",
                np.array(float((activity > 0).sum())),
            ),
            Mistake(
                "noise_fitted",
                "This is probabilistic PCA with a fitted sigma. Here sigma is fixed.",
                1 - left_out / values[:latents],
            ),
        ]
    return first, second


def _data(rng: np.random.Generator, rows: int = 9, size: float = 1.0) -> np.ndarray:
    """Rows whose covariance has the eigenvalues 3, 2, 1, .3, .15, .05 times ``size`` squared, and a mean far from zero."""
    dim = 6
    root = rng.normal(size=(rows, dim))
    root = np.linalg.svd(root - root.mean(0), full_matrices=False)[0]
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    values = np.array([3.0, 2.0, 1.0, 0.3, 0.15, 0.05]) * rng.uniform(0.9, 1.1, dim)
    centre = rng.uniform(0.5, 1.5, dim) * rng.choice([-1, 1], dim)
    return np.asarray(size * (root * np.sqrt(rows * values) @ turn.T + centre))


def _asked(probe: Probe, x: np.ndarray, latents: int, scale: float) -> tuple[Any, Any]:
    reply = probe.value(x, latents, scale)
    log_evidence, activity = unpack(reply, 2, "log_evidence, activity")
    return log_evidence, activity


def _compare(
    probe: Probe, x: np.ndarray, latents: int, scale: float, which: tuple[int, ...] = (0, 1)
) -> Finding:
    """Either of the two results, or both."""
    got, wanted, mistakes = (
        _asked(probe, x, latents, scale),
        _prediction(x, latents, scale),
        _linear_mistakes(x, latents, scale),
    )
    for place in which:
        name = ("the mean log evidence", "the activity")[place]
        what = f"{name} ({latents} latents, sigma = {scale:.3g})"
        finding = compare(
            got[place], np.asarray(wanted[place]), mistakes[place], rtol=1e-8, what=what
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The evidence, against the dense Gaussian at the maximum", weight=1.5)
def evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    return _compare(probe, _data(rng), 4, float(rng.uniform(0.62, 0.75)), (0,))


@EXERCISE.part("The activities, largest first, zero where a latent collapses", weight=1.5)
def activities(probe: Probe, rng: np.random.Generator) -> Finding:
    return _compare(probe, _data(rng), 4, float(rng.uniform(0.62, 0.75)), (1,))


@EXERCISE.part("Little noise: no latent collapses; much noise: all of them do", weight=0.5)
def little_and_much_noise(probe: Probe, rng: np.random.Generator) -> Finding:
    x = _data(rng)
    for scale in (0.05, 2.5):
        finding = _compare(probe, x, 3, scale)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "Many data on a small scale; one latent, and as many as pixels; a constant pixel", weight=0.5
)
def other_sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    small = _data(rng, rows=260, size=0.02)
    small[: len(small) // 3] += 0.01 * rng.normal(size=6)
    hardly = _data(rng)  # its second latent has an activity of four thousandths
    just_below = float(np.sqrt(0.996 * np.linalg.eigvalsh(np.cov(hardly.T, bias=True))[-2]))
    asked = (small, 5, 0.01), (_data(rng, rows=30), 1, 0.4), (small, 6, 0.008)
    constant = _data(rng)
    constant[:, rng.integers(6)] = rng.uniform(0.5, 1.5)  # a pixel that never varies is data, too
    for x, latents, scale in (*asked, (hardly, 2, just_below), (constant, 2, 0.5)):
        finding = _compare(probe, x, latents, scale)
        if not finding.ok:
            return finding
    return finding
