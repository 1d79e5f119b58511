import math

import torch
from torch import Tensor


def log_normal(z: Tensor, loc: Tensor, log_scale: Tensor) -> Tensor:
    return (-0.5 * ((z - loc) * (-log_scale).exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)

# %% right sample_by_sample: a fold over the samples, each with a sample axis of one, with a running mean
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    import functools

    def add(mean, numbered):
        k, noise = numbered
        z = torch.addcmul(loc, log_scale.exp(), noise).unsqueeze(0)
        log_w = (p.log_joint(x, z) - log_normal(z, loc, log_scale)).squeeze(0)
        return log_w if mean is None else mean + (log_w - mean) / (k + 1)

    return functools.reduce(add, enumerate(eps.unbind(0)), None)

# %% wrong antithetic: uses every noise with its negative, which is quieter and right on average, and not the estimate from the given noise
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * torch.cat([eps, -eps])
    return (p.log_joint(x, z) - log_normal(z, loc, log_scale)).mean(0)

# %% wrong log_of_the_mean: averages the weights and not their logarithms, which is the importance-weighted bound; the same for one sample
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - log_normal(z, loc, log_scale)
    return log_w.logsumexp(0) - math.log(eps.shape[0])

# %% wrong both_gradients: reads "through the sample and through the density" as pathwise plus score function, so the gradient is counted twice on average
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_w = p.log_joint(x, z) - log_normal(z, loc, log_scale)
    score = log_w.detach() * log_normal(z.detach(), loc, log_scale)
    return (log_w + score - score.detach()).mean(0)

# %% wrong log_scale_of_the_batch: averages the log-determinant over the data, as if all shared one q; right without a batch, and the sum over data is right too
def pathwise_elbo(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1) - log_scale.sum(-1).mean()
    return (p.log_joint(x, z) - log_q).mean(0)
