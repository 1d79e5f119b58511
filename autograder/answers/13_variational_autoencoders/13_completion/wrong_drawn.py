"""diagnosis: rounded"""
import torch
import torch.nn.functional as F


def complete(decoder, x, observed, z, log_q):
    logits = decoder(z)
    pixels = x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)
    log_w = pixels[..., observed].sum(-1) - 0.5 * z.square().sum(-1) - log_q
    weights = log_w.softmax(0).unsqueeze(-1)
    return torch.where(observed, x, torch.bernoulli((weights * logits.sigmoid()).sum(0)))
