"""diagnosis: underflow"""
import torch
import torch.nn.functional as F


def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    pixels = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    log_like = pixels[..., observed].sum(-1)
    log_prior = -0.5 * (z**2).sum(-1)
    weights = (log_like + log_prior - log_q).exp() / (log_like + log_prior - log_q).exp().sum(0)
    mean = (weights.unsqueeze(-1) * logits.sigmoid()).sum(0)
    return torch.where(observed, x, mean)
