import math
import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

# %% right eigenvalues: eigenvalues of the covariance, axis by axis
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% right singular_values: singular values of the centred data, a loop over the axes
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    centred = x - x.mean(0)
    lam = torch.zeros(x.shape[1], dtype=x.dtype)
    s = torch.linalg.svdvals(centred).square() / len(x)
    lam[: len(s)] = s
    n, total, activity = noise_scale * noise_scale, 0.0, []
    for i, value in enumerate(lam):
        v = max(value.item(), n) if i < latent_dim else n
        total = total - 0.5 * (math.log(2 * math.pi * v) + value / v)
        if i < latent_dim:
            activity.append(max(1 - n / value.item(), 0.0) if value > 0 else 0.0)
    return total, torch.tensor(activity, dtype=x.dtype)

# %% right model_built_and_asked: W is built, the evidence is the mean log density of the data, activities are variances of posterior means
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    mean, n = x.mean(0), noise_scale**2
    covariance = (x - mean).T @ (x - mean) / len(x)
    values, vectors = torch.linalg.eigh(covariance)
    top, axes = values.flip(0)[:latent_dim], vectors.flip(1)[:, :latent_dim]
    W = axes * (top - n).clamp_min(0).sqrt()
    marginal = W @ W.T + n * torch.eye(x.shape[1], dtype=x.dtype)
    evidence = MultivariateNormal(mean, marginal).log_prob(x).mean()
    posterior = torch.linalg.solve(torch.eye(W.shape[1], dtype=x.dtype) + W.T @ W / n, W.T @ (x - mean).T / n)
    return evidence, posterior.var(1, correction=0)

# %% wrong collapse_ignored: axes of variance below sigma^2 are let in with their own variance; right when the noise is small
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim]
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong divided_by_N_minus_1: the covariance divides by N - 1
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong not_centred: second moments about zero in place of the covariance; right for centred data
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(x.T @ x / len(x)).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong noise_variance_given: noise_scale is taken for the variance; right for one
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong noise_learned: the noise is fitted as the mean of the discarded eigenvalues where there are any, and noise_scale ignored
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    n = values[latent_dim:].mean().item() if latent_dim < len(values) else n
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong posterior_variance_added: the activity is that of samples: one for every latent
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, torch.ones_like(top), torch.zeros_like(top))

# %% wrong activity_of_squared_shrinkage: the shrinkage is squared: (1 - n / lambda)^2
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, ((top - n).clamp_min(0) / top).square(), torch.zeros_like(top))

# %% wrong signal_to_noise: lambda over lambda plus sigma^2, the formula for lambda that holds the signal alone
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, top / (top + n), torch.zeros_like(top))

# %% wrong discarded_fit_forgotten: along the discarded axes the quadratic term is taken as one, as if the model fitted them
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + torch.cat([values[:latent_dim] / model[:latent_dim], torch.ones_like(values[latent_dim:])])).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong collapsed_fit_forgotten: along collapsed axes the quadratic term is taken as one
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + torch.cat([torch.ones_like(values[:latent_dim]), values[latent_dim:] / model[latent_dim:]])).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong smallest_first: activities come smallest first
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top)).flip(0)

# %% wrong constant_pixels_dropped: pixels that never vary are dropped as uninformative, and their share of the evidence with them
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    x = x[:, x.var(0) > 1e-12]
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong active_only: only the activities above 0.01 are reported, the others set to zero
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where((top - n) / top > 0.01, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong jitter: 1e-4 is added to the covariance's diagonal for stability
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    values = 1e-4 + torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))

# %% wrong single_precision: in float32
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    x = x.float()
    n = noise_scale**2
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence.double(), torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top)).double()

# %% wrong correlations: the pixels are standardized before the eigenvalues are taken; right for pixels of variance one
def predict_linear_vae(x: Tensor, latent_dim: int, noise_scale: float) -> tuple[Tensor, Tensor]:
    n = noise_scale**2
    x = (x - x.mean(0)) / x.std(0, correction=0).clamp_min(1e-6)
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])).flip(0)
    model = torch.full_like(values, n)
    model[:latent_dim] = values[:latent_dim].clamp_min(n)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    top = values[:latent_dim]
    return evidence, torch.where(top > n, (top - n).clamp_min(0) / top, torch.zeros_like(top))
