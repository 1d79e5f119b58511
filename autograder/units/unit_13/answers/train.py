# %% right by_hand: Plain tensors in place of modules, all rows in every step, Adam written out.
import torch
import torch.nn.functional as F


class Map(torch.nn.Module):
    def __init__(self, sizes, generator):
        super().__init__()
        one, two = (torch.randn(a, b, generator=generator) / a**0.5 for a, b in zip(sizes, sizes[1:]))
        self.parts = torch.nn.ParameterList(map(torch.nn.Parameter, [one, torch.zeros(sizes[1]), two, torch.zeros(sizes[2])]))

    def forward(self, values):
        a, b, c, d = self.parts
        return torch.tanh(values @ a + b) @ c + d


def train_vae(x, latent_dim, steps, generator):
    encoder, decoder = Map([x.shape[1], 64, 2 * latent_dim], generator), Map([latent_dim, 64, x.shape[1]], generator)
    learned = [*encoder.parameters(), *decoder.parameters()]
    first, second = [torch.zeros_like(one) for one in learned], [torch.zeros_like(one) for one in learned]
    for step in range(1, steps + 1):
        loc, log_scale = encoder(x).chunk(2, -1)
        logits = decoder(loc + log_scale.exp() * torch.randn(loc.shape, generator=generator))
        kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
        bound = ((x * logits - F.softplus(logits)).sum(-1) - kl).mean()
        with torch.no_grad():
            for at, slope in enumerate(torch.autograd.grad(bound, learned)):
                first[at] = 0.9 * first[at] + 0.1 * slope
                second[at] = 0.999 * second[at] + 0.001 * slope**2
                scale = (second[at] / (1 - 0.999**step)).sqrt() + 1e-8
                learned[at] += 0.015 * first[at] / (1 - 0.9**step) / scale
    return encoder, decoder


# %% right loop: A plain loop with Adam and minibatches.
import torch
import torch.nn.functional as F

from course_vi.nets import mlp


def bound(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return log_likelihood.mean(0) - kl


def train_vae(x, latent_dim, steps, generator):
    encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
    decoder = mlp(latent_dim, 64, x.shape[-1], generator)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
    for _ in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:100]
        eps = torch.randn(1, len(rows), latent_dim, generator=generator)
        loss = -bound(encoder, decoder, x[rows], eps).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder, decoder


# %% right modules_and_epochs: Modules of one's own, epochs over a permutation, a falling rate.
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


# %% wrong decoder_left_out, from right loop: The decoder still knows nothing (64 log 2 = 44 nats an image).
# diagnosis: decoder_still
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters()], lr=0.01)


# %% wrong descends, from right loop: The bound went down: optimizers minimize, so hand them the *negative* ELBO.
# diagnosis: worse_than_a_coin
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.001)
#@@
#-         loss = -bound(encoder, decoder, x[rows], eps).mean()
#+         loss = bound(encoder, decoder, x[rows], eps).mean()


# %% wrong encoder_left_out, from right loop: The encoder says the same of every image. Either the reconstruction does not reach it (a detached sample, its parameters missing from the optimizer), or the KL weighs too much (a mean over pixels).
# diagnosis: encoder_still
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*decoder.parameters()], lr=0.01)


# %% wrong global_noise, from right loop: Something is drawn from torch's global stream: initial weights (mlp takes the generator too), minibatches (torch.randperm(..., generator=generator)) or the noise (torch.randn(..., generator=generator)).
# diagnosis: global_stream
#-         eps = torch.randn(1, len(rows), latent_dim, generator=generator)
#+         eps = torch.randn(1, len(rows), latent_dim)


# %% wrong global_weights, from right loop: Something is drawn from torch's global stream: initial weights (mlp takes the generator too), minibatches (torch.randperm(..., generator=generator)) or the noise (torch.randn(..., generator=generator)).
# diagnosis: global_stream
#-     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
#-     decoder = mlp(latent_dim, 64, x.shape[-1], generator)
#+     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, None)
#+     decoder = mlp(latent_dim, 64, x.shape[-1], None)


# %% wrong kl_missing, from right loop: The KL is 92 nats an image: the codes are nearly exact, and far from the prior.
# diagnosis: codes_far_out
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0)


# %% wrong log_variance, from right loop: Read as log *variances* the encoder's numbers would do.
# diagnosis: log_variance
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps
#@@
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong mean_over_pixels, from right loop: The encoder says the same of every image. Either the reconstruction does not reach it (a detached sample, its parameters missing from the optimizer), or the KL weighs too much (a mean over pixels).
# diagnosis: collapsed
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").mean(-1)


# %% wrong probabilities, from right loop: The decoder returns probabilities. Return logits: the sigmoid belongs to the likelihood.
# diagnosis: probabilities
#-     return encoder, decoder
#+     return encoder, torch.nn.Sequential(decoder, torch.nn.Sigmoid())


# %% wrong sample_detached, from right loop: The encoder says the same of every image. Either the reconstruction does not reach it (a detached sample, its parameters missing from the optimizer), or the KL weighs too much (a mean over pixels).
# diagnosis: collapsed
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong slow, from right loop: It learns, but stops short: 300 steps are few.
# diagnosis: too_low
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.0015)


# %% wrong swapped, from right loop: Return (encoder, decoder), in this order; the encoder writes loc and log_scale side by side.
# diagnosis: shape
#-     return encoder, decoder
#+     return decoder, encoder
