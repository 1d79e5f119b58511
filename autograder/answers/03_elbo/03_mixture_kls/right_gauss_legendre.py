"""Idiom: NumPy Gauss-Legendre panels, with panel borders at every mean and several scales around it."""
import numpy as np


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    m, s, w = loc.item(), scale.item(), weights.numpy()
    mu, sd = means.numpy(), scales.numpy()
    steps = np.arange(-13, 14)
    borders = np.unique(np.concatenate([m + s * steps] + [a + b * steps for a, b in zip(mu, sd)]))
    nodes, node_weights = np.polynomial.legendre.leggauss(16)
    half = (borders[1:] - borders[:-1]) / 2
    z = ((borders[1:] + borders[:-1]) / 2)[:, None] + half[:, None] * nodes
    dz = half[:, None] * node_weights
    log_q = -0.5 * ((z - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)
    parts = np.log(w) - 0.5 * ((z[..., None] - mu) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)
    log_p = np.logaddexp.reduce(parts, axis=-1)
    return (dz * np.exp(log_p) * (log_p - log_q)).sum(), (dz * np.exp(log_q) * (log_q - log_p)).sum()
