import math

import torch
from torch import Tensor

# %% right drop_the_driest: recursion on plain fractions: suppose all D latents are on, and while the last of them lies under the water switch it off
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = sorted(eigenvalues.double().tolist(), reverse=True)
    pixels = len(values)

    def settle(on: int) -> tuple[int, float]:
        room = pixels - on * beta
        noise = math.fsum(values[on:]) / room if room > 0 else math.inf
        if on == 0 or values[on - 1] > beta * noise:
            return on, noise
        return settle(on - 1)

    on, noise = settle(latent_dim)
    rate = math.fsum(0.5 * math.log(value / (beta * noise)) for value in values[:on])
    return torch.tensor([noise, rate, pixels * noise, on], dtype=torch.float64)

# %% wrong few_iterations: alternates encoder and noise sixty times, which crawls where (latents on) x beta is near the number of pixels
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    top, rest = values[:latent_dim], values[latent_dim:].sum()
    noise = values.mean()
    for _ in range(60):
        noise = (torch.minimum(top, beta * noise).sum() + rest) / len(values)
    on = top > beta * noise
    rate = 0.5 * (top[on] / (beta * noise)).log().sum()
    return torch.stack([noise, rate, len(values) * noise, on.sum().to(values.dtype)])

# %% wrong count_above_noise: counts as active every latent whose eigenvalue exceeds the noise variance; it has to exceed beta times that
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    low, high = 0.0, float(values.sum())
    for _ in range(200):
        noise = (low + high) / 2
        held = values[:latent_dim].clamp(max=beta * noise).sum() + values[latent_dim:].sum()
        low, high = (noise, high) if float(held) > len(values) * noise else (low, noise)
    top = values[:latent_dim]
    rate = 0.5 * (top / (beta * noise)).log().clamp(min=0).sum()
    return torch.tensor([noise, float(rate), len(values) * noise, float((top > noise).sum())], dtype=values.dtype)

# %% wrong scored_at_the_mean: lets a kept axis hold back only what the mean of q misses, and forgets what the draw adds
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    top, rest, total = values[:latent_dim], values[latent_dim:].sum(), len(values)
    low, high = 0.0, float(values.mean())
    for _ in range(200):
        noise = (low + high) / 2
        held = torch.where(top > beta * noise, (beta * noise) ** 2 / top, top).sum() + rest
        low, high = (noise, high) if float(held) > total * noise else (low, noise)
    on = top > beta * noise
    rate = 0.5 * (top[on] / (beta * noise)).log().sum()
    return torch.tensor([noise, float(rate), total * noise, float(on.sum())], dtype=values.dtype)

# %% wrong unchecked_guess: takes the number of active latents at the noise of probabilistic PCA, solves the line for it, and never asks whether the guess still holds
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    total = len(values)
    first = values[latent_dim:].mean() if latent_dim < total else values[-1]
    on = int((values[:latent_dim] > beta * first).sum())
    while total - on * beta <= 0:
        on -= 1
    noise = values[on:].sum() / (total - on * beta)
    rate = 0.5 * (values[:on] / (beta * noise)).log().clamp(min=0).sum()
    return torch.stack([noise, rate, total * noise, torch.tensor(float(on), dtype=values.dtype)])
