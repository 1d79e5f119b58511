"""diagnosis: falling"""
import torch
from torch.distributions import Normal


def train_recognizer(p, encoder, x, seed):
    generator, optimizer, bounds = torch.Generator().manual_seed(seed), torch.optim.SGD(encoder.parameters(), lr=0.001), []
    for _ in range(60):
        eps = torch.randn(8, *x.shape, generator=generator, dtype=x.dtype)
        loc, log_scale = encoder(x).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        bound = (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean()
        optimizer.zero_grad()
        bound.backward()
        optimizer.step()
        bounds.append(bound.item())
    return bounds
