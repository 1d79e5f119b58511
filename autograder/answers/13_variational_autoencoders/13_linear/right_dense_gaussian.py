"""Idiom: the columns of W, and the density of a dense Gaussian."""
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
