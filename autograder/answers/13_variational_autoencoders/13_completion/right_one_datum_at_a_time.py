"""Idiom: a loop over the data, torch.distributions."""
import torch
from torch.distributions import Bernoulli, Normal


def complete(decoder, x, observed, z, log_q):
    pictures = []
    for b in range(len(x)):
        logits = decoder(z[:, b])
        seen = Bernoulli(logits=logits[:, observed]).log_prob(x[b, observed]).sum(-1)
        log_w = seen + Normal(0.0, 1.0).log_prob(z[:, b]).sum(-1) - log_q[:, b]
        weights = (log_w - torch.logsumexp(log_w, 0)).exp()
        picture = x[b].clone()
        picture[~observed] = weights @ logits[:, ~observed].sigmoid()
        pictures.append(picture)
    return torch.stack(pictures)
