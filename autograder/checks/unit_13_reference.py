"""What the checks of unit 13 compare with: objectives and weights of small autoencoders, right and mistaken, by formulas written out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Size, Tensor

from autograder import problems
from autograder.problems.pullback import pull_back

__all__ = ["Arrays", "HALF_LOG_TWO_PI", "ask_noise", "build", "density_terms", "gradients", "kl_terms", "normal_log_prob", "objectives",
           "small_params"]

Arrays = dict[str, np.ndarray]
HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def small_params(rng: np.random.Generator, batch: tuple[int, ...] = (3,), pixels: int = 6, latents: int = 2, hidden: int = 5,
                 gain: float = 1.5) -> Arrays:
    """Binary images and the recipe of a small encoder and decoder."""
    return {"x": (rng.random((*batch, pixels)) < 0.5).astype(float), "seed": np.array(int(rng.integers(10**6))),
            "sizes": np.array([latents, hidden]), "gain": np.array(gain)}


def build(params: Arrays) -> dict[str, Any]:
    return problems.build("vae/small", {name: torch.from_numpy(np.array(value)) for name, value in params.items()})


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


def objectives(params: Arrays, eps: np.ndarray) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The objective and what each mistake makes of it, with graphs; and the parameters."""
    made = build(params)
    encoder, decoder, x, noise = made["encoder"], made["decoder"], made["x"], torch.from_numpy(eps)
    loc, log_scale = encoder(x).chunk(2, -1)

    def log_likelihood(z: Tensor) -> Tensor:
        return bits_log_prob(x, decoder(z)).sum(-1)

    z = loc + log_scale.exp() * noise
    kl, like = kl_terms(loc, log_scale).sum(-1), log_likelihood(z)
    half = kl_terms(loc, log_scale / 2).sum(-1)
    sampled = normal_log_prob(z, loc, log_scale) - normal_log_prob(z)
    reversed_kl = (log_scale + 0.5 * (1 + loc**2) * (-2 * log_scale).exp() - 0.5).sum(-1)
    logits = decoder(z)
    found = {
        "right": like.mean(0) - kl,
        "sample_detached": log_likelihood(z.detach()).mean(0) - kl,
        "kl_detached": like.mean(0) - kl.detach(),
        "kl_missing": like.mean(0),
        "kl_sign": like.mean(0) + kl,
        "loss_sign": kl - like.mean(0),
        "kl_reversed": like.mean(0) - reversed_kl,
        "log_scale_as_log_variance": log_likelihood(loc + (log_scale / 2).exp() * noise).mean(0) - half,
        "kl_of_log_variance": like.mean(0) - half,
        "sample_of_log_variance": log_likelihood(loc + (log_scale / 2).exp() * noise).mean(0) - kl,
        "log_scale_as_scale": log_likelihood(loc + log_scale * noise).mean(0) - kl,
        "mean_over_pixels": like.mean(0) / x.shape[-1] - kl,
        "kl_mean_over_latents": like.mean(0) - kl_terms(loc, log_scale).mean(-1),
        "sum_over_samples": like.sum(0) - kl,
        "kl_for_each_sample": like.mean(0) - len(eps) * kl,
        "sampled_kl": (like - sampled).mean(0),
        "no_noise": log_likelihood(loc) - kl,
        "squared_error": -(x - logits.sigmoid()).square().sum(-1).mean(0) - kl,
        "sigmoid_twice": bits_log_prob(x, logits.sigmoid()).sum(-1).mean(0) - kl,
        "no_mean": like - kl,
        "mean_over_batch": (like.mean(0) - kl).mean(),
        "sum_over_batch": (like.mean(0) - kl).sum(),
        "halves_swapped": log_likelihood(log_scale + loc.exp() * noise).mean(0) - kl_terms(log_scale, loc).sum(-1),
    }
    return found, made["learn"]


def gradients(value: Tensor, learn: dict[str, Tensor], x: np.ndarray, seed: int) -> np.ndarray:
    """All gradients side by side, ``(P,)``, pulled back with the weights of the request of this seed."""
    found = pull_back(value, list(learn.values()), Size(x.shape[:-1]), seed, shared=True, retain_graph=True)
    parts = [torch.zeros_like(parameter) if one is None else one for parameter, one in zip(learn.values(), found, strict=True)]
    return np.concatenate([part.numpy().ravel() for part in parts])


def density_terms(params: Arrays, eps: np.ndarray) -> Arrays:
    """log p(x | z), log p(z), log q(z | x), all ``(K, *B)``; the KL ``(*B)``; and the sum of the log scales ``(*B)``."""
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        z = loc + log_scale.exp() * torch.from_numpy(eps)
        like = bits_log_prob(made["x"], made["decoder"](z)).sum(-1)
        found = {"like": like, "prior": normal_log_prob(z), "q": normal_log_prob(z, loc, log_scale),
                 "kl": kl_terms(loc, log_scale).sum(-1), "log_scales": log_scale.sum(-1)}
    return {name: value.numpy() for name, value in found.items()}
