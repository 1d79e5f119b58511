# %% right closed_form: Eigenvalues and the closed form.
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    covariance = torch.cov(x.T, correction=0)
    values = torch.linalg.eigvalsh(covariance).flip(0)
    variance = noise_scale**2
    kept = values[:latent_dim].clamp_min(variance)
    rest = values[latent_dim:]
    constant = x.shape[1] * math.log(2 * math.pi)
    fit = (values[:latent_dim] / kept).sum()
    log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
    activity = 1 - variance / kept
    return log_evidence, activity


# %% right dense_gaussian: The columns of W, and the density of a dense Gaussian.
import torch
from torch.distributions import MultivariateNormal


def predict_linear_vae(x, latent_dim, noise_scale):
    centre = x.mean(0)
    centred = x - centre
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(x))
    top, axes = values[-latent_dim:].flip(0), vectors[:, -latent_dim:].flip(1)
    squared_lengths = torch.relu(top - noise_scale**2)
    W = axes * squared_lengths.sqrt()
    marginal = W @ W.T + noise_scale**2 * torch.eye(x.shape[1], dtype=x.dtype)
    return MultivariateNormal(centre, marginal).log_prob(x).mean(), squared_lengths / top


# %% right singular_values: Singular values of the centred data; posterior means measured.
import torch

from course_vi.distributions import FactorNormal


def predict_linear_vae(x, latent_dim, noise_scale):
    centred = x - x.mean(0)
    _, singular, axes = torch.linalg.svd(centred, full_matrices=False)
    values = singular[:latent_dim] ** 2 / len(x)
    W = axes[:latent_dim].T * (values - noise_scale**2).clamp_min(0).sqrt()
    log_scale = torch.full((x.shape[1],), float(noise_scale), dtype=x.dtype).log()
    log_p = FactorNormal(x.mean(0), log_scale, W).log_prob(x)
    M = W.T @ W + noise_scale**2 * torch.eye(latent_dim, dtype=x.dtype)
    means = torch.linalg.solve(M, W.T @ centred.T).T
    return log_p.mean(), means.var(0, correction=0)


# %% wrong counted, from right closed_form: Give the activity of each latent, not their number.
# diagnosis: counted
#-     return log_evidence, activity
#+     return log_evidence, (activity > 0).sum()


# %% wrong divided_by_n_minus_1, from right closed_form: The maximum of the likelihood divides the covariance by N, not by N - 1.
# diagnosis: divided_by_n_minus_1
#-     covariance = torch.cov(x.T, correction=0)
#+     covariance = torch.cov(x.T)


# %% wrong factor, from right closed_form: This is the factor of the posterior mean. Its variance is the square of that factor times the variance of the coordinate, lambda.
# diagnosis: factor_for_activity
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    model = torch.full_like(values, noise_scale**2)
    model[:latent_dim] = values[:latent_dim].clamp(min=noise_scale**2)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    kept = (values[:latent_dim] - noise_scale**2).clamp(min=0)
    return evidence, kept.sqrt() / values[:latent_dim]


# %% wrong first_directions, from right closed_form: Only the first D directions were counted. All Dx are part of the density: each of the others brings log 2 pi + log sigma squared + lambda / sigma squared.
# diagnosis: rest_forgotten
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    model = torch.full_like(values, noise_scale**2)
    model[:latent_dim] = values[:latent_dim].clamp(min=noise_scale**2)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model)[:latent_dim].sum()
    kept = (values[:latent_dim] - noise_scale**2).clamp(min=0)
    return evidence, kept / values[:latent_dim]


# %% wrong lost_2pi, from right closed_form: The constant -Dx/2 log 2 pi is missing.
# diagnosis: lost_2pi
#-     constant = x.shape[1] * math.log(2 * math.pi)
#@@
#-     log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
#+     log_evidence = -0.5 * (kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)


# %% wrong no_threshold, from right closed_form: Every latent was used. One whose eigenvalue is below sigma squared only makes the model worse: its column of W is zero, and it collapses.
# diagnosis: no_threshold
#-     kept = values[:latent_dim].clamp_min(variance)
#+     kept = values[:latent_dim]


# %% wrong noise_fitted, from right closed_form: This is the maximum over sigma as well (probabilistic PCA).
# diagnosis: noise_fitted
#-     variance = noise_scale**2
#+     variance = values[latent_dim:].mean().item()


# %% wrong not_centred, from right closed_form: Subtract the mean of the data first: it is the decoder's bias.
# diagnosis: not_centred
#-     covariance = torch.cov(x.T, correction=0)
#+     covariance = x.T @ x / len(x)


# %% wrong posterior_variance, from right closed_form: This is the variance of the posterior, sigma^2 / lambda.
# diagnosis: posterior_variance
#-     activity = 1 - variance / kept
#+     activity = variance / kept


# %% wrong rest_forgotten, from right closed_form: The directions left out are part of the density too: each brings log sigma squared + lambda / sigma squared.
# diagnosis: rest_forgotten
#-     rest = values[latent_dim:]
#@@
#-     log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
#+     log_evidence = -0.5 * (constant + kept.log().sum() + fit)


# %% wrong scale_for_variance, from right closed_form: noise_scale is sigma; the eigenvalues compare with sigma *squared*.
# diagnosis: scale_for_variance
#-     variance = noise_scale**2
#+     variance = noise_scale


# %% wrong smallest_kept, from right closed_form: The *largest* eigenvalues are kept; eigh gives them in ascending order.
# diagnosis: smallest_kept
#-     values = torch.linalg.eigvalsh(covariance).flip(0)
#+     values = torch.linalg.eigvalsh(covariance)


# %% wrong squared_factor, from right closed_form: This is the squared factor of the posterior mean.
# diagnosis: factor_for_activity
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    model = torch.full_like(values, noise_scale**2)
    model[:latent_dim] = values[:latent_dim].clamp(min=noise_scale**2)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    kept = (values[:latent_dim] - noise_scale**2).clamp(min=0)
    return evidence, kept / values[:latent_dim] ** 2


# %% wrong summed_over_data, from right closed_form: Give the mean over the data, nats per datum, not the sum.
# diagnosis: summed_over_data
#-     return log_evidence, activity
#+     return len(x) * log_evidence, activity


# %% wrong weights_for_activity, from right closed_form: These are the squared lengths of the columns of W.
# diagnosis: weights_for_activity
#-     activity = 1 - variance / kept
#+     activity = kept - variance
