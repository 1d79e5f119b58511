# %% right density_by_the_noise: Log q from the noise and the log scales; the largest weight taken out by hand.
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


# %% right logsumexp: Logsumexp of the log weights.
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
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    log_w = log_like + log_prior - log_q
    return torch.logsumexp(log_w, 0) - math.log(len(eps))


# %% right running_logaddexp: One sample at a time, adding weights by logaddexp.
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


# %% right one_datum_at_a_time: A loop over the data, the last step in NumPy and without a graph.
import numpy as np
import torch
import torch.nn.functional as F


@torch.no_grad()
def importance_log_likelihood(encoder, decoder, x, eps):
    if x.dim() > 1:
        return torch.stack([importance_log_likelihood(encoder, decoder, row, eps[:, i]) for i, row in enumerate(x)])
    loc, log_scale = encoder(x).chunk(2)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_like = (x * logits - F.softplus(logits)).sum(1)
    log_w = (log_like - (z**2).sum(1) / 2 + (eps**2).sum(1) / 2 + log_scale.sum()).numpy()
    return torch.tensor(np.logaddexp.reduce(log_w) - np.log(len(log_w)))


# %% wrong analytic_kl, from right logsumexp: Puts the closed-form KL into the importance weights, as a published IWAE did: inside the logarithm each sample needs its own.
# diagnosis: analytic_kl
#-     log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
#-     log_w = log_like + log_prior - log_q
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     log_q = log_prior
#+     log_w = log_like
#+     return torch.logsumexp(log_w, 0) - math.log(len(eps)) - (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


# %% wrong best_sample, from right logsumexp: The largest weight in place of their mean: close where one sample dominates, and too high by up to log K.
# diagnosis: best_sample
#- import math
#-
#- import torch
#@@
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return log_w.max(0).values


# %% wrong density_of_noise, from right logsumexp: Takes the density of eps for that of z: the change of variables, minus the sum of the log scales, is forgotten.
# diagnosis: density_of_noise
#-     log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
#+     log_q = Normal(0.0, 1.0).log_prob(eps).sum(-1)


# %% wrong likelihood_only, from right logsumexp: Averages p(x | z), which is right for z from the prior; these z come from q.
# diagnosis: likelihood_only
#-     log_w = log_like + log_prior - log_q
#+     log_w = log_like


# %% wrong log_k_missing, from right logsumexp: logsumexp and nothing else: the sum of the weights where their mean is asked, too high by log K.
# diagnosis: log_k_missing
#- import math
#-
#@@
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return torch.logsumexp(log_w, 0)


# %% wrong log_k_sign, from right logsumexp: Adds log K where it is to be subtracted: the division by K went the wrong way into the logarithm.
# diagnosis: log_k_sign
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return torch.logsumexp(log_w, 0) + math.log(len(eps))


# %% wrong log_of_batch, from right logsumexp: Divides by the number of data in place of the number of samples: len of the wrong axis.
# diagnosis: log_of_batch
#      loc, log_scale = encoder(x).chunk(2, -1)
#+     q = Normal(loc, log_scale.exp())
#@@
#-     log_like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#-     log_prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
#-     log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
#-     log_w = log_like + log_prior - log_q
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
#+     log_w = log_p - q.log_prob(z).sum(-1)
#+     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[-1] if log_w.dim() > 1 else 1)


# %% wrong mean_of_logs, from right logsumexp: The mean of the log weights, which is the ELBO: logarithm and mean are exchanged, and Jensen's gap stays.
# diagnosis: mean_of_logs
#- import math
#-
#- import torch
#@@
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return log_w.mean(0)


# %% wrong mean_over_batch, from right logsumexp: Averaged over the data as well, as it is printed in a table: no image has a likelihood of its own any more.
# diagnosis: mean_over_batch
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return (torch.logsumexp(log_w, 0) - math.log(len(eps))).mean()


# %% wrong naive_exp, from right logsumexp: Exponentiates log weights of minus a thousand, which is zero in floating point; its logarithm is minus infinity.
# diagnosis: underflow
#- import math
#-
#- import torch
#@@
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     return log_w.exp().mean(0).log()


# %% wrong not_log, from right logsumexp: Returns the mean weight itself, an estimate of p(x): unbiased, and zero in floating point for any real image.
# diagnosis: not_log
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


# %% wrong prior_missing, from right logsumexp: p(z) is left out of the weights: p(x | z) / q(z | x), as if q were to be compared with nothing.
# diagnosis: prior_missing
#-     log_w = log_like + log_prior - log_q
#+     log_w = log_like - log_q


# %% wrong q_missing, from right logsumexp: The weights are not divided by q(z | x): the average of p(x, z) under q, which is no estimate of p(x).
# diagnosis: q_missing
#-     log_w = log_like + log_prior - log_q
#+     log_w = log_like + log_prior


# %% wrong q_multiplied, from right logsumexp: Adds log q where it is to be subtracted: the weights are multiplied by the density that proposed z.
# diagnosis: q_multiplied
#      loc, log_scale = encoder(x).chunk(2, -1)
#+     q = Normal(loc, log_scale.exp())
#@@
#-     log_like = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
#-     log_prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
#-     log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
#-     log_w = log_like + log_prior - log_q
#+     log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
#+     log_w = log_p + q.log_prob(z).sum(-1)


# %% wrong one_shift, from right density_by_the_noise: Takes one largest weight out for the whole batch: beside an easy image the weights of a hard one are all zero.
# diagnosis: one_shift
#-     largest = log_w.max(dim=0).values
#+     largest = log_w.max()


# %% wrong first_hundred, from right logsumexp: Uses a hundred samples at most, to save time: the rest of eps is ignored.
# diagnosis: value
#-     log_w = log_like + log_prior - log_q
#-     return torch.logsumexp(log_w, 0) - math.log(len(eps))
#+     log_w = (log_like + log_prior - log_q)[:100]
#+     return torch.logsumexp(log_w, 0) - math.log(len(log_w))
