"""diagnosis: factor_for_activity"""
import math

import torch


def predict_linear_vae(x, latent_dim, noise_scale):
    values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
    model = torch.full_like(values, noise_scale**2)
    model[:latent_dim] = values[:latent_dim].clamp(min=noise_scale**2)
    evidence = -0.5 * (math.log(2 * math.pi) + model.log() + values / model).sum()
    kept = (values[:latent_dim] - noise_scale**2).clamp(min=0)
    return evidence, kept.sqrt() / values[:latent_dim]
