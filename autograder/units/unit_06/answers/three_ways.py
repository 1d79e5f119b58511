# %% right by_hand: Formulas written out.
import math

import torch


def elbo_three_ways(p, loc, log_scale, x, eps):
    scale = log_scale.exp()
    z = loc + scale * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    log_p = p.log_joint(x, z)
    entropy = 0.5 * torch.log(2 * math.pi * math.e * scale**2).sum(-1)
    kl = 0.5 * (scale**2 + loc**2 - 1 - torch.log(scale**2)).sum(-1)
    like = p.log_factors(x, z)["likelihood"]
    return torch.stack([torch.mean(log_p - log_q, 0), torch.mean(log_p, 0) + entropy, torch.mean(like, 0) - kl])


# %% right course_distribution: The course's DiagonalNormal, and the likelihood as joint minus prior.
import torch
from torch.distributions import kl_divergence

from course_vi.distributions import DiagonalNormal


def elbo_three_ways(p, loc, log_scale, x, eps):
    q = DiagonalNormal(loc, log_scale)
    prior = DiagonalNormal(torch.zeros_like(loc), torch.zeros_like(loc))
    z = q.transport(eps)
    log_p = p.log_joint(x, z)
    rows = [log_p - q.log_prob(z), log_p + q.entropy(), log_p - prior.log_prob(z) - kl_divergence(q, prior)]
    return torch.stack([row.mean(0) for row in rows])


# %% right torch_distributions: Torch.distributions knows both formulas.
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
    z = loc + q.stddev * eps
    log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    sampled = log_p - q.log_prob(z).sum(-1)
    return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])


# %% wrong entropy_constant, from right torch_distributions: The entropy of a normal is log s + (1 + log 2 pi) / 2 for each coordinate: the 1/2 is missing.
# diagnosis: entropy_constant
import math

import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
    z = loc + q.stddev * eps
    log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy = (log_scale + 0.5 * math.log(2 * math.pi)).sum(-1)
    return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + entropy, like.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong entropy_number, from right torch_distributions: A part has no gradient: was the sample detached, or the formula computed from constants?
# diagnosis: row_detached
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#+     entropy = q.entropy().sum(-1).detach()
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + entropy, like.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong entropy_sign, from right torch_distributions: The entropy was subtracted. The ELBO is E log p plus the entropy.
# diagnosis: entropy_sign
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) - q.entropy().sum(-1),
#+                         like.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong kl_reversed, from right torch_distributions: This is KL(p || q), the other way round.
# diagnosis: kl_reversed
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
#+                         like.mean(0) - kl_divergence(prior, q).sum(-1)])


# %% wrong kl_sign, from right torch_distributions: The KL was added. It is the price of moving away from the prior: subtract it.
# diagnosis: kl_sign
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
#+                         like.mean(0) + kl_divergence(q, prior).sum(-1)])


# %% wrong kl_variance, from right torch_distributions: In the KL, exp(log_scale) was used as the variance.
# diagnosis: variance_as_scale
import torch
from torch.distributions import Normal


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), 0.5 * (loc**2 + log_scale.exp() - 1 - log_scale).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows)


# %% wrong last_axis, from right torch_distributions: The three estimates stand one after the other, or along the last axis.
# diagnosis: not_stacked
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows, -1)


# %% wrong mean_over_coordinates, from right torch_distributions: Entropy and KL of a vector are sums over its coordinates, not means.
# diagnosis: mean_over_coordinates
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().mean(-1), kl_divergence(q, Normal(0.0, 1.0)).mean(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows)


# %% wrong prior_twice, from right torch_distributions: The prior is counted twice: log p(x, z) holds it already, and the KL holds it again.
# diagnosis: prior_twice
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p = p.log_joint(x, z)
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
#+                         log_p.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong row, from right torch_distributions: Three estimates in one long row. Stack them along a new first axis: torch.stack([...]).
# diagnosis: not_stacked
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.cat(rows)


# %% wrong rows_swapped, from right torch_distributions: Rows 2 and 3 are exchanged: all sampled, then the entropy, then the KL by formula.
# diagnosis: rows_swapped
#-     q = Normal(loc, log_scale.exp())
#-     prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
#+     q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
#@@
#-     log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#-     sampled = log_p - q.log_prob(z).sum(-1)
#-     return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
#+     log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
#+     return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), like.mean(0) - kl_divergence(q, prior).sum(-1),
#+                         log_p.mean(0) + q.entropy().sum(-1)])


# %% wrong sample_detached, from right torch_distributions: The sample was detached, or drawn without a graph.
# diagnosis: sample_detached
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
    z = (loc + q.stddev * eps).detach()
    log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
                        like.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong tuple, from right torch_distributions: The rows are asked in one tensor, stacked along a new first axis: torch.stack([...]).
# diagnosis: not_stacked
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return tuple(rows)
