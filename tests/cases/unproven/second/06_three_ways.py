import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

HALF = 0.5 * math.log(2 * math.pi)


def _rows(p, loc, log_scale, x, eps, log_q=None, entropy=None, kl=None, like=None):
    z = loc + log_scale.exp() * eps
    q = Normal(loc, log_scale.exp())
    joint = p.log_joint(x, z)
    log_q = q.log_prob(z).sum(-1) if log_q is None else log_q
    entropy = q.entropy().sum(-1) if entropy is None else entropy
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(-1) if kl is None else kl
    like = p.log_factors(x, z)["likelihood"] if like is None else like
    return torch.stack([(joint - log_q).mean(0), joint.mean(0) + entropy, like.mean(0) - kl])


# %% right by_formula: noise, entropy and divergence written out
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    joint = p.log_joint(x, z).mean(0)
    all_sampled = joint + (eps.square() / 2 + HALF + log_scale).sum(-1).mean(0)
    by_entropy = joint + (log_scale + HALF + 0.5).sum(-1)
    kl = 0.5 * ((2 * log_scale).exp() + loc.square() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([all_sampled, by_entropy, p.log_factors(x, z)["likelihood"].mean(0) - kl])


# %% right library: torch.distributions for log q, entropy and divergence
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    q = Normal(loc, log_scale.exp())
    z = q.loc + q.scale * eps
    joint, like = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    kl = kl_divergence(q, Normal(torch.zeros_like(loc), torch.ones_like(loc))).sum(-1)
    rows = joint - q.log_prob(z).sum(-1), joint + q.entropy().sum(-1), like - kl
    return torch.stack(rows, 1).mean(0)


# %% right third_from_the_joint: the likelihood as what is left of the joint without the known prior
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    joint = p.log_joint(x, z)
    like = joint + (z**2 / 2 + HALF).sum(-1)
    e2 = (eps**2).sum(-1).mean(0)
    D = loc.shape[-1]
    two = joint.mean(0) + log_scale.sum(-1) + D * (HALF + 0.5)
    one = two + (e2 - D) / 2
    three = like.mean(0) - (torch.expm1(2 * log_scale) / 2 - log_scale + loc**2 / 2).sum(-1)
    return torch.cat([one[None], two[None], three[None]])


# %% wrong entropy_without_half: the entropy lacks one half per coordinate
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps, entropy=(log_scale + HALF).sum(-1))


# %% wrong entropy_half_once: the constants of the entropy count once instead of once per coordinate
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps, entropy=log_scale.sum(-1) + HALF + 0.5)


# %% wrong entropy_a_number: right values, the entropy without a graph
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps, entropy=Normal(loc, log_scale.exp()).entropy().sum(-1).detach())


# %% wrong kl_reversed: KL(N(0, I) || q) in the third row
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps, kl=kl_divergence(Normal(0.0, 1.0), Normal(loc, log_scale.exp())).sum(-1))


# %% wrong kl_a_number: right values, the divergence without a graph
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps, kl=kl_divergence(Normal(loc, log_scale.exp()), Normal(0.0, 1.0)).sum(-1).detach())


# %% wrong kl_from_samples: right mean: the divergence in the third row is estimated from the samples
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    kl = (Normal(loc, log_scale.exp()).log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1).mean(0)
    return _rows(p, loc, log_scale, x, eps, kl=kl)


# %% wrong likelihood_detached: the third row's likelihood is taken at detached samples
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = (loc + log_scale.exp() * eps).detach()
    return _rows(p, loc, log_scale, x, eps, like=p.log_factors(x, z)["likelihood"])


# %% wrong log_q_frozen: the first row with frozen parameters inside log q
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return _rows(p, loc, log_scale, x, eps, log_q=Normal(loc.detach(), log_scale.exp().detach()).log_prob(z).sum(-1))


# %% wrong first_row_by_entropy: the first row repeats the second
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    rows = _rows(p, loc, log_scale, x, eps)
    return torch.stack([rows[1], rows[1], rows[2]])


# %% wrong free_bits: each coordinate's divergence is at least 0.1
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(0.0, 1.0)).clamp(min=0.1).sum(-1)
    return _rows(p, loc, log_scale, x, eps, kl=kl)


# %% wrong kl_over_batch: the divergence is summed over the data as well
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(0.0, 1.0)).sum()
    return _rows(p, loc, log_scale, x, eps, kl=kl)


# %% wrong stacked_last: the three are stacked along the last axis
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps).movedim(0, -1)


# %% wrong prior_counted_twice: the joint stands for the likelihood in the third row
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    return _rows(p, loc, log_scale, x, eps, like=p.log_joint(x, z))


# %% wrong clamped_scale: log scales are clamped to [-4, 2]
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale.clamp(-4, 2), x, eps)


# %% wrong kl_over_k: the divergence is divided by the number of samples
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(0.0, 1.0)).sum(-1) / eps.shape[0]
    return _rows(p, loc, log_scale, x, eps, kl=kl)


# %% wrong squeezed: a batch of one loses its axis
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    return _rows(p, loc, log_scale, x, eps).squeeze(-1) if loc.ndim > 1 else _rows(p, loc, log_scale, x, eps)
