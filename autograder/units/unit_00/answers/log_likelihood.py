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


# %% wrong fixed_axes, from right formula: The event is counted from the front, axis 2. It is that with one batch axis, and with no other number of them.
# diagnosis: fixed_axes
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(2)


# %% wrong log_scale_as_scale, from right formula: log_scale goes in where a scale is expected. It is often negative, and squared it raises no error.
# diagnosis: log_scale_as_scale
#-     eps = (x - z) / log_scale.exp()
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     eps = (x - z) / log_scale
#+     return (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong lost_2pi, from right formula: The constant is left out because optimizers do not need it. A log-density that is compared with another one does.
# diagnosis: lost_2pi
def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale).sum(-1)


# %% wrong mean_over_event, from right formula: The event is averaged, by habit from losses. A product of D densities becomes a sum of D logarithms.
# diagnosis: mean_over_event
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).mean(-1)


# %% wrong no_sum, from right normal: Normal.log_prob treats every coordinate as a variable of its own; the sum over the event is left to the caller.
# diagnosis: no_sum
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x)


# %% wrong normalizer_lost, from right formula: The quadratic part alone: a least-squares loss. Without -log(scale) a scale that is learned grows for ever.
# diagnosis: normalizer_lost
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% wrong one_2pi, from right formula: The constant of one dimension is written after the sum, so that it counts once however many coordinates there are.
# diagnosis: one_2pi
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     return (-0.5 * eps**2 - log_scale).sum(-1) - 0.5 * math.log(2 * math.pi)


# %% wrong over_everything, from right normal: sum() without an axis: right in value only for one sample of one datum.
# diagnosis: over_everything
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum()


# %% wrong paired, from right formula: x is unsqueezed in the wrong place, so that sample k meets datum k. Where K = B = D no shape gives it away.
# diagnosis: paired_with_samples
#  def log_likelihood(x, z, log_scale):
#+     if z.dim() == 3 and x.dim() == 2 and x.shape[0] == z.shape[0]:
#+         x = x.unsqueeze(1)


# %% wrong sum_over_batch, from right normal: The batch is summed, as the loss of a whole data set would be, and the event is kept.
# diagnosis: sum_over_batch
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum(1)


# %% wrong sum_over_samples, from right normal: The first axis is summed. In code without samples it is the batch; here it holds the K samples.
# diagnosis: sum_over_samples
#-     return Normal(z, log_scale.exp()).log_prob(x).sum(-1)
#+     return Normal(z, log_scale.exp()).log_prob(x).sum(0)


# %% wrong variance, from right formula: exp(log_scale) is taken for the variance, as other libraries parametrize it. Right only for scales of one.
# diagnosis: variance_as_scale
#  import math
#+
#+ import torch
#@@
#-     eps = (x - z) / log_scale.exp()
#-     return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
#+     variance = log_scale.exp()
#+     return (-0.5 * (x - z) ** 2 / variance - 0.5 * torch.log(2 * math.pi * variance)).sum(-1)
