import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

LOG_2PI = math.log(2 * math.pi)


# %% right by_hand: moments of q put in, term by term
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    v = (2 * log_scale).exp()
    elbo = 0.5 - LOG_2PI / 2 + log_scale - (loc**2 + (x - loc) ** 2) / 2 - v
    gap = v + (loc - x / 2) ** 2 - 0.5 - log_scale - 0.5 * math.log(2)
    return elbo.sum(-1), gap.sum(-1)


# %% right gauss_hermite: a rule with three points, exact for the quadratic; the gap by the library
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = q.entropy()
    for e, w in ((0.0, 2 / 3), (math.sqrt(3), 1 / 6), (-math.sqrt(3), 1 / 6)):
        z = loc + log_scale.exp() * e
        elbo = elbo + w * (Normal(0.0, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(x))
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, torch.full_like(x, 0.5**0.5))).sum(-1)


# %% right likelihood_minus_kl: expected likelihood minus the KL to the prior
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    like = Normal(loc, 1.0).log_prob(x) - q.variance / 2
    gap = kl_divergence(q, Normal(x / 2, math.sqrt(0.5)))
    return (like - kl_divergence(q, Normal(0.0, 1.0))).sum(-1), gap.sum(-1)


# %% wrong constant_once: half of log 2 pi is counted once instead of once per coordinate
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    v = (2 * log_scale).exp()
    elbo = (0.5 + log_scale - (loc**2 + (x - loc) ** 2) / 2 - v).sum(-1) - LOG_2PI / 2
    return elbo, (v + (loc - x / 2) ** 2 - 0.5 - log_scale - 0.5 * math.log(2)).sum(-1)


# %% wrong half_the_variance: the variance of z counts in the prior and not in the likelihood
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1)


# %% wrong reversed_gap: KL(posterior || q)
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1), kl_divergence(Normal(x / 2, math.sqrt(0.5)), q).sum(-1)


# %% wrong posterior_half: takes the standard deviation of the posterior to be one half
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, 0.5)).sum(-1)


# %% wrong total_over_batch: the gap is summed over data, too, and spread over them by the mean
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    gap = kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1)
    return elbo.sum(-1), gap.mean().expand_as(gap)


# %% wrong fixed_noise: the ELBO as an average over five thousand fixed noise values
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    e = torch.randn((5000, *loc.shape), generator=torch.Generator().manual_seed(1), dtype=loc.dtype)
    z = loc + log_scale.exp() * e
    elbo = (Normal(0.0, 1.0).log_prob(z) + Normal(z, 1.0).log_prob(x)).mean(0) + q.entropy()
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1)


# %% wrong quadratic_gap: the gap to second order around the posterior
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1), ((loc - x / 2) ** 2 + (log_scale + 0.5 * math.log(2)) ** 2).sum(-1)


# %% wrong clamped_scale: log scales below -4 are raised to it
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.clamp(min=-4).exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1)


# %% wrong entropy_without_half: the entropy lacks one half per coordinate
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    v = (2 * log_scale).exp()
    elbo = log_scale - LOG_2PI / 2 - (loc**2 + (x - loc) ** 2) / 2 - v
    return elbo.sum(-1), kl_divergence(Normal(loc, log_scale.exp()), Normal(x / 2, math.sqrt(0.5))).sum(-1)


# %% wrong consistent_pair: both lack the shift of the mean from x / 2, so that their sum is still log p(x)
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    gap = kl_divergence(q, Normal(loc, math.sqrt(0.5))).sum(-1)
    return Normal(0.0, math.sqrt(2.0)).log_prob(x).sum(-1) - gap, gap


# %% wrong reversed_pair: KL(posterior || q) as the gap and log p(x) minus it as the bound: they add up, both are wrong
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    gap = kl_divergence(Normal(x / 2, math.sqrt(0.5)), Normal(loc, log_scale.exp())).sum(-1)
    return Normal(0.0, math.sqrt(2.0)).log_prob(x).sum(-1) - gap, gap


# %% wrong squeezed: a batch of one comes back without its axis
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1).squeeze(), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1).squeeze()


# %% wrong single_precision: computes in float32
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, x = loc.float(), log_scale.float(), x.float()
    q = Normal(loc, log_scale.exp())
    elbo = Normal(loc, 1.0).log_prob(x) - q.variance / 2 - kl_divergence(q, Normal(0.0, 1.0))
    return elbo.sum(-1).double(), kl_divergence(q, Normal(x / 2, math.sqrt(0.5))).sum(-1).double()
