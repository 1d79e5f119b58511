"""Completing the missing half."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays, as_array
from autograder.units.unit_13.reference import (
    bits_log_prob,
    build,
    easy_and_hard,
    normal_log_prob,
    small_params,
)

EXERCISE = exercise(
    __name__,
    title="Completing the missing half",
    function="complete",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 7, The missing half",
    hides=[],
    because="course_vi has nothing that completes an image",
)


def _softmax(values: np.ndarray, axis: Any = 0) -> np.ndarray:
    top = values.max(axis, keepdims=True)
    w = np.exp(values - top)
    return np.asarray(w / w.sum(axis, keepdims=True))


def _mask(rng: np.random.Generator, pixels: int) -> np.ndarray:
    """Which pixels are seen: less than half of them, neither the first ones nor the last."""
    seen = rng.permutation(pixels) < (pixels - 1) // 2
    seen[0], seen[1], seen[-1] = False, True, False
    return seen


def _inputs(
    rng: np.random.Generator, batch: int = 4, pixels: int = 8, samples: int = 6, gain: float = 1.5
) -> tuple[Any, ...]:
    params = small_params(rng, (batch,), pixels=pixels, gain=gain)
    z = 1.3 * rng.normal(size=(samples, batch, 2))
    log_q = rng.normal(size=(samples, batch)) + 40 * rng.normal(size=batch)
    return params, _mask(rng, pixels), z, log_q


def _completions(
    params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray
) -> dict[str, np.ndarray]:
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

    def by_mask(mask: np.ndarray) -> np.ndarray:
        """The right completion, were the pixels of another mask the ones that are seen."""
        w = _softmax(pixelwise[..., mask].sum(-1) + prior - log_q)
        return np.where(mask, x, (w[..., None] * picture).sum(0))

    right, place = by_mask(observed), np.arange(x.shape[-1])
    weights = _softmax(seen + prior - log_q)
    with torch.no_grad():
        of_mean = (
            made["decoder"](torch.from_numpy((weights[..., None] * z).sum(0))).sigmoid().numpy()
        )
    best = np.take_along_axis(picture, weights.argmax(0)[None, :, None], 0)[0]
    return {
        "right": right,
        "unchanged": np.broadcast_to(x, right.shape),
        "first_half": by_mask(place < len(place) // 2),
        "first_pixels": by_mask(place < observed.sum()),
        "unweighted": np.where(observed, x, picture.mean(0)),
        "all_pixels": blend(pixelwise.sum(-1) + prior - log_q),
        "missing_pixels": blend(pixelwise[..., ~observed].sum(-1) + prior - log_q),
        "prior_missing": blend(seen - log_q),
        "q_missing": blend(seen + prior),
        "likelihood_only": blend(seen),
        "mean_over_pixels": blend(seen / max(observed.sum(), 1) + prior - log_q),
        "weights_over_batch": blend(seen + prior - log_q, (0, 1)),
        "weights_over_data": blend(seen + prior - log_q, 1),
        "averaged_logits": np.where(
            observed, x, 1 / (1 + np.exp(-(weights[..., None] * logits.numpy()).sum(0)))
        ),
        "observed_overwritten": (weights[..., None] * picture).sum(0),
        "mask_inverted": np.where(observed, (weights[..., None] * picture).sum(0), x),
        "decoded_mean": np.where(observed, x, of_mean),
        "best_sample": np.where(observed, x, best),
        "rounded": np.where(observed, x, (right > 0.5).astype(float)),
        "weights_inverted": blend(log_q - seen - prior),
        "not_normalized": np.where(
            observed, x, (np.exp(seen + prior - log_q)[..., None] * picture).mean(0)
        ),
    }


SAYS = {
    "unchanged": "These are the pictures that you were given. Fill in what is missing.",
    "first_half": "The first half of the pixels was kept, whatever the mask says: use `observed`.",
    "first_pixels": "As many pixels were kept as are seen, and the first ones: `observed` says which.",
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
    "rounded": "The missing pixels came as zeros and ones. Return their probabilities.",
    "weights_inverted": "The weights are upside down.",
    "not_normalized": "The weights must add up to one over the K samples: divide by their sum.",
}


def _mistakes(found: dict[str, np.ndarray]) -> list[Mistake]:
    right = found["right"]

    def bits(got: np.ndarray) -> bool:
        """Zeros and ones, of both kinds, wherever a probability is asked."""
        if got.shape != right.shape:
            return False
        asked = (right > 0) & (right < 1)
        return bool(np.isin(got[asked], (0.0, 1.0)).all()) and np.ptp(got[asked]) == 1

    return [
        *[Mistake(key, SAYS[key], value) for key, value in found.items() if key != "right"],
        Mistake("rounded", SAYS["rounded"], bits),
    ]


def _ask(
    probe: Probe, params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray
) -> Any:
    return probe.value(
        ref("decoder"), ref("x"), observed, z, log_q, problem="vae/small", params=params
    )


def _compare(
    probe: Probe, params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray
) -> Finding:
    found = _completions(params, observed, z, log_q)
    return compare(
        _ask(probe, params, observed, z, log_q),
        found["right"],
        _mistakes(found),
        rtol=1e-9,
        what="the completed picture",
    )


@EXERCISE.part("The value for given samples, and from a decoder that is sure and wrong", weight=1.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _compare(probe, *_inputs(rng))
    if not finding.ok:
        return finding
    params, observed, z, log_q = _inputs(rng, gain=2.5)
    wrong = 16 * (1 - 2 * params["x"][0]) * observed  # probabilities of a ten-millionth
    return _compare(probe, {**params, "lean": wrong}, observed, z, log_q)


@EXERCISE.part("With latents on a grid: the exact posterior predictive, by quadrature")
def exact_by_quadrature(probe: Probe, rng: np.random.Generator) -> Finding:
    """Samples on a grid that is finer near zero, log q its density: sums over all completions and over the grid."""
    params, observed, _, _ = _inputs(rng, batch=2, pixels=6)
    params["x"][1, observed] = (
        1 - params["x"][0, observed]
    )  # two images that differ in what is seen
    axis = np.linspace(-2.5, 2.5, 41)
    even = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    grid, cell = np.sinh(even)[:, None], np.cosh(even).prod(-1)
    z = np.repeat(grid, 2, 1)
    made = build(params)
    with torch.no_grad():
        points = torch.from_numpy(grid[:, 0])
        probability, prior = (
            made["decoder"](points).sigmoid().numpy(),
            np.exp(normal_log_prob(points).numpy()) * cell,
        )
    wanted = params["x"].copy()
    completions = np.array(list(itertools.product((0.0, 1.0), repeat=int((~observed).sum()))))
    for row in wanted:
        pictures = np.repeat(row[None], len(completions), 0)
        pictures[:, ~observed] = completions
        mass = np.array(
            [
                (prior * np.where(one == 1, probability, 1 - probability).prod(-1)).sum()
                for one in pictures
            ]
        )  # p(x), for each
        row[~observed] = mass @ completions / mass.sum()
    log_q = np.repeat(-np.log(cell)[:, None], 2, 1)
    return compare(
        _ask(probe, params, observed, z, log_q),
        wanted,
        _mistakes(_completions(params, observed, z, log_q)),
        what="the exact predictive mean",
    )


@EXERCISE.part("What stands in the missing pixels does not matter, be it NaN")
def missing_pixels_ignored(probe: Probe, rng: np.random.Generator) -> Finding:
    params, observed, z, log_q = _inputs(rng)
    for junk in (-7.0, np.nan):
        params["x"] = np.where(observed, params["x"], junk)
        finding = _junk(probe, params, observed, z, log_q)
        if not finding.ok:
            return finding
    return finding


def _junk(
    probe: Probe, params: Arrays, observed: np.ndarray, z: np.ndarray, log_q: np.ndarray
) -> Finding:
    found = _completions(params, observed, z, log_q)
    got, right = as_array(_ask(probe, params, observed, z, log_q)), found["right"]
    if np.isnan(params["x"]).any() and got.shape == right.shape and np.isnan(got).any():
        return Finding(
            False,
            "probabilities in the missing pixels, where x holds NaN",
            f"{int(np.isnan(got).sum())} of {got.size} pixels are NaN",
            "nan_spreads",
            "NaN stood in the missing pixels of x, and reached the answer. Zero times NaN is NaN: "
            "leave these pixels out, or replace them with torch.where, and do not multiply.",
        )
    return compare(got, right, _mistakes(found), rtol=1e-9, what="the completed picture")


@EXERCISE.part("Everything seen, or nothing", weight=0.5)
def all_or_nothing(probe: Probe, rng: np.random.Generator) -> Finding:
    params, observed, z, log_q = _inputs(rng)
    for mask in (observed | True, observed & False):
        found = _completions(params, mask, z, log_q)
        finding = compare(
            _ask(probe, params, mask, z, log_q),
            found["right"],
            rtol=1e-9,
            what="the completed picture",
        )
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "Large pictures, an easy and a hard one: weights smaller than any number", weight=0.5
)
def large_pictures(probe: Probe, rng: np.random.Generator) -> Finding:
    _, observed, z, log_q = _inputs(rng, batch=2, pixels=7200)
    params = easy_and_hard(rng, pixels=7200)
    found = _completions(params, observed, z, log_q)
    got, right = as_array(_ask(probe, params, observed, z, log_q)), found["right"]
    lost = np.isnan(got).any(-1) if got.shape == right.shape else np.zeros(0, dtype=bool)
    if lost.any():
        return Finding(
            False,
            "probabilities in the missing pixels of both images",
            f"NaN in {'both' if lost.all() else 'one of them'}",
            "underflow",
            "All weights of an image are zero in floating point here, so that 0 / 0 is left. "
            "Subtract its own largest log weight first: softmax over axis 0 does.",
        )
    return compare(got, right, _mistakes(found), rtol=1e-9, what="the completed picture")
