"""diagnosis: log_scale_as_log_variance"""
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + (0.5 * log_scale).exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = -0.5 * (1 + log_scale - loc**2 - log_scale.exp()).sum(-1)
    return log_likelihood.mean(0) - kl
