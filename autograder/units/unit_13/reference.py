"""What several exercises of unit 13 share: references, inputs and common mistakes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from autograder.units.shared import Arrays
from autograder.units.unit_13.problems import vae_small

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def small_params(
    rng: np.random.Generator,
    batch: tuple[int, ...] = (3,),
    pixels: int = 6,
    latents: int = 2,
    hidden: int = 5,
    gain: float = 1.5,
    **more: np.ndarray,
) -> Arrays:
    """Binary images, with zeros and ones in each, and the recipe of a small encoder and decoder.

    Args:
        more: what else the problem takes: ``stretch``, ``shift``, ``volume``, ``lean``.
    """
    x = (rng.random((*batch, pixels)) < 0.5).astype(float)
    x[..., :2] = rng.permutation([0.0, 1.0])
    return {
        "x": rng.permuted(x, axis=-1),
        "seed": np.array(int(rng.integers(10**6))),
        "sizes": np.array([latents, hidden]),
        "gain": np.array(gain),
        **more,
    }


def narrow_and_wide(rng: np.random.Generator) -> Arrays:
    """Three latents of which one is narrow and another wide, by factors of hundreds; data on two axes."""
    log_scales = rng.uniform(-0.1, 0.1, 3) + rng.permutation([-5.5, -0.5, 4.3])
    shift = np.concatenate([rng.normal(size=3), log_scales])
    stretch = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1])
    return small_params(rng, batch=(2, 3), pixels=7, latents=3, stretch=stretch, shift=shift)


def easy_and_hard(rng: np.random.Generator, pixels: int) -> Arrays:
    """Large images, in either order: one that the decoder leans to, another of which it expects the opposite."""
    params = small_params(rng, batch=(2,), pixels=pixels)
    easy, hard = rng.permutation(2)
    params["x"][hard] = 1 - params["x"][easy]
    return {**params, "lean": 2 * (2 * params["x"][easy] - 1)}


def build(params: Arrays) -> dict[str, Any]:
    return vae_small(**{name: torch.from_numpy(np.array(value)) for name, value in params.items()})


def kl_terms(loc: Tensor, log_scale: Tensor) -> Tensor:
    """KL(N(loc, exp(log_scale)^2) || N(0, 1)), coordinate by coordinate."""
    return 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale)


def normal_log_prob(z: Tensor, loc: Any = 0.0, log_scale: Any = 0.0) -> Tensor:
    """log N(z; loc, exp(log_scale)^2), summed over the last axis."""
    log_scale = torch.as_tensor(log_scale, dtype=z.dtype)
    return (-0.5 * ((z - loc) * (-log_scale).exp()) ** 2 - log_scale - HALF_LOG_TWO_PI).sum(-1)


def bits_log_prob(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x | z) of independent bits, ``(K, *B, Dx)``, pixel by pixel."""
    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)


def ask_noise(rng: np.random.Generator, params: Arrays, samples: int = 4) -> np.ndarray:
    return rng.normal(size=(samples, *params["x"].shape[:-1], int(params["sizes"][0])))
