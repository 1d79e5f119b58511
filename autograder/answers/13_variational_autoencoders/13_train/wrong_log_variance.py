"""diagnosis: log_variance"""
import torch
import torch.nn.functional as F

from course_vi.nets import mlp


def bound(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + (0.5 * log_scale).exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)
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
