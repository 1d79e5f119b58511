"""diagnosis: lost_2pi"""
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    covariance = torch.cov(x.T, correction=0)
    values = torch.linalg.eigvalsh(covariance).flip(0)
    variance = noise_scale**2
    kept = values[:latent_dim].clamp_min(variance)
    rest = values[latent_dim:]
    fit = (values[:latent_dim] / kept).sum()
    log_evidence = -0.5 * (kept.log().sum() + fit + len(rest) * math.log(variance) + rest.sum() / variance)
    activity = 1 - variance / kept
    return log_evidence, activity
