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


# %% wrong bits, from right expm1: This is in bits. In nats, as everywhere in the course, the logarithm is natural.
# diagnosis: in_bits
import math


def kl_to_prior(loc, log_scale):
    return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale) / math.log(2)


# %% wrong half_lost, from right formula: The minus one half is missing: for q = p the KL must be zero.
# diagnosis: half_lost
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + (2 * log_scale).exp()) - log_scale


# %% wrong log_of_exp, from right formula: exp(2 log_scale) is zero in floating point here, and its logarithm minus infinity.
# diagnosis: log_of_exp
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1 - (2 * log_scale).exp().log())


# %% wrong log_of_log, from right formula: You took the logarithm of log_scale. It is a logarithm already: s is its exponential.
# diagnosis: log_scale_as_scale
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + log_scale**2 - 1) - log_scale.log()


# %% wrong log_variance, from right formula: You used log_scale as the logarithm of the *variance*.
# diagnosis: log_variance
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return -0.5 * (1 + log_scale - loc**2 - log_scale.exp())


# %% wrong mean_forgotten, from right formula: The squared mean is missing: a q that sits far from zero is far from the prior.
# diagnosis: mean_forgotten
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * ((2 * log_scale).exp() - 1) - log_scale


# %% wrong no_half, from right formula: You are off by a factor of two: the one half in front is missing.
# diagnosis: factor_two
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return loc**2 + (2 * log_scale).exp() - 1 - 2 * log_scale


# %% wrong reversed, from right formula: This is KL(p || q). The expectation is under q, the first argument.
# diagnosis: reversed
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return log_scale + 0.5 * (1 + loc**2) / (2 * log_scale).exp() - 0.5


# %% wrong scale_not_squared, from right formula: Somewhere s stands where its square belongs.
# diagnosis: scale_for_variance
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (loc**2 + log_scale.exp() - 1) - log_scale


# %% wrong sign, from right formula: The sign is turned: a divergence is never negative.
# diagnosis: sign
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return 0.5 * (1 + 2 * log_scale - loc**2 - (2 * log_scale).exp())


# %% wrong summed, from right formula: You summed over the coordinates. Keep them: exercise 5 wants to see each latent by itself.
# diagnosis: summed
#-     return 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
#+     return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
