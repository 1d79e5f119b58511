"""diagnosis: untrained"""
import math

import torch


def train_recognizer(p, encoder, x, seed):
    import copy

    own = copy.deepcopy(encoder)
    optimizer = torch.optim.Adam(own.parameters(), lr=0.05)
    generator, bounds = torch.Generator().manual_seed(seed), []
    for _ in range(100):
        loc, log_scale = own(x).chunk(2, -1)
        eps = torch.randn(8, *loc.shape, generator=generator, dtype=x.dtype)
        z = loc + log_scale.exp() * eps
        log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
        bound = (p.log_joint(x, z) - log_q).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
        bounds.append(bound.item())
    return bounds
