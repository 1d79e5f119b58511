"""diagnosis: sampled"""
import torch


def naive_bias(loc, log_scale, x):
    eps = torch.randn(4000, *loc.shape, dtype=loc.dtype)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * eps) + eps / s
    return -slope.mean(0), -(slope * s * eps).mean(0)
