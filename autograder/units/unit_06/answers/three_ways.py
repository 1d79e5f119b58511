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


# %% right joint_minus_prior: A MultivariateNormal, and the likelihood as joint minus prior.
import torch
from torch.distributions import MultivariateNormal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q = MultivariateNormal(loc, scale_tril=torch.diag_embed(log_scale.exp()))
    prior = MultivariateNormal(torch.zeros_like(loc), torch.eye(loc.shape[-1]).to(loc))
    z = loc + log_scale.exp() * eps
    log_p = p.log_joint(x, z)
    rows = [log_p - q.log_prob(z), log_p + q.entropy(), log_p - prior.log_prob(z) - kl_divergence(q, prior)]
    return torch.stack([row.mean(0) for row in rows])


# %% right loop_over_data: Datum by datum; the KL as cross entropy minus entropy.
import math

import torch


def elbo_three_ways(p, loc, log_scale, x, eps):
    if loc.dim() > 1:
        rows = zip(loc, log_scale, x, eps.unbind(1))
        return torch.stack([elbo_three_ways(p, *row) for row in rows], 1)
    z, half = loc + log_scale.exp() * eps, 0.5 * math.log(2 * math.pi)
    log_p, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    log_q = (-0.5 * eps**2 - half - log_scale).sum(-1).mean(0)
    entropy = (log_scale + half + 0.5).sum()
    cross = (0.5 * (loc**2 + (2 * log_scale).exp()) + half).sum()
    return torch.stack([log_p - log_q, log_p + entropy, likelihood - (cross - entropy)])


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


# %% wrong entropy_constant, from right torch_distributions: The entropy lacks one half for each coordinate: the mean of eps^2 / 2 was forgotten with the square.
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


# %% wrong entropy_number, from right torch_distributions: The entropy is detached as if it were a constant: right value, but log_scale loses its gradient of one.
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


# %% wrong entropy_sign, from right torch_distributions: The entropy is subtracted: E log q was put down for it, whose sign is the other one.
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


# %% wrong kl_reversed, from right torch_distributions: kl_divergence(prior, q): the arguments are exchanged, and 1/s^2 enters where s^2 belongs.
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


# %% wrong kl_sign, from right torch_distributions: The KL is added as if it were a reward: q is driven away from the prior.
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


# %% wrong kl_variance, from right torch_distributions: log_scale is read as a log variance in the KL alone: written from memory, from another parametrization.
# diagnosis: variance_as_scale
import torch
from torch.distributions import Normal


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), 0.5 * (loc**2 + log_scale.exp() - 1 - log_scale).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows)


# %% wrong last_axis, from right torch_distributions: torch.stack(rows, -1): the three estimates lie along the last axis, (B, 3) for (3, B).
# diagnosis: not_stacked
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows, -1)


# %% wrong mean_over_coordinates, from right torch_distributions: Entropy and KL are averaged over the coordinates: with D = 1 nobody would notice.
# diagnosis: mean_over_coordinates
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().mean(-1), kl_divergence(q, Normal(0.0, 1.0)).mean(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.stack(rows)


# %% wrong prior_twice, from right torch_distributions: log p(x, z) minus the KL: the prior is in both, since the joint was at hand.
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


# %% wrong row, from right torch_distributions: torch.cat joins the three rows end to end, where torch.stack gives them an axis of their own.
# diagnosis: not_stacked
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return torch.cat(rows)


# %% wrong rows_swapped, from right torch_distributions: Rows two and three stand in each other's place: KL by formula first, then the entropy.
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


# %% wrong sample_detached, from right torch_distributions: z is detached: the sampled parts lose their path, and only the formulas still teach.
# diagnosis: sample_detached
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q, prior = Normal(loc, log_scale.exp()), Normal(torch.zeros_like(loc), 1.0)
    z = (loc + q.stddev * eps).detach()
    log_p, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    return torch.stack([(log_p - q.log_prob(z).sum(-1)).mean(0), log_p.mean(0) + q.entropy().sum(-1),
                        like.mean(0) - kl_divergence(q, prior).sum(-1)])


# %% wrong tuple, from right torch_distributions: A tuple of three tensors, where one tensor with a first axis of three is asked.
# diagnosis: not_stacked
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    z, q = loc + log_scale.exp() * eps, Normal(loc, log_scale.exp())
    log_joint, log_likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    entropy, kl = q.entropy().sum(-1), kl_divergence(q, Normal(0.0, 1.0)).sum(-1)
    rows = [(log_joint - q.log_prob(z).sum(-1)).mean(0), log_joint.mean(0) + entropy, log_likelihood.mean(0) - kl]
    return tuple(rows)


# %% wrong free_bits, from right by_hand: Each coordinate's KL counts a tenth of a nat at least: free bits, a remedy for training, is another bound.
# diagnosis: value
#-     kl = 0.5 * (scale**2 + loc**2 - 1 - torch.log(scale**2)).sum(-1)
#+     kl = (0.5 * (scale**2 + loc**2 - 1 - torch.log(scale**2))).clamp(min=0.1).sum(-1)


# %% wrong batch_mean, from right by_hand: The surrogate is averaged over the batch: right values, and the mean gradient in every row.
# diagnosis: value
#-     return torch.stack([torch.mean(log_p - log_q, 0), torch.mean(log_p, 0) + entropy, torch.mean(like, 0) - kl])
#+     value = torch.stack([torch.mean(log_p - log_q, 0), torch.mean(log_p, 0) + entropy, torch.mean(like, 0) - kl])
#+     moving = value.flatten(1).mean(-1) if value.dim() > 1 else value
#+     return value.detach() + (moving - moving.detach()).reshape(3, *[1] * (value.dim() - 1))
