import math
import torch
from torch import Tensor

# %% right sample_loop: one sample at a time, with a multivariate normal
def pathwise_elbo(p, loc, log_scale, x, eps):
    total = 0.0
    for e in eps:
        z = loc + log_scale.exp() * e
        q = torch.distributions.MultivariateNormal(loc, scale_tril=torch.diag_embed(log_scale.exp()))
        total = total + p.log_joint(x, z.unsqueeze(0))[0] - q.log_prob(z)
    return total / eps.shape[0]

# %% right entropy_by_noise: minus log q written in the noise, so only log_scale carries a gradient there
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = torch.addcmul(loc, log_scale.exp().expand_as(eps), eps)
    noise_part = 0.5 * eps.pow(2).sum(-1).mean(0) + 0.5 * eps.shape[-1] * math.log(2 * math.pi)
    return p.log_joint(x, z).mean(0) + noise_part + log_scale.sum(-1)

# %% wrong stuck: the parameters inside log q are held fixed (unit 09's estimator)
# not told: the gradient is biased
def _log_q(z, loc, log_scale):
    return (-0.5 * ((z - loc) / log_scale.exp()).square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - _log_q(z, loc.detach(), log_scale.detach())).mean(0)

# %% wrong half_stuck: only the mean is held fixed inside log q
# not told: the gradient is biased
def _log_q(z, loc, log_scale):
    return (-0.5 * ((z - loc) / log_scale.exp()).square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - _log_q(z, loc.detach(), log_scale)).mean(0)

# %% wrong scale_fixed_in_z: the sample holds the scale as a plain number, so log_scale learns from the density only
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.detach().exp() * eps
    u = (z - loc) / log_scale.exp()
    return (p.log_joint(x, z) + (0.5 * u.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(-1)).mean(0)

# %% wrong entropy_formula: the entropy in closed form, so value and noise differ (an estimator of exercise 3)
# not told: the gradient is biased
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) + (log_scale + 0.5 + 0.5 * math.log(2 * math.pi)).sum(-1)

# %% wrong log_mean_exp: averages the weights inside the logarithm, the same for K = 1 only
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return torch.logsumexp(p.log_joint(x, z) - log_q, 0) - math.log(eps.shape[0])

# %% wrong clipped: the gradient that comes back through z is clipped to [-1, 1]
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    if z.requires_grad:
        z.register_hook(lambda g: g.clamp(-1, 1))
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong antithetic: every noise is used with both signs, another estimate than the one asked for
# not told: the gradient is biased
def pathwise_elbo(p, loc, log_scale, x, eps):
    eps = torch.cat([eps, -eps])
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong batch_entropy: the log determinant is summed over the whole batch, right for one datum
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi)).sum(-1) - log_scale.sum()
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong score_in_density: log q is taken at a detached sample, so the entropy pushes by the score, whose mean is zero
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    u = (z.detach() - loc) / log_scale.exp()
    return (p.log_joint(x, z) + (0.5 * u.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(-1)).mean(0)

# %% wrong mixed_gradient: the value is per datum, the gradient that of the batch mean for each of them
def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    bound = (p.log_joint(x, z) - log_q).mean(0)
    return bound.detach() + bound.mean() - bound.mean().detach()
