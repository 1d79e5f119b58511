import torch
from torch import Tensor


def _gradients(loc, log_scale, x, eps):
    """One-sample gradients by hand: path (R, 2) and score term (R, 2)."""
    s = log_scale.exp()
    z = loc + s * eps
    slope = (x - 2 * z) + eps / s                                   # of log p minus log q, in z
    path = torch.stack([slope, slope * s * eps], -1)
    score = torch.stack([-eps / s, 1 - eps.square()], -1)
    return path, score


# %% wrong antithetic_noise: draws half of the noise and uses it with both signs to be more precise, so the replicates are not independent and the sample variance is too large, twice so for R = 2
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int, generator: torch.Generator) -> Tensor:
    half = torch.randn((replicates + 1) // 2, generator=generator, dtype=torch.float64)
    eps = torch.cat([half, -half])[:replicates]
    path, score = _gradients(loc.detach(), log_scale.detach(), x, eps)
    return torch.stack([(path + score).var(0), path.var(0)])


# %% wrong generator_started_again: makes a generator from the seed of the one it got, so every call repeats the same noise and the caller's generator is not used
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int, generator: torch.Generator) -> Tensor:
    own = torch.Generator().manual_seed(generator.initial_seed())
    eps = torch.randn(replicates, generator=own, dtype=torch.float64)
    path, score = _gradients(loc.detach(), log_scale.detach(), x, eps)
    return torch.stack([(path + score).var(0), path.var(0)])


# %% wrong variances_added_up: the total derivative is path plus score term, so its variance is taken as the sum of theirs, without the covariance; right at the posterior, where the path has none
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int, generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=torch.float64)
    path, score = _gradients(loc.detach(), log_scale.detach(), x, eps)
    return torch.stack([path.var(0) + score.var(0), path.var(0)])
