# %% right entropy_and_cross_entropy: Minus the entropy, plus the cross-entropy.
import math


def kl_to_prior(loc, log_scale):
    entropy = log_scale + 0.5 * math.log(2 * math.pi * math.e)
    second_moment = loc * loc + log_scale.exp() ** 2
    cross_entropy = 0.5 * math.log(2 * math.pi) + 0.5 * second_moment
    return cross_entropy - entropy


# %% right expm1: With expm1, which keeps the digits near the prior.
import torch


def kl_to_prior(loc, log_scale):
    log_variance = 2 * log_scale
    return (loc.square() + torch.expm1(log_variance) - log_variance) / 2


# %% right formula: The formula.
def kl_to_prior(loc, log_scale):
    return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale


# %% right torch_distributions: Torch.distributions, coordinate by coordinate.
import torch
from torch.distributions import Normal, kl_divergence


def kl_to_prior(loc, log_scale):
    # the library takes the logarithm of a scale that it is given; so the log scale itself is put back where s underflows
    s = log_scale.exp()
    safe = s.clamp_min(1e-100)
    kl = kl_divergence(Normal(loc, safe), Normal(torch.zeros_like(loc), torch.ones_like(loc)))
    return kl + safe.log() - log_scale


# %% wrong bits, from right expm1: Divided by log 2. Codes are counted in bits elsewhere; here every logarithm is natural, and an ELBO of nats minus bits is neither.
# diagnosis: in_bits
import math


def kl_to_prior(loc, log_scale):
    return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale) / math.log(2)


# %% wrong half_lost, from right formula: The minus one half is dropped: it comes from E_q of the squared distance to q's own mean, which looks like a constant to ignore.
# diagnosis: half_lost
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + (2 * log_scale).exp()) - log_scale


# %% wrong log_of_exp, from right formula: Takes s squared and then its logarithm, as the textbook formula is written; where s squared underflows that is minus infinity.
# diagnosis: log_of_exp
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - (2 * log_scale).exp().log())


# %% wrong log_of_log, from right formula: The formula in s, with log_scale put where s stands: its logarithm is NaN for every q narrower than the prior.
# diagnosis: log_of_log_scale
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + log_scale**2 - 1) - log_scale.log()


# %% wrong log_variance, from right formula: The formula of most published code, whose encoder writes log variances; here it writes the log of a standard deviation.
# diagnosis: log_variance
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return -0.5 * (1 + log_scale - loc**2 - log_scale.exp())


# %% wrong mean_forgotten, from right formula: Only the scale is compared with the prior's: E_q of z squared is taken for s squared, as if every q sat at zero.
# diagnosis: mean_forgotten
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * ((2 * log_scale).exp() - 1) - log_scale


# %% wrong no_half, from right formula: The one half in front is lost when everything is multiplied by two to be rid of fractions.
# diagnosis: factor_two
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale


# %% wrong reversed, from right formula: The two arguments are exchanged: KL(p || q), whose expectation is under the prior, and which is huge for a narrow q.
# diagnosis: reversed
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return log_scale + 0.5 * (1 + loc**2) / (2 * log_scale).exp() - 0.5


# %% wrong scale_not_squared, from right formula: E_q of z squared with s in place of s squared: exp(log_scale) is taken for the variance.
# diagnosis: scale_for_variance
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + log_scale.exp() - 1) - log_scale


# %% wrong sign, from right formula: Minus the divergence, as it stands in the objective of the paper: E_q[log p - log q], which is never positive.
# diagnosis: sign
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (1 + 2 * log_scale - loc**2 - (2 * log_scale).exp())


# %% wrong summed, from right formula: Summed over the latents, as an objective needs it: which of the latents is collapsed can no longer be told.
# diagnosis: summed
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)


# %% wrong squares_in_place, from right formula: Squares the caller's means in place to save a copy: the encoder's output is no longer what it wrote.
# diagnosis: argument_changed
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc.square_() + (2 * log_scale).exp() - 1) - log_scale


# %% wrong clamped, from right formula: Keeps log scales between -5 and 5, as training code does against overflow: a very narrow q then costs too little.
# diagnosis: value
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     log_scale = log_scale.clamp(-5.0, 5.0)
#+     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
