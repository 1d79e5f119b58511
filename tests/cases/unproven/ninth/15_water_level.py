import torch
from torch import Tensor

# %% wrong twenty_rounds: noise and active axes are updated in turn, twenty times; the error shrinks by k beta / Dx a round, which may be nearly one
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    top, rest = values[:latent_dim], values[latent_dim:].sum()
    noise = values.mean()
    for _ in range(20):
        noise = (torch.minimum(top, beta * noise).sum() + rest) / len(values)
    level = beta * noise
    on = top > level
    rate = 0.5 * (top[on] / level).log().sum()
    return torch.stack([noise, rate, len(values) * noise, on.sum().to(values.dtype)])

# %% wrong between_the_eigenvalues: the noise is sought by halving between the smallest and the largest eigenvalue; for beta below one the active axes hold back less than the noise, and it may lie below all of them
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    top, rest = values[:latent_dim], values[latent_dim:].sum()
    low, high = values[-1].clone(), values[0].clone()
    for _ in range(200):
        noise = 0.5 * (low + high)
        if len(values) * noise < torch.minimum(top, beta * noise).sum() + rest:
            low = noise
        else:
            high = noise
    noise = 0.5 * (low + high)
    level = beta * noise
    on = top > level
    rate = 0.5 * (top[on] / level).log().sum()
    distortion = torch.minimum(top, level).sum() + rest
    return torch.stack([noise, rate, distortion, on.sum().to(values.dtype)])

# %% wrong one_guess: which latents are on is decided once, with beta times the noise of probabilistic PCA, and the noise is then solved for; the solution may lift the level above another of them, or lower it below one, and nobody looks again
def beta_vae_at_rest(eigenvalues: Tensor, latent_dim: int, beta: float) -> Tensor:
    values = eigenvalues.sort(descending=True).values
    plain = values[latent_dim:].mean() if latent_dim < len(values) else values[-1]
    count = int((values[:latent_dim] > beta * plain).sum())
    while count and len(values) - count * beta <= 0:
        count -= 1
    noise = values[count:].sum() / (len(values) - count * beta)
    level = beta * noise
    rate = 0.5 * (values[:count] / level).log().clamp(min=0).sum()
    return torch.stack([noise, rate, count * level + values[count:].sum(), torch.tensor(float(count), dtype=values.dtype)])
