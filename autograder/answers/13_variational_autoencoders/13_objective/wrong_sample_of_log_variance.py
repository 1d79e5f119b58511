"""diagnosis: sample_of_log_variance"""
import torch.nn.functional as F


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + (log_scale / 2).exp() * eps)
    kl = (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1).mean(0) - kl
