"""Idiom: modules of one's own, epochs over a permutation, a falling rate."""
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence


def initialized(layer, generator):
    limit = layer.in_features**-0.5
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-limit, limit, generator=generator)
    return layer


class Net(nn.Module):
    def __init__(self, inputs, hidden, outputs, generator):
        super().__init__()
        self.one, self.two = initialized(nn.Linear(inputs, hidden), generator), initialized(nn.Linear(hidden, outputs), generator)

    def forward(self, values):
        return self.two(torch.tanh(self.one(values)))


def train_vae(x, latent_dim, steps, generator):
    pixels = x.shape[1]
    both = nn.ModuleList([Net(pixels, 48, 2 * latent_dim, generator), Net(latent_dim, 48, pixels, generator)])
    optimizer = torch.optim.Adam(both.parameters(), lr=0.015)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rows = []
    for _ in range(steps):
        rows = rows or list(torch.randperm(len(x), generator=generator).split(50))
        batch = x[rows.pop()]
        loc, log_scale = both[0](batch).chunk(2, -1)
        z = loc + log_scale.exp() * torch.randn(loc.shape, generator=generator)
        kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), torch.ones_like(loc))).sum(-1)
        loss = (kl - Bernoulli(logits=both[1](z)).log_prob(batch).sum(-1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return both[0], both[1]
