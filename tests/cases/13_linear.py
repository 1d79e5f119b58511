import math

import numpy as np
import torch


def predict(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    v = torch.full_like(values, noise_scale**2)
    v[:latent_dim] = values[:latent_dim].clamp_min(noise_scale**2)
    return -0.5 * (math.log(2 * math.pi) + v.log() + values / v).sum(), 1 - noise_scale**2 / v[
        :latent_dim
    ]


# %% right svd_numpy: By the singular values of the centred data, in NumPy; a list.
def predict_linear_vae(x, latent_dim, noise_scale):
    y = x.numpy()
    N, D = y.shape
    lam = np.zeros(D)
    s = np.linalg.svd(y - y.mean(0), compute_uv=False) ** 2 / N
    lam[: len(s)] = s[:D]
    v = np.where(np.arange(D) < latent_dim, np.maximum(lam, noise_scale**2), noise_scale**2)
    return [-0.5 * (np.log(2 * np.pi * v) + lam / v).sum(), 1 - noise_scale**2 / v[:latent_dim]]


# %% right density: The density of the fitted Gaussian, averaged over the rows.
def predict_linear_vae(x, latent_dim, noise_scale):
    values, vectors = torch.linalg.eigh(torch.cov(x.T, correction=0))
    keep = values.clone()
    keep[: len(values) - latent_dim] = 0
    excess = (keep - noise_scale**2).clamp(min=0)
    C = vectors @ torch.diag(excess) @ vectors.T + noise_scale**2 * torch.eye(
        len(values), dtype=x.dtype
    )
    log_p = torch.distributions.MultivariateNormal(x.mean(0), C).log_prob(x).mean()
    activity = excess / values.clamp(min=1e-30)
    return log_p, activity.flip(0)[:latent_dim]


# %% wrong destroys: The data are centred in place.
def predict_linear_vae(x, latent_dim, noise_scale):
    out = predict(x, latent_dim, noise_scale)
    x -= x.mean(0)
    return out


# %% wrong first_rows: Only the first hundred rows.
# not told: uncentred
def predict_linear_vae(x, latent_dim, noise_scale):
    return predict(x[:100], latent_dim, noise_scale)


# %% wrong never_positive: A log-density above zero is cut off.
def predict_linear_vae(x, latent_dim, noise_scale):
    evidence, activity = predict(x, latent_dim, noise_scale)
    return evidence.clamp(max=0), activity


# %% wrong noise_floor: sigma is kept above a tenth.
def predict_linear_vae(x, latent_dim, noise_scale):
    return predict(x, latent_dim, max(noise_scale, 0.1))


# %% wrong activity_negative: Collapsed latents with a negative activity.
def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)[:latent_dim]
    return predict(x, latent_dim, noise_scale)[0], 1 - noise_scale**2 / values


# %% wrong correlation: The data are standardized: eigenvalues of the correlation matrix.
# not told: uncentred
def predict_linear_vae(x, latent_dim, noise_scale):
    return predict((x - x.mean(0)) / x.std(0), latent_dim, noise_scale)


# %% wrong median_centred: Centred on the median, not on the mean.
def predict_linear_vae(x, latent_dim, noise_scale):
    y = x - x.median(0).values
    values = torch.linalg.eigvalsh(y.T @ y / len(y)).flip(0)
    v = torch.full_like(values, noise_scale**2)
    v[:latent_dim] = values[:latent_dim].clamp_min(noise_scale**2)
    return -0.5 * (math.log(2 * math.pi) + v.log() + values / v).sum(), 1 - noise_scale**2 / v[
        :latent_dim
    ]


# %% wrong trailing_eigenvalues: The smallest eigenvalues are kept in place of the largest.
# not told: uncentred
def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0))
    v = torch.full_like(values, noise_scale**2)
    v[:latent_dim] = values[:latent_dim].clamp_min(noise_scale**2)
    return -0.5 * (math.log(2 * math.pi) + v.log() + values / v).sum(), 1 - noise_scale**2 / v[
        :latent_dim
    ]
