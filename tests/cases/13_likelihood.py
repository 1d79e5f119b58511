import math

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal


def log_weights(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(
        -1
    )
    return log_p - 0.5 * z.square().sum(-1) + 0.5 * eps.square().sum(-1) + log_scale.sum(-1)


def log_mean(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


# %% right loop_over_data: One image at a time.
def importance_log_likelihood(encoder, decoder, x, eps):
    if x.dim() == 1:
        return log_mean(log_weights(encoder, decoder, x, eps))
    return torch.stack(
        [importance_log_likelihood(encoder, decoder, x[b], eps[:, b]) for b in range(len(x))]
    )


# %% right running: A running log-sum over the draws, with torch's distributions.
def importance_log_likelihood(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    q, total = Normal(loc, log_scale.exp()), None
    for e in eps:
        z = loc + log_scale.exp() * e
        prior = Normal(torch.zeros_like(z), torch.ones_like(z))
        log_w = Bernoulli(logits=decoder(z)).log_prob(x).sum(-1) + (
            prior.log_prob(z) - q.log_prob(z)
        ).sum(-1)
        total = log_w if total is None else torch.logaddexp(total, log_w)
    return total - math.log(len(eps))


# %% right numpy: The last step in NumPy.
def importance_log_likelihood(encoder, decoder, x, eps):
    with torch.no_grad():
        log_w = log_weights(encoder, decoder, x, eps).numpy()
    return np.logaddexp.reduce(log_w, 0) - np.log(len(log_w))


# %% wrong one_shift: One shift for all images: an easy one beside a hard one leaves it at log 0.
def importance_log_likelihood(encoder, decoder, x, eps):
    log_w = log_weights(encoder, decoder, x, eps)
    top = log_w.max()
    return top + (log_w - top).exp().mean(0).log()


# %% wrong mean_shift: The batch's mean log weight is taken out before exponentiating.
def importance_log_likelihood(encoder, decoder, x, eps):
    log_w = log_weights(encoder, decoder, x, eps)
    top = log_w.mean()
    return top + (log_w - top).exp().mean(0).log()


# %% wrong counts_near: Divided by the number of weights that are not negligible.
def importance_log_likelihood(encoder, decoder, x, eps):
    log_w = log_weights(encoder, decoder, x, eps)
    near = log_w > log_w.amax(0) - 50
    return torch.logsumexp(log_w, 0) - near.sum(0).to(log_w).log()


# %% wrong destroys: The noise is stretched in place.
def importance_log_likelihood(encoder, decoder, x, eps):
    out = log_mean(log_weights(encoder, decoder, x, eps.clone()))
    eps.mul_(2.0)
    return out


# %% wrong first_samples: Only the first hundred samples are used.
def importance_log_likelihood(encoder, decoder, x, eps):
    return log_mean(log_weights(encoder, decoder, x, eps[:100]))


# %% wrong log_scale_clamped: Log scales are kept between -4 and 4.
def importance_log_likelihood(encoder, decoder, x, eps):
    def clamped(v):
        loc, log_scale = encoder(v).chunk(2, -1)
        return torch.cat([loc, log_scale.clamp(-4, 4)], -1)

    return log_mean(log_weights(clamped, decoder, x, eps))


# %% wrong truncated: The largest weight of each image is cut to half of the sum.
def importance_log_likelihood(encoder, decoder, x, eps):
    log_w = log_weights(encoder, decoder, x, eps)
    return log_mean(torch.minimum(log_w, torch.logsumexp(log_w, 0) + math.log(0.5)))
