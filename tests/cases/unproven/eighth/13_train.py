import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_vi.nets import mlp


def bound(encoder, decoder, x, eps, beta=1.0):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return fit - beta * (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


# %% right endless_stream_of_batches: a Python generator that yields shuffled batches for ever, Adam with a rate that falls like a cosine
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator).to(x.dtype)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator).to(x.dtype)

    def batches():
        while True:
            yield from torch.randperm(len(x), generator=generator).split(100)

    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.015)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.1 + 0.9 * math.cos(0.5 * math.pi * step / max(steps, 1)))
    for _, rows in zip(range(steps), batches()):
        eps = torch.randn(len(rows), latent_dim, generator=generator, dtype=x.dtype)
        optimizer.zero_grad()
        (-bound(encoder, decoder, x[rows], eps).mean()).backward()
        optimizer.step()
        schedule.step()
    return encoder, decoder


# %% wrong last_rows_dropped: takes whole batches of 64 in the order in which rows stand, so that what is left over at the end (three rows of 131) is never seen
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    size = min(64, len(x))
    whole = len(x) // size
    for step in range(steps):
        first = step % whole * size
        rows = x[first : first + size]
        eps = torch.randn(size, latent_dim, generator=generator)
        optimizer.zero_grad()
        (-bound(encoder, decoder, rows, eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% wrong steps_are_epochs: takes `steps` passes over the data, each of several gradient steps; a better bound, and not what was asked
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        for rows in torch.randperm(len(x), generator=generator).split(100):
            eps = torch.randn(len(rows), latent_dim, generator=generator)
            optimizer.zero_grad()
            (-bound(encoder, decoder, x[rows], eps).mean()).backward()
            optimizer.step()
    return encoder, decoder


# %% wrong begins_its_seed_again: reads the generator's first seed and begins a stream of its own, so that the generator stays where it is and two calls with it give one network
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    own = torch.Generator().manual_seed(generator.initial_seed())
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, own)
    decoder = mlp(latent_dim, 64, x.shape[-1], own)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        rows = x[torch.randperm(len(x), generator=own)[:100]]
        eps = torch.randn(len(rows), latent_dim, generator=own)
        optimizer.zero_grad()
        (-bound(encoder, decoder, rows, eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% wrong normalized_beta: weights the KL by the number of latents over that of pixels, "beta normalized"; codes come out too sharp and the ELBO is far from the bound
def train_vae(x: Tensor, latent_dim: int, steps: int, generator: torch.Generator) -> tuple[nn.Module, nn.Module]:
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        rows = x[torch.randperm(len(x), generator=generator)[:100]]
        eps = torch.randn(len(rows), latent_dim, generator=generator)
        optimizer.zero_grad()
        (-bound(encoder, decoder, rows, eps, latent_dim / x.shape[-1]).mean()).backward()
        optimizer.step()
    return encoder, decoder
