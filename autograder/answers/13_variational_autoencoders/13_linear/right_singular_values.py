"""Idiom: singular values of the centred data; posterior means measured."""
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
