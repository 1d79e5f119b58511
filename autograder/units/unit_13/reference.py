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
) -> Arrays:
    """Binary images and the recipe of a small encoder and decoder."""
    return {
        "x": (rng.random((*batch, pixels)) < 0.5).astype(float),
        "seed": np.array(int(rng.integers(10**6))),
        "sizes": np.array([latents, hidden]),
        "gain": np.array(gain),
    }


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
