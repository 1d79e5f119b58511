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


# %% wrong counted, from right closed_form: Returns how many latents are active, where the activity of each is asked.
# diagnosis: counted
#-     return log_evidence, activity
#+     return log_evidence, (activity > 0).sum()


# %% wrong divided_by_n_minus_1, from right closed_form: The covariance of torch.cov's default, which divides by N - 1: unbiased, and not the maximum of the likelihood.
# diagnosis: divided_by_n_minus_1
#-     covariance = torch.cov(x.T, correction=0)
#+     covariance = torch.cov(x.T)


# %% wrong factor, from right closed_form: The factor of the posterior mean, in place of the variance of the mean: its square times lambda.
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


# %% wrong first_directions, from right closed_form: Counts the first D directions alone, constants included: a density of the latents' subspace, not of x.
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


# %% wrong lost_2pi, from right closed_form: Drops the constant of the Gaussian density, as one does where only differences matter.
# diagnosis: lost_2pi
#-     constant = x.shape[1] * math.log(2 * math.pi)
#@@
#-     log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
#+     log_evidence = -0.5 * (kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)


# %% wrong no_threshold, from right closed_form: Lets every latent in: below sigma squared the squared length of a column would be negative.
# diagnosis: no_threshold
#-     kept = values[:latent_dim].clamp_min(variance)
#+     kept = values[:latent_dim]


# %% wrong noise_fitted, from right closed_form: Fits sigma as well, as probabilistic PCA does: the mean of the eigenvalues left out, in place of the number given.
# diagnosis: noise_fitted
#-     variance = noise_scale**2
#+     variance = values[latent_dim:].mean().item()


# %% wrong not_centred, from right closed_form: Second moments about zero: the decoder's bias, which is the mean of the data, is forgotten.
# diagnosis: not_centred
#-     covariance = torch.cov(x.T, correction=0)
#+     covariance = x.T @ x / len(x)


# %% wrong posterior_variance, from right closed_form: The variance of the posterior, sigma squared over lambda, in place of that of its mean: the two add up to one.
# diagnosis: posterior_variance
#-     activity = 1 - variance / kept
#+     activity = variance / kept


# %% wrong rest_forgotten, from right closed_form: Leaves out the directions beyond the first D: they cost log sigma squared plus lambda / sigma squared each.
# diagnosis: rest_forgotten
#-     rest = values[latent_dim:]
#@@
#-     log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
#+     log_evidence = -0.5 * (constant + kept.log().sum() + fit)


# %% wrong scale_for_variance, from right closed_form: Uses noise_scale as a variance: the eigenvalues are compared with sigma, not with its square.
# diagnosis: scale_for_variance
#-     variance = noise_scale**2
#+     variance = noise_scale


# %% wrong smallest_kept, from right closed_form: Keeps the first eigenvalues that eigvalsh returns, which are the smallest: they come in ascending order.
# diagnosis: smallest_kept
#-     values = torch.linalg.eigvalsh(covariance).flip(0)
#+     values = torch.linalg.eigvalsh(covariance)


# %% wrong squared_factor, from right closed_form: The squared factor of the posterior mean: the variance of the coordinate it stands before is forgotten.
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


# %% wrong summed_over_data, from right closed_form: The log evidence of all data, a sum over N, where nats per datum are asked.
# diagnosis: summed_over_data
#-     return log_evidence, activity
#+     return len(x) * log_evidence, activity


# %% wrong weights_for_activity, from right closed_form: The squared lengths of W's columns: how much the latents move x, not how much the data move them.
# diagnosis: weights_for_activity
#-     activity = 1 - variance / kept
#+     activity = kept - variance


# %% wrong first_rows, from right closed_form: Looks at the first hundred rows, to save time: the covariance of a part of the data.
# diagnosis: value
#-     covariance = torch.cov(x.T, correction=0)
#+     covariance = torch.cov(x[:100].T, correction=0)


# %% wrong never_positive, from right closed_form: Cuts the log evidence off at zero, as if it were the logarithm of a probability: a density may exceed one.
# diagnosis: value
#-     return log_evidence, activity
#+     return log_evidence.clamp(max=0), activity
