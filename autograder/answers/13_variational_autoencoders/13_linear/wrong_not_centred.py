"""diagnosis: not_centred"""
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    covariance = x.T @ x / len(x)
    values = torch.linalg.eigvalsh(covariance).flip(0)
    variance = noise_scale**2
    kept = values[:latent_dim].clamp_min(variance)
    rest = values[latent_dim:]
    constant = x.shape[1] * math.log(2 * math.pi)
    fit = (values[:latent_dim] / kept).sum()
    log_evidence = -0.5 * (constant + kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
    activity = 1 - variance / kept
    return log_evidence, activity
