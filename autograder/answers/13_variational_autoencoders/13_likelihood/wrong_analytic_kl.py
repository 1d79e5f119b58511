"""diagnosis: analytic_kl"""
import math

import torch
import torch.nn.functional as F
from torch.distributions import Normal


def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    log_prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_q = log_prior
    log_w = log_like
    return torch.logsumexp(log_w, 0) - math.log(len(eps)) - (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
