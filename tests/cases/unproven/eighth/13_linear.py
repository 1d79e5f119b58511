import math

import numpy as np
import torch
from torch import Tensor


def spectrum(x):
    return torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0).clamp(min=0)


# %% right singular_values: the spectrum from the singular values of the centred data in NumPy, padded with zeros, one sum over all axes
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    table = np.asarray(x.detach().cpu(), dtype=np.float64)
    rows, pixels = table.shape
    found = np.linalg.svd(table - table.mean(0), compute_uv=False) ** 2 / rows
    values = np.zeros(pixels)
    values[: len(found)] = found[:pixels]
    noise = float(noise_scale) ** 2
    under = np.full(pixels, noise)
    under[:latent_dim] = np.maximum(values[:latent_dim], noise)
    evidence = -0.5 * np.sum(np.log(2 * np.pi * under) + values / under)
    return torch.tensor(evidence, dtype=x.dtype), torch.as_tensor(1 - noise / under[:latent_dim], dtype=x.dtype)


# %% wrong noise_learned_too: off the first D axes the model gets the mean of the left-over eigenvalues, the maximum-likelihood noise of probabilistic PCA; here sigma is fixed
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    values, noise = spectrum(x), noise_scale**2
    left = values[latent_dim:]
    rest = left.mean().clamp(min=1e-12).expand_as(left) if len(left) else left
    under = torch.cat([values[:latent_dim].clamp(min=noise), rest])
    evidence = -0.5 * (math.log(2 * math.pi) + under.log() + values / under).sum()
    return evidence, (1 - noise / values[:latent_dim].clamp(min=noise))


# %% wrong trace_is_the_size: the quadratic form is taken to be the number of pixels on average, as at any maximum with a free noise; axes that the model fits too wide or too narrow are not
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    values, noise = spectrum(x), noise_scale**2
    under = torch.full_like(values, noise)
    under[:latent_dim] = values[:latent_dim].clamp(min=noise)
    evidence = -0.5 * (math.log(2 * math.pi) + under.log() + 1).sum()
    return evidence, 1 - noise / under[:latent_dim]


# %% wrong signal_over_signal_and_noise: reads the eigenvalue as the signal's variance and divides by signal plus noise; but the noise is in the eigenvalue already
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    values, noise = spectrum(x), noise_scale**2
    under = torch.full_like(values, noise)
    under[:latent_dim] = values[:latent_dim].clamp(min=noise)
    evidence = -0.5 * (math.log(2 * math.pi) + under.log() + values / under).sum()
    first = values[:latent_dim]
    return evidence, torch.where(first > noise, first / (first + noise), torch.zeros_like(first))


# %% wrong around_the_origin: the eigenvalues of the second moments, not centred, as singular values of the data give them; right for centred data
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    values, noise = torch.linalg.eigvalsh(x.T @ x / len(x)).flip(0).clamp(min=0), noise_scale**2
    under = torch.full_like(values, noise)
    under[:latent_dim] = values[:latent_dim].clamp(min=noise)
    evidence = -0.5 * (math.log(2 * math.pi) + under.log() + values / under).sum()
    return evidence, 1 - noise / under[:latent_dim]
