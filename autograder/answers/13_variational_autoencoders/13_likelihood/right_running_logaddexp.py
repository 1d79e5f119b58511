"""Idiom: one sample at a time, adding weights by logaddexp."""
import math

import torch
from torch.distributions import Bernoulli, Independent, Normal


def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Independent(Normal(loc, log_scale.exp()), 1)
    prior = Independent(Normal(torch.zeros_like(loc), 1.0), 1)
    total = None
    for noise in eps:
        z = loc + log_scale.exp() * noise
        log_w = Independent(Bernoulli(logits=decoder(z)), 1).log_prob(x) + prior.log_prob(z) - q.log_prob(z)
        total = log_w if total is None else torch.logaddexp(total, log_w)
    return total - math.log(len(eps))
