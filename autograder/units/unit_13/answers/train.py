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
                learned[at] += 0.01 * first[at] / (1 - 0.9**step) / scale
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


# %% wrong decoder_left_out, from right loop: Only the encoder's parameters are handed to the optimizer: the decoder stays as it was drawn.
# diagnosis: decoder_still
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters()], lr=0.01)


# %% wrong descends, from right loop: Minimizes the bound: the minus in front of the loss is forgotten, and everything runs away from the data.
# diagnosis: described
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.001)
#@@
#-         loss = -bound(encoder, decoder, x[rows], eps).mean()
#+         loss = bound(encoder, decoder, x[rows], eps).mean()


# %% wrong encoder_left_out, from right loop: Only the decoder's parameters are handed to the optimizer: codes stay as a random encoder writes them.
# diagnosis: encoder_still
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*decoder.parameters()], lr=0.01)


# %% wrong global_noise, from right loop: The noise comes from torch's global stream: the run depends on whatever was drawn before.
# diagnosis: global_stream
#-         eps = torch.randn(1, len(rows), latent_dim, generator=generator)
#+         eps = torch.randn(1, len(rows), latent_dim)


# %% wrong global_weights, from right loop: The initial weights come from torch's global stream: mlp was not given the generator.
# diagnosis: global_stream
#-     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
#-     decoder = mlp(latent_dim, 64, x.shape[-1], generator)
#+     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, None)
#+     decoder = mlp(latent_dim, 64, x.shape[-1], None)


# %% wrong kl_missing, from right loop: Climbs the reconstruction alone: an autoencoder whose codes are nearly exact and far from the prior.
# diagnosis: codes_far_out
#-     return log_likelihood.mean(0) - kl
#+     return log_likelihood.mean(0)


# %% wrong log_variance, from right loop: Trains an encoder of log variances, as most published code does: a good model in another convention.
# diagnosis: log_variance
#-     z = loc + log_scale.exp() * eps
#+     z = loc + (0.5 * log_scale).exp() * eps
#@@
#-     kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
#+     kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)


# %% wrong mean_over_pixels, from right loop: The reconstruction is a mean over pixels: the KL outweighs it 64 times, and every latent collapses.
# diagnosis: described
#-     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#+     log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").mean(-1)


# %% wrong probabilities, from right loop: The decoder that is returned ends in a sigmoid: probabilities, where logits were agreed.
# diagnosis: probabilities
#-     return encoder, decoder
#+     return encoder, torch.nn.Sequential(decoder, torch.nn.Sigmoid())


# %% wrong sample_detached, from right loop: z is detached: the encoder sees the KL alone, and its cheapest answer is the prior for every image.
# diagnosis: described
#-     z = loc + log_scale.exp() * eps
#+     z = (loc + log_scale.exp() * eps).detach()


# %% wrong slow, from right loop: Adam at 0.0015, a rate from training far longer: 300 steps are over before it arrives.
# diagnosis: described
#-     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
#+     optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.0015)


# %% wrong swapped, from right loop: Returns (decoder, encoder): a network from images to codes is expected first.
# diagnosis: shape
#-     return encoder, decoder
#+     return decoder, encoder


# %% wrong three_hundred, from right loop: Takes three hundred steps whatever is asked: the number from the text is written into the loop.
# diagnosis: steps_miscounted
#-     for _ in range(steps):
#+     for _ in range(300):


# %% wrong first_rows, from right loop: Draws minibatches from the first two hundred rows: the rest of the images is never seen.
# diagnosis: images_unseen
#-         rows = torch.randperm(len(x), generator=generator)[:100]
#+         rows = torch.randperm(min(200, len(x)), generator=generator)[:100]


# %% wrong four_latents, from right loop: Four latents whatever is asked: the size of the example is written into the networks.
# diagnosis: latents_ignored
#-     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
#+     latent_dim = 4
#+     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)


# %% wrong seeded_anew, from right loop: Seeds the generator itself, to be reproducible: the caller's seed no longer decides anything.
# diagnosis: generator_ignored
#-     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)
#+     generator.manual_seed(0)
#+     encoder = mlp(x.shape[-1], 64, 2 * latent_dim, generator)


# %% wrong whole_epochs, from right loop: Trains whole epochs until there are enough steps, and takes more than it was told where they do not divide.
# diagnosis: steps_miscounted
#-     for _ in range(steps):
#-         rows = torch.randperm(len(x), generator=generator)[:100]
#+     per_epoch = -(-len(x) // 100)
#+     order = [rows for _ in range(-(-steps // per_epoch)) for rows in torch.randperm(len(x), generator=generator).split(100)]
#+     for rows in order:


# %% wrong last_batch_dropped, from right loop: One permutation for all epochs, without its last, smaller batch: the images in it are never seen.
# diagnosis: images_unseen
#-     for _ in range(steps):
#-         rows = torch.randperm(len(x), generator=generator)[:100]
#+     size = min(90, len(x))
#+     batches = torch.randperm(len(x), generator=generator)[: len(x) // size * size].split(size)
#+     for step in range(steps):
#+         rows = batches[step % len(batches)]


# %% wrong held_out, from right loop: A tenth of the images is set aside for validation, and none of them is trained on.
# diagnosis: images_unseen
#-         rows = torch.randperm(len(x), generator=generator)[:100]
#+         rows = torch.randperm(max(1, int(0.9 * len(x))), generator=generator)[:100]


# %% wrong own_stream, from right loop: Begins a generator of its own with the seed of the one that was given, which stays where it is: two calls give one network.
# diagnosis: seeded_inside
#- def train_vae(x, latent_dim, steps, generator):
#+ def train_vae(x, latent_dim, steps, generator):
#+     generator = torch.Generator().manual_seed(generator.initial_seed())
