"""Idiom: one sample at a time, pixels by softplus."""
import torch
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    written = encoder(x)
    latents = written.shape[-1] // 2
    loc, log_scale = written[..., :latents], written[..., latents:]
    kl = (loc.square() / 2 + torch.expm1(2 * log_scale) / 2 - log_scale).sum(dim=-1)
    total = 0
    for noise in eps:
        logits = decoder(loc + torch.exp(log_scale) * noise)
        total = total + (x * logits - F.softplus(logits)).sum(dim=-1)
    return total / len(eps) - kl
