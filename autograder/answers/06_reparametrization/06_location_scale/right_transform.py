"""Idiom: torch's own transforms, with their log_abs_det_jacobian."""
import torch
from torch.distributions import Normal
from torch.distributions.transforms import AffineTransform


def location_scale(loc, log_scale, eps):
    t = AffineTransform(loc, torch.exp(log_scale))
    z = t(eps)
    log_noise = Normal(torch.zeros_like(loc), torch.ones_like(loc)).log_prob(eps)
    return z, (log_noise - t.log_abs_det_jacobian(eps, z)).sum(-1)
