"""Checks of unit 13: completing the missing half, exactly; and the linear autoencoder, predicted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from autograder.checks.compare import Finding, Mistake, compare
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.checks.unit_13_reference import Arrays, bits_log_prob, build, normal_log_prob, small_params
from autograder.protocol.wire import ref

COMPLETION, LINEAR = "13_completion", "13_linear"


def _softmax(values: np.ndarray, axis: Any = 0) -> np.ndarray:
    top = values.max(axis, keepdims=True)
    w = np.exp(values - top)
    return np.asarray(w / w.sum(axis, keepdims=True))


def _inputs(rng: np.random.Generator, batch: int = 3, pixels: int = 6, samples: int = 5, gain: float = 1.5) -> tuple[Any, ...]:
    params = small_params(rng, (batch,), pixels=pixels, gain=gain)
    observed = np.arange(pixels) < pixels // 2
    z = rng.normal(size=(samples, batch, 2))
    log_q = rng.normal(size=(samples, batch)) - 2.0
    return params, observed, z, log_q


def _completions(params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray) -> dict[str, np.ndarray]:
    made = build(params)
    with torch.no_grad():
        points = torch.from_numpy(z)
        logits = made["decoder"](points)
        prior, picture = normal_log_prob(points).numpy(), logits.sigmoid().numpy()
        pixelwise = bits_log_prob(made["x"], logits).numpy()
    x, seen = params["x"], pixelwise[..., observed].sum(-1)

    def blend(log_w: np.ndarray, axis: Any = 0) -> np.ndarray:
        mean = (_softmax(log_w, axis)[..., None] * picture).sum(0)
        return np.where(observed, x, mean)

    right = blend(seen + prior - log_q)
    weights = _softmax(seen + prior - log_q)
    with torch.no_grad():
        of_mean = made["decoder"](torch.from_numpy((weights[..., None] * z).sum(0))).sigmoid().numpy()
    best = np.take_along_axis(picture, weights.argmax(0)[None, :, None], 0)[0]
    return {
        "right": right,
        "unweighted": np.where(observed, x, picture.mean(0)),
        "all_pixels": blend(pixelwise.sum(-1) + prior - log_q),
        "missing_pixels": blend(pixelwise[..., ~observed].sum(-1) + prior - log_q),
        "prior_missing": blend(seen - log_q),
        "q_missing": blend(seen + prior),
        "likelihood_only": blend(seen),
        "mean_over_pixels": blend(pixelwise[..., observed].mean(-1) + prior - log_q),
        "weights_over_batch": blend(seen + prior - log_q, (0, 1)),
        "weights_over_data": blend(seen + prior - log_q, 1),
        "averaged_logits": np.where(observed, x, 1 / (1 + np.exp(-(weights[..., None] * logits.numpy()).sum(0)))),
        "observed_overwritten": (weights[..., None] * picture).sum(0),
        "mask_inverted": np.where(observed, (weights[..., None] * picture).sum(0), x),
        "decoded_mean": np.where(observed, x, of_mean),
        "best_sample": np.where(observed, x, best),
        "rounded": np.where(observed, x, (right > 0.5).astype(float)),
        "weights_inverted": blend(log_q - seen - prior),
        "not_normalized": np.where(observed, x, (np.exp(seen + prior - log_q)[..., None] * picture).mean(0)),
    }


SAYS = {
    "unweighted": "Every sample counts the same. Weight each by how well it explains the pixels that are there.",
    "all_pixels": "The weights look at the missing pixels too, whose values mean nothing. Sum log p(x_i | z) over the observed ones alone.",
    "missing_pixels": "The weights look at the missing pixels, and not at the observed ones. The mask is the other way round.",
    "prior_missing": "The prior is missing from the weights: w = p(x_observed | z) p(z) / q(z).",
    "q_missing": "The weights are not divided by q(z), the density that proposed z.",
    "likelihood_only": "Weights by the likelihood alone are right for z from the *prior*. Yours come with log_q: multiply by p(z) / q(z).",
    "mean_over_pixels": "log p(x_observed | z) is a sum over pixels, not a mean: with a mean the weights are far too even.",
    "weights_over_batch": "The weights were normalized over the batch as well. Each datum has K weights of its own that add up to one.",
    "weights_over_data": "The weights were normalized over the data. Each datum has K weights of its own, one column of log_w: axis 0.",
    "averaged_logits": "You averaged the logits. Average probabilities: the sigmoid comes before the mean, not after.",
    "observed_overwritten": "The observed pixels were replaced by predictions. Keep them as they are.",
    "mask_inverted": "You kept the missing pixels and replaced the observed ones: True in `observed` means the pixel is there.",
    "decoded_mean": "You decoded the mean latent. The picture of the mean is not the mean of the pictures: average pictures.",
    "best_sample": "You decoded the sample with the largest weight. The predictive mean averages over all of them.",
    "rounded": "Return probabilities, not zeros and ones, rounded or drawn.",
    "weights_inverted": "The weights are upside down.",
    "not_normalized": "The weights must add up to one over the K samples: divide by their sum.",
}


def _mistakes(found: dict[str, np.ndarray]) -> list[Mistake]:
    right = found["right"]
    bits = Mistake("rounded", SAYS["rounded"], lambda got: got.shape == right.shape and np.isin(got[right != got], (0.0, 1.0)).all()
                   and bool((right != got).any()))
    return [*[Mistake(key, SAYS[key], value) for key, value in found.items() if key != "right"], bits]


def _ask(probe: Probe, params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray) -> Any:
    return probe.value(ref("decoder"), ref("x"), observed, z, log_q, problem="vae/small", params=params)


@part(COMPLETION, "The value for given samples", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _inputs(rng)
    found = _completions(*inputs)
    return compare(_ask(probe, *inputs), found["right"], _mistakes(found), what="the completed picture")


@part(COMPLETION, "With latents on a grid: the exact posterior predictive, by quadrature")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    """Samples on a grid with log q constant: sums over the 2^3 completions and over the grid, without any weights."""
    params, observed, _, _ = _inputs(rng, batch=2)
    axis = np.linspace(-6, 6, 41)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 1, 2)
    z = np.repeat(grid, 2, 1)
    made = build(params)
    with torch.no_grad():
        points = torch.from_numpy(grid[:, 0])
        probability, prior = made["decoder"](points).sigmoid().numpy(), np.exp(normal_log_prob(points).numpy())
    wanted = params["x"].copy()
    completions = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], dtype=float)
    for row in wanted:
        pictures = np.concatenate([np.repeat(row[None, :3], 8, 0), completions], -1)
        mass = np.array([(prior * np.where(one, probability, 1 - probability).prod(-1)).sum() for one in pictures])     # p(x), for each
        row[3:] = mass @ completions / mass.sum()
    log_q = np.zeros(z.shape[:-1])
    return compare(_ask(probe, params, observed, z, log_q), wanted, _mistakes(_completions(params, observed, z, log_q)),
                   what="the exact predictive mean")


@part(COMPLETION, "What stands in the missing pixels does not matter")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, observed, z, log_q = _inputs(rng)
    params["x"] = np.where(observed, params["x"], -7.0)
    found = _completions(params, observed, z, log_q)
    return compare(_ask(probe, params, observed, z, log_q), found["right"], _mistakes(found), what="the completed picture")


@part(COMPLETION, "Large pictures: weights smaller than any number", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    inputs = _inputs(rng, batch=2, pixels=3600)
    found = _completions(*inputs)
    underflow = Mistake("underflow", "All weights are zero in floating point here, so that 0 / 0 is left. Subtract the largest log weight "
                        "first: softmax does.", lambda got: not np.isfinite(np.asarray(got, dtype=float)).all())
    return compare(_ask(probe, *inputs), found["right"], [underflow, *_mistakes(found)], what="the completed picture")


# ------------------------------------------------------------------ the linear autoencoder

def _prediction(x: np.ndarray, latents: int, scale: float) -> tuple[float, np.ndarray]:
    """Evidence and activities at the maximum, the evidence as the density of a dense Gaussian at every row."""
    centre = x.mean(0)
    values, vectors = np.linalg.eigh((x - centre).T @ (x - centre) / len(x))
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = np.maximum(values[:latents] - scale**2, 0.0)
    covariance = (vectors[:, :latents] * kept) @ vectors[:, :latents].T + scale**2 * np.eye(x.shape[1])
    solved = np.linalg.solve(covariance, (x - centre).T).T
    evidence = -0.5 * (((x - centre) * solved).sum(-1).mean() + np.linalg.slogdet(covariance)[1] + x.shape[1] * math.log(2 * math.pi))
    return float(evidence), kept / values[:latents]


def _closed(values: np.ndarray, latents: int, scale: float, dim: int) -> float:
    """The evidence for given eigenvalues, largest first."""
    kept = np.maximum(values[:latents], scale**2)
    return float(-0.5 * (dim * math.log(2 * math.pi) + np.log(kept).sum() + (values[:latents] / kept).sum()
                         + (dim - latents) * math.log(scale**2) + values[latents:].sum() / scale**2))


def _linear_mistakes(x: np.ndarray, latents: int, scale: float) -> tuple[list[Mistake], list[Mistake]]:
    rows, dim = x.shape
    covariance = np.cov(x.T, bias=True)
    values = np.linalg.eigvalsh(covariance)[::-1]
    raw = np.linalg.eigvalsh(x.T @ x / rows)[::-1]
    right, activity = _prediction(x, latents, scale)
    left_out = values[latents:].mean()
    with np.errstate(all="ignore"):
        forced = -0.5 * (dim * math.log(2 * math.pi) + np.log(values[:latents]).sum() + latents + (dim - latents) * math.log(scale**2)
                         + values[latents:].sum() / scale**2)
        first = [
            Mistake("divided_by_n_minus_1", "The maximum of the likelihood divides the covariance by N, not by N - 1.",
                    _closed(values * rows / (rows - 1), latents, scale, dim)),
            Mistake("not_centred", "Subtract the mean of the data first: it is the decoder's bias.", _closed(raw, latents, scale, dim)),
            Mistake("no_threshold", "Every latent was used. One whose eigenvalue is below sigma squared only makes the model worse: its "
                    "column of W is zero, and it collapses.", forced),
            Mistake("scale_for_variance", "noise_scale is sigma; the eigenvalues compare with sigma *squared*.",
                    _closed(values, latents, math.sqrt(scale), dim)),
            Mistake("noise_fitted", "This is the maximum over sigma as well (probabilistic PCA). Here sigma is fixed.",
                    _closed(values, latents, math.sqrt(left_out), dim)),
            Mistake("smallest_kept", "The *largest* eigenvalues are kept; eigh gives them in ascending order.",
                    _closed(values[::-1], latents, scale, dim)),
            Mistake("summed_over_data", "Give the mean over the data, nats per datum, not the sum.", rows * right),
            Mistake("lost_2pi", "The constant -Dx/2 log 2 pi is missing.", right + 0.5 * dim * math.log(2 * math.pi)),
            Mistake("rest_forgotten", "Only the first D directions were counted. All Dx are part of the density: each of the others brings "
                    "log 2 pi + log sigma squared + lambda / sigma squared.",
                    right + 0.5 * ((dim - latents) * math.log(2 * math.pi * scale**2) + values[latents:].sum() / scale**2)),
            Mistake("rest_forgotten", "The directions left out are part of the density too: each brings log sigma squared + lambda / sigma "
                    "squared.", right + 0.5 * ((dim - latents) * math.log(scale**2) + values[latents:].sum() / scale**2)),
        ]
        second = [
            Mistake("divided_by_n_minus_1", "The maximum of the likelihood divides the covariance by N, not by N - 1.",
                    np.maximum(1 - scale**2 / (values[:latents] * rows / (rows - 1)), 0)),
            Mistake("no_threshold", "An activity is a variance, and cannot be negative: below sigma squared the latent collapses, "
                    "to zero.", 1 - scale**2 / values[:latents]),
            Mistake("weights_for_activity", "These are the squared lengths of the columns of W. The activity is the variance of the "
                    "posterior mean.", np.maximum(values[:latents] - scale**2, 0)),
            Mistake("factor_for_activity", "This is the factor of the posterior mean. Its variance is the square of that factor times "
                    "the variance of the coordinate, lambda.",
                    np.sqrt(np.maximum(values[:latents] - scale**2, 0)) / values[:latents]),
            Mistake("factor_for_activity", "This is the squared factor of the posterior mean. Multiply by the variance of the coordinate "
                    "that it stands before, lambda.", np.maximum(values[:latents] - scale**2, 0) / values[:latents]**2),
            Mistake("not_centred", "Subtract the mean of the data first.", np.maximum(1 - scale**2 / raw[:latents], 0)),
            Mistake("scale_for_variance", "noise_scale is sigma; the eigenvalues compare with sigma *squared*.",
                    np.maximum(1 - scale / values[:latents], 0)),
            Mistake("posterior_variance", "This is the variance of the posterior, sigma^2 / lambda. Activity is that of its mean: the two "
                    "add up to one.", np.minimum(scale**2 / values[:latents], 1)),
            Mistake("ascending", "Largest first, please.", activity[::-1]),
            Mistake("smallest_kept", "The *largest* eigenvalues are kept; eigh gives them in ascending order.",
                    np.maximum(1 - scale**2 / values[::-1][:latents], 0)),
            Mistake("counted", "Give the activity of each latent, not their number.", np.array(float((activity > 0).sum()))),
            Mistake("noise_fitted", "This is probabilistic PCA with a fitted sigma. Here sigma is fixed.", 1 - left_out / values[:latents]),
        ]
    return first, second


def _data(rng: np.random.Generator, rows: int = 9, dim: int = 6) -> np.ndarray:
    """Rows whose covariance has the eigenvalues 3, 2, 1, .3, .15, .05, and a mean far from zero."""
    root = rng.normal(size=(rows, dim))
    root = np.linalg.svd(root - root.mean(0), full_matrices=False)[0]
    turn = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    values = np.array([3.0, 2.0, 1.0, 0.3, 0.15, 0.05]) * rng.uniform(0.9, 1.1, dim)
    return np.asarray(root * np.sqrt(rows * values) @ turn.T + rng.normal(size=dim))


def _asked(probe: Probe, x: np.ndarray, latents: int, scale: float) -> tuple[Any, Any]:
    reply = probe.value(x, latents, scale)
    if not isinstance(reply, list) or len(reply) != 2:
        wrong = {"$type": "result that is not (log_evidence, activity)"}
        return wrong, wrong
    return reply[0], reply[1]


@part(LINEAR, "The evidence, against the dense Gaussian at the maximum", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x, scale = _data(rng), float(rng.uniform(0.62, 0.75))
    return compare(_asked(probe, x, 4, scale)[0], np.array(_prediction(x, 4, scale)[0]), _linear_mistakes(x, 4, scale)[0],
                   what="the mean log evidence")


@part(LINEAR, "The activities, largest first, zero where a latent collapses", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x, scale = _data(rng), float(rng.uniform(0.62, 0.75))
    return compare(_asked(probe, x, 4, scale)[1], _prediction(x, 4, scale)[1], _linear_mistakes(x, 4, scale)[1], what="the activity")


@part(LINEAR, "Little noise: no latent collapses; much noise: all of them do", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x, finding = _data(rng), Finding(False)
    for scale in (0.1, 2.5):
        got, wanted, mistakes = _asked(probe, x, 3, scale), _prediction(x, 3, scale), _linear_mistakes(x, 3, scale)
        for one, want, known in zip(got, wanted, mistakes, strict=True):
            finding = compare(one, np.asarray(want), known, what=f"at sigma = {scale}, the answer")
            if not finding.ok:
                return finding
    return finding
