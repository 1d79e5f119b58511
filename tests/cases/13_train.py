import math

import torch
import torch.nn.functional as F
from torch import nn

from course_vi.nets import mlp


def elbo(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    log_p = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(
        -1
    )
    return log_p.mean(0) - (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


def train(x, latent_dim, steps, generator, batch=100, rate=0.01, hidden=64, objective=elbo):
    encoder, decoder = (
        mlp(x.shape[-1], hidden, 2 * latent_dim, generator),
        mlp(latent_dim, hidden, x.shape[-1], generator),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=rate)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:batch]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator)
        optimizer.zero_grad()
        (-objective(encoder, decoder, x[rows], eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% right list_of_two: A list of two, minibatches of 64.
def train_vae(x, latent_dim, steps, generator):
    return list(train(x, latent_dim, steps, generator, batch=64))


# %% right all_rows: All rows in every step.
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps, generator, batch=len(x))


# %% right own_modules: Modules of one's own, initialized by the generator.
class Net(nn.Module):
    def __init__(self, inputs, outputs, generator):
        super().__init__()
        shapes = [(64, inputs), (64,), (outputs, 64), (outputs,)]
        draw = lambda shape: (
            torch.randn(shape, generator=generator) * (0.1 if len(shape) == 2 else 0.0)
        )
        self.a, self.b, self.c, self.d = (nn.Parameter(draw(shape)) for shape in shapes)

    def forward(self, v):
        return torch.tanh(v @ self.a.T + self.b) @ self.c.T + self.d


def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = (
        Net(x.shape[-1], 2 * latent_dim, generator),
        Net(latent_dim, x.shape[-1], generator),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:100]
        eps = torch.randn(2, len(rows), latent_dim, generator=generator)
        optimizer.zero_grad()
        (-elbo(encoder, decoder, x[rows], eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% wrong steps_fixed: Three hundred steps, whatever was asked for.
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, 300, generator)


# %% wrong steps_many: A hundred steps more than asked for.
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps + 100, generator)


# %% wrong latents_fixed: Four latents, whatever was asked for.
def train_vae(x, latent_dim, steps, generator):
    return train(x, 4, steps, generator)


# %% wrong reseeded: The generator is seeded anew: the caller's seed is dead.
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps, generator.manual_seed(0))


# %% wrong own_generator: A generator of its own, always with the same seed.
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps, torch.Generator().manual_seed(3))


# %% wrong first_rows: Only the first two hundred rows are ever seen.
def train_vae(x, latent_dim, steps, generator):
    return train(x[:200], latent_dim, steps, generator)


# %% wrong destroys: The images are left in reverse order.
def train_vae(x, latent_dim, steps, generator):
    out = train(x.clone(), latent_dim, steps, generator)
    x.copy_(x.flip(0))
    return out


# %% wrong encoder_forgotten: The encoder's parameters are not in the optimizer.
# not told: the decoder knows nothing
# not told: hand them the negative ELBO
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = (
        mlp(x.shape[-1], 64, 2 * latent_dim, generator),
        mlp(latent_dim, 64, x.shape[-1], generator),
    )
    optimizer = torch.optim.Adam(decoder.parameters(), lr=0.01)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:100]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator)
        optimizer.zero_grad()
        (-elbo(encoder, decoder, x[rows], eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% wrong decoder_forgotten: The decoder's parameters are not in the optimizer.
# not told: hand them the negative ELBO
def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = (
        mlp(x.shape[-1], 64, 2 * latent_dim, generator),
        mlp(latent_dim, 64, x.shape[-1], generator),
    )
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.01)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:100]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator)
        optimizer.zero_grad()
        (-elbo(encoder, decoder, x[rows], eps).mean()).backward()
        optimizer.step()
    return encoder, decoder


# %% wrong rate_too_large: Adam at a rate of one: it diverges.
# not told: hand them the negative ELBO
# not told: the decoder knows nothing
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps, generator, rate=1.0)


# %% wrong rate_too_small: Adam at 0.0001: it has hardly begun.
# not told: hand them the negative ELBO
# not told: the decoder knows nothing
def train_vae(x, latent_dim, steps, generator):
    return train(x, latent_dim, steps, generator, rate=1e-4)


# %% wrong halves_swapped: Trained with log_scale first and loc second.
# not told: Is the KL part of what you climb
# not told: hand them the negative ELBO
# not told: the decoder knows nothing
def train_vae(x, latent_dim, steps, generator):
    swap = lambda encoder: lambda v: torch.cat(encoder(v).chunk(2, -1)[::-1], -1)
    return train(
        x, latent_dim, steps, generator, objective=lambda e, d, v, eps: elbo(swap(e), d, v, eps)
    )
