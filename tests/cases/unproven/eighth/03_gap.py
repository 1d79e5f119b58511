import math

import torch
from torch import Tensor

# %% right two_sigma_points: every log density is quadratic, so its mean under q is exactly the mean over the two points m - s and m + s; entropy and KL by torch.distributions
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    from torch.distributions import Independent, Normal, kl_divergence

    scale = log_scale.exp()
    q = Normal(loc, scale)
    points = torch.stack((loc - scale, loc + scale))
    prior, likelihood = Normal(torch.zeros_like(loc), torch.ones_like(loc)), Normal(points, torch.ones_like(points))
    energy = (prior.log_prob(points) + likelihood.log_prob(x)).mean(0)
    posterior = Normal(x / 2, torch.full_like(x, math.sqrt(0.5)))
    return (energy + q.entropy()).sum(-1), kl_divergence(Independent(q, 1), Independent(posterior, 1))

# %% wrong other_direction: the gap is KL(posterior || q), and the ELBO is log p(x) minus that; the two add up to the evidence, and vanish where they should
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    log_p = (-x.square() / 4 - 0.5 * math.log(4 * math.pi)).sum(-1)
    precision = (-2 * log_scale).exp()
    gap = (log_scale + 0.5 * math.log(2) + 0.5 * precision * (0.5 + (loc - x / 2).square()) - 0.5).sum(-1)
    return log_p - gap, gap

# %% wrong one_scale_for_all_axes: the quadratic terms take the geometric mean of the scales, as if q were N(m, s^2 I); right for D = 1 and for equal scales, and the entropy never shows it
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = loc.shape[-1]
    s2 = (2 * log_scale.mean(-1)).exp()
    log_volume = log_scale.sum(-1)
    energy = -0.5 * (loc.square() + (x - loc).square()).sum(-1) - D * s2 - D * math.log(2 * math.pi)
    elbo = energy + 0.5 * D * (1 + math.log(2 * math.pi)) + log_volume
    gap = D * s2 + (loc - x / 2).square().sum(-1) - 0.5 * D * (1 + math.log(2)) - log_volume
    return elbo, gap

# %% wrong prior_at_the_mean: the likelihood is averaged over q, the prior is evaluated at its mean, so half of s^2 is forgotten in the ELBO; the gap is right
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    s2 = (2 * log_scale).exp()
    log_prior = -0.5 * loc.square() - 0.5 * math.log(2 * math.pi)
    reconstruction = -0.5 * ((x - loc).square() + s2) - 0.5 * math.log(2 * math.pi)
    entropy = 0.5 + 0.5 * math.log(2 * math.pi) + log_scale
    gap = s2 + (loc - x / 2).square() - 0.5 - 0.5 * math.log(2) - log_scale
    return (log_prior + reconstruction + entropy).sum(-1), gap.sum(-1)

# %% wrong antithetic_samples: 5,000 seeded pairs m + s e and m - s e, which get every term that is linear exactly right, and the squares only to two digits
def elbo_and_gap(loc: Tensor, log_scale: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    generator = torch.Generator(device=loc.device).manual_seed(0)
    e = torch.randn(5000, *loc.shape, generator=generator, dtype=loc.dtype, device=loc.device)
    e = torch.cat((e, -e))
    z = loc + log_scale.exp() * e
    log_q = -0.5 * e.square() - log_scale - 0.5 * math.log(2 * math.pi)
    log_joint = -0.5 * z.square() - 0.5 * (x - z).square() - math.log(2 * math.pi)
    log_posterior = -(z - x / 2).square() - 0.5 * math.log(math.pi)
    return (log_joint - log_q).mean(0).sum(-1), (log_q - log_posterior).mean(0).sum(-1)
