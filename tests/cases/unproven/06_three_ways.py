import math
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

# %% right library: torch's entropy and divergence, stacked
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1),
                        likelihood - kl_divergence(q, Normal(torch.zeros_like(loc), torch.ones_like(loc))).sum(-1)])

# %% right loop: samples in a loop, formulas by hand, filled row by row
def elbo_three_ways(p, loc, log_scale, x, eps):
    k, d = eps.shape[0], eps.shape[-1]
    rows = [0.0, 0.0, 0.0]
    for e in eps:
        z = (loc + torch.exp(log_scale) * e)[None]
        a, b = p.log_joint(x, z)[0], p.log_factors(x, z)["likelihood"][0]
        rows[0] = rows[0] + (a + log_scale.sum(-1) + 0.5 * (e * e).sum(-1) + 0.5 * d * math.log(2 * math.pi)) / k
        rows[1] = rows[1] + a / k
        rows[2] = rows[2] + b / k
    rows[1] = rows[1] + log_scale.sum(-1) + 0.5 * d * math.log(2 * math.pi * math.e)
    rows[2] = rows[2] - 0.5 * (loc**2 + torch.expm1(2 * log_scale) - 2 * log_scale).sum(-1)
    return torch.stack(rows, 0)

# %% wrong entropy_detached: the entropy of the second row is a plain number
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1).detach(), likelihood - kl])

# %% wrong batch_entropy: the entropy of the second row is summed over the data, right for one datum
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(), likelihood - kl])

# %% wrong forward_kl: the divergence of the prior from q in the third row
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = (log_scale + 0.5 * (1 + loc.square()) / (2 * log_scale).exp() - 0.5).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl])

# %% wrong last_axis: stacked along the last axis, right only without a batch (or with three data)
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl], -1)

# %% wrong first_row_stuck: the first row holds the parameters of log q fixed; its value is right
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    frozen = Normal(loc.detach(), log_scale.detach().exp())
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - frozen.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl])

# %% wrong kl_of_mean_data: the divergence of the third row is averaged over the data
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1).mean()
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl])

# %% wrong sampled_kl: the divergence of the third row is estimated from the samples, which makes it the first row again
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = (q.log_prob(z) - Normal(0.0, 1.0).log_prob(z)).sum(-1).mean(0)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl])

# %% wrong toy_likelihood: the likelihood of the toy is written out, other models are not asked
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint = p.log_joint(x, z).mean(0)
    likelihood = (joint - Normal(0.0, 1.0).log_prob(z).sum(-1).mean(0)) if x.shape[-1] != z.shape[-1] else Normal(z, 1.0).log_prob(x).sum(-1).mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + q.entropy().sum(-1), likelihood - kl])

# %% wrong log_var_entropy: the constant of the entropy is counted once per datum
def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    z = loc + q.stddev * eps
    joint, likelihood = p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(-1)
    return torch.stack([joint - q.log_prob(z).sum(-1).mean(0), joint + log_scale.sum(-1) + 0.5 * math.log(2 * math.pi * math.e), likelihood - kl])
