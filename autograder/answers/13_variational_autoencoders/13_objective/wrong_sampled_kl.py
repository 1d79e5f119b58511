"""diagnosis: sampled_kl"""
import torch.nn.functional as F
from torch.distributions import Normal


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1)
    return (log_likelihood - kl).mean(0)
