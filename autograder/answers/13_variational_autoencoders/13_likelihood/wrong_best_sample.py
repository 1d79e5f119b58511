"""diagnosis: best_sample"""
import torch.nn.functional as F
from torch.distributions import Normal


def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    log_prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    log_w = log_like + log_prior - log_q
    return log_w.max(0).values
