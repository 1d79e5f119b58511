# %% right formula: The formula, summed over the last axis.
import math


def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% right independent: Independent declares the event axis.
from torch.distributions import Independent, Normal


def log_likelihood(x, z, log_scale):
    return Independent(Normal(z, log_scale.exp().expand_as(z)), 1).log_prob(x)


# %% right loop: A loop over samples and coordinates.
import math

import torch


def log_likelihood(x, z, log_scale):
    rows = []
    for one in z:
        total = 0.0
        for d in range(x.shape[-1]):
            variance = (2 * log_scale[d]).exp()
            total = total - 0.5 * (x[..., d] - one[..., d]) ** 2 / variance - 0.5 * torch.log(2 * math.pi * variance)
        rows.append(total)
    return torch.stack(rows)


# %% right normal: Torch.distributions, one coordinate at a time.
from torch.distributions import Normal


def log_likelihood(x, z, log_scale):
    return Normal(z, log_scale.exp()).log_prob(x).sum(-1)


# %% wrong fixed_axes, from right formula: Count axes from the end: the event is axis -1, whatever stands before it.
# diagnosis: fixed_axes
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(2)


# %% wrong log_scale_as_scale, from right formula: You used log_scale as if it were the scale. Exponentiate it first.
# diagnosis: log_scale_as_scale
#-     eps = (x - z) / log_scale.exp()
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     eps = (x - z) / log_scale
#+     return (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong lost_2pi, from right formula: The constant -log(2 pi)/2 is missing, once for each coordinate.
# diagnosis: lost_2pi
def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale).sum(-1)


# %% wrong mean_over_event, from right formula: You averaged over the event axis. The log-density of independent coordinates is their sum.
# diagnosis: mean_over_event
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).mean(-1)


# %% wrong no_sum, from right normal: One number per coordinate came back. Sum over the event axis, the last one.
# diagnosis: no_sum
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x)


# %% wrong normalizer_lost, from right formula: The term -log(scale) of the normalizer is missing.
# diagnosis: normalizer_lost
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong one_2pi, from right formula: The constant -log(2 pi)/2 is needed once for each coordinate; you have it once in all.
# diagnosis: one_2pi
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale).sum(-1) - 0.5 * math.log(2 * math.pi)


# %% wrong over_everything, from right normal: Everything was summed to one number. Keep samples and batch: sum over the last axis alone.
# diagnosis: over_everything
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum()


# %% wrong paired, from right formula: Sample k was paired with datum k. x has no sample axis: let broadcasting add it in front.
# diagnosis: paired_with_samples
#  def log_likelihood(x, z, log_scale):
#+     if z.dim() == 3 and x.dim() == 2 and x.shape[0] == z.shape[0]:
#+         x = x.unsqueeze(1)


# %% wrong sum_over_batch, from right normal: You summed over the batch. Data are kept apart: the event is the last axis.
# diagnosis: sum_over_batch
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum(1)


# %% wrong sum_over_samples, from right normal: You summed over the first axis, the samples. The event axis is the last one.
# diagnosis: sum_over_samples
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum(0)


# %% wrong variance, from right formula: exp(log_scale) is the standard deviation; you took it for the variance.
# diagnosis: variance_as_scale
#  import math
#+
#+ import torch
#@@
#-     eps = (x - z) / log_scale.exp()
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     variance = log_scale.exp()
#+     return (-0.5 * (x - z) ** 2 / variance - 0.5 * torch.log(2 * math.pi * variance)).sum(-1)
