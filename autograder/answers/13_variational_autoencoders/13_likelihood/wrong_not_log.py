"""diagnosis: not_log"""
import torch.nn.functional as F
from torch.distributions import Normal


def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_w = log_p - q.log_prob(z).sum(-1)
    return log_w.exp().mean(0)
