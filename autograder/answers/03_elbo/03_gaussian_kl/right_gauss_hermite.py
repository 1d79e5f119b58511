"""Idiom: Gauss-Hermite quadrature, exact for the quadratic log ratio with two points."""
import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    total = 0.0
    for node in (-1.0, 1.0):
        z = loc_q + log_scale_q.exp() * node
        log_q = -log_scale_q - 0.5 * node**2
        log_p = -log_scale_p - 0.5 * ((z - loc_p) / log_scale_p.exp()) ** 2
        total = total + 0.5 * (log_q - log_p)
    return torch.sum(total, dim=-1)
