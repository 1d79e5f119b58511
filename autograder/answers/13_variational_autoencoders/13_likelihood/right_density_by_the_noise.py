"""Idiom: log q from the noise and the log scales; the largest weight taken out by hand."""
import torch
import torch.nn.functional as F


def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_like = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    # both densities have the constant of a normal, and it cancels
    log_ratio = -0.5 * z.square().sum(-1) + 0.5 * eps.square().sum(-1) + log_scale.sum(-1)
    log_w = log_like + log_ratio
    largest = log_w.max(dim=0).values
    return largest + torch.log(torch.exp(log_w - largest).mean(dim=0))
