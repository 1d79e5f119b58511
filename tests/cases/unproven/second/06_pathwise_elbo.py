import math

import torch
from torch import Tensor
from torch.distributions import Normal

HALF = 0.5 * math.log(2 * math.pi)


# %% right from_noise: log q from the noise, which is the same function of the parameters
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = -(eps.square() / 2 + HALF).sum(-1) - log_scale.sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% right at_the_sample: torch's normal at the attached sample
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    q = Normal(loc, log_scale.exp())
    z = q.loc + q.scale * eps
    return torch.mean(p.log_joint(x, z) - q.log_prob(z).sum(-1), dim=0)


# %% right one_sample_at_a_time: a running sum over k
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    total, K = None, eps.shape[0]
    for k in range(K):
        z = (loc + log_scale.exp() * eps[k]).unsqueeze(0)
        term = p.log_joint(x, z).squeeze(0) + (log_scale + HALF + eps[k] ** 2 / 2).sum(-1)
        total = term / K if total is None else total + term / K
    return total


# %% wrong sticking: the parameters inside log q are frozen
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc.detach(), log_scale.exp().detach()).log_prob(z).sum(-1)).mean(0)


# %% wrong naive: the sample is detached
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = (loc + log_scale.exp() * eps).detach()
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong detached_in_q: log q at the detached sample, the joint at the attached one
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)).mean(0)


# %% wrong log_q_a_number: log q without a graph
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    with torch.no_grad():
        log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong scale_frozen_in_log_q: only the scale inside log q is frozen
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp().detach()).log_prob(z).sum(-1)).mean(0)


# %% wrong loss: minus the bound
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (Normal(loc, log_scale.exp()).log_prob(z).sum(-1) - p.log_joint(x, z)).mean(0)


# %% wrong entropy_by_formula: the entropy in closed form, the same mean and another number
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) + (log_scale + HALF + 0.5).sum(-1)


# %% wrong log_mean_exp: the importance-weighted bound, the same for K = 1
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(eps.shape[0])


# %% wrong entropy_over_batch: the log determinant of all data goes to each datum
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = -(eps.square() / 2 + HALF).sum(-1) - log_scale.sum()
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong gradient_of_the_batch_mean: right values; every datum carries the gradient of the batch mean
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    each = (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)
    return each.detach() + (each.mean() - each.mean().detach())


# %% wrong clamped_scale: log scales are clamped to [-4, 2]
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    s = log_scale.clamp(-4, 2)
    z = loc + s.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, s.exp()).log_prob(z).sum(-1)).mean(0)


# %% wrong clipped_weights: log weights are clipped at -100 from below, value and gradient
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return log_w.clamp(min=-100).mean(0)


# %% wrong squeezed: a batch of one loses its axis
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0).squeeze()


# %% wrong own_noise: draws noise from torch's global stream
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    q = Normal(loc, log_scale.exp())
    z = q.rsample((eps.shape[0],))
    return (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)


# %% wrong antithetic: adds the mirrored noise
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * torch.cat([eps, -eps])
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)
