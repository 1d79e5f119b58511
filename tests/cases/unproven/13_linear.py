import math
import torch
from torch import Tensor

def _eigen(x, correction=0):
    lam = torch.linalg.eigvalsh(torch.atleast_2d(torch.cov(x.T, correction=correction))).flip(0)
    return lam

def _evidence(lam, v):
    return -0.5 * (math.log(2 * math.pi) + v.log() + lam / v).sum()

def _model(lam, d, s2):
    v = torch.full_like(lam, s2)
    v[:d] = lam[:d].clamp(min=s2)
    return v

# %% right singular_values: from the singular values of the centred data
def predict_linear_vae(x, latent_dim, noise_scale):
    n, dx = x.shape
    s2 = noise_scale**2
    lam = torch.zeros(max(dx, latent_dim), dtype=x.dtype)
    sv = torch.linalg.svdvals(x - x.mean(0))
    lam[: len(sv)] = sv.square() / n
    model = torch.full((dx,), s2, dtype=x.dtype)
    k = min(latent_dim, dx)
    model[:k] = lam[:k].clamp(min=s2)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + lam[:dx] / model).sum()
    return evidence, (1 - s2 / lam[:latent_dim].clamp(min=s2))

# %% right built_model: builds W and the dense Gaussian, and asks for the density of every row and the mean of every posterior
def predict_linear_vae(x, latent_dim, noise_scale):
    n, dx = x.shape
    b = x.mean(0)
    values, vectors = torch.linalg.eigh((x - b).T @ (x - b) / n)
    values, vectors = values.flip(0), vectors.flip(1)
    W = torch.zeros(dx, latent_dim, dtype=x.dtype)
    for i in range(min(latent_dim, dx)):
        W[:, i] = vectors[:, i] * math.sqrt(max(values[i].item() - noise_scale**2, 0.0))
    cov = W @ W.T + noise_scale**2 * torch.eye(dx, dtype=x.dtype)
    evidence = torch.distributions.MultivariateNormal(b, cov).log_prob(x).mean()
    means = (x - b) @ torch.linalg.solve(cov, W)
    return evidence, means.var(0, correction=0).sort(descending=True).values

# %% wrong by_n_minus_one: the covariance divides by N - 1
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x, 1), noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (1 - s2 / lam[:latent_dim]).clamp(min=0)

# %% wrong every_latent: all latents are let in, also where the eigenvalue is below the noise; activities are right
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    v = torch.full_like(lam, s2)
    v[:latent_dim] = lam[:latent_dim]
    return _evidence(lam, v), (1 - s2 / lam[:latent_dim]).clamp(min=0)

# %% wrong negative_activity: activities of collapsed latents come out as their distance from the noise, not zero
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (1 - s2 / lam[:latent_dim]).abs().sort(descending=True).values

# %% wrong trace_is_dimension: takes the quadratic form for the number of coordinates, which holds along fitted axes only
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    v = _model(lam, latent_dim, s2)
    return -0.5 * (math.log(2 * math.pi) + v.log() + 1).sum(), (1 - s2 / lam[:latent_dim]).clamp(min=0)

# %% wrong learned_noise: the noise is fitted as well, as in probabilistic principal components
def predict_linear_vae(x, latent_dim, noise_scale):
    lam = _eigen(x)
    rest = lam[latent_dim:]
    s2 = float(rest.mean()) if len(rest) else noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (1 - noise_scale**2 / lam[:latent_dim]).clamp(min=0)

# %% wrong uncentred: second moments of the data without taking the mean away
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = torch.linalg.eigvalsh(x.T @ x / len(x)).flip(0), noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (1 - s2 / lam[:latent_dim]).clamp(min=0)

# %% wrong signal_share: the activity is the squared length of the column, not the variance of the posterior mean
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (lam[:latent_dim] - s2).clamp(min=0)

# %% wrong squared_twice: the coefficient of the posterior mean is squared, the variance of the coordinate forgotten
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    return _evidence(lam, _model(lam, latent_dim, s2)), (lam[:latent_dim] - s2).clamp(min=0) / lam[:latent_dim].square()

# %% wrong active_only: returns the activities of the latents that are active, and only those
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    a = (1 - s2 / lam[:latent_dim]).clamp(min=0)
    return _evidence(lam, _model(lam, latent_dim, s2)), a[a > 0.01]

# %% wrong threshold: activities below the threshold of 0.01 are reported as zero
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    a = (1 - s2 / lam[:latent_dim]).clamp(min=0)
    return _evidence(lam, _model(lam, latent_dim, s2)), torch.where(a > 0.01, a, torch.zeros_like(a))

# %% wrong bound_of_mean_field: the evidence lacks what a shared unit posterior variance would cost, half the sum of activities
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    a = (1 - s2 / lam[:latent_dim]).clamp(min=0)
    return _evidence(lam, _model(lam, latent_dim, s2)) - 0.5 * a.sum(), a

# %% wrong scale_for_variance: the noise scale is taken for a variance where it is compared with eigenvalues
def predict_linear_vae(x, latent_dim, noise_scale):
    lam, s2 = _eigen(x), noise_scale**2
    v = torch.full_like(lam, s2)
    keep = lam[:latent_dim] > noise_scale
    v[:latent_dim] = torch.where(keep, lam[:latent_dim], v[:latent_dim])
    return _evidence(lam, v), torch.where(keep, 1 - s2 / lam[:latent_dim], torch.zeros_like(lam[:latent_dim]))
