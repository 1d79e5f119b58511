"""diagnosis: loss_history"""
import math

import torch


def train_recognizer(p, encoder, x, seed):
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
    bounds = []
    for _ in range(300):
        loc, log_scale = encoder(x).chunk(2, -1)
        eps = torch.randn(8, *loc.shape, generator=generator, dtype=x.dtype)
        z = loc + log_scale.exp() * eps
        white = (z - loc.detach()) / log_scale.detach().exp()
        log_q = (-0.5 * white**2 - log_scale.detach() - 0.5 * math.log(2 * math.pi)).sum(-1)
        bound = (p.log_joint(x, z) - log_q).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
        schedule.step()
        bounds.append(-bound.item())
    return bounds
