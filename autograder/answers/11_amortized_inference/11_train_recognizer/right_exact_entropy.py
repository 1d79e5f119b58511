"""Idiom: likelihood sampled, KL to the prior in closed form, plain gradient ascent."""
import math

import torch


def train_recognizer(p, encoder, x, seed):
    generator = torch.Generator().manual_seed(seed)
    bounds, steps = [], 400
    for step in range(steps):
        loc, log_scale = encoder(x).chunk(2, -1)
        eps = torch.randn(8, *loc.shape, generator=generator, dtype=x.dtype)
        eps = torch.cat([eps, -eps])
        z = loc + log_scale.exp() * eps
        reconstruction = (-0.5 * (x - z) ** 2 - 0.5 * math.log(2 * math.pi)).sum(-1).mean(0)
        kl = 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
        bound = (reconstruction - kl).mean()
        bounds.append(bound.item())
        gradients = torch.autograd.grad(bound, list(encoder.parameters()))
        rate = 0.2 * (1 - step / steps)
        with torch.no_grad():
            for parameter, gradient in zip(encoder.parameters(), gradients):
                parameter += rate * gradient
    return bounds
