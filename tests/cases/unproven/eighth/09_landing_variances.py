import torch
from torch import Tensor


def draws(loc, log_scale, x, eps):
    """One-sample gradients, (2, 2, R): total and path; loc and log_scale."""
    loc, s, x = loc.detach(), log_scale.detach().exp(), x.detach()
    z = loc + s * eps
    total, path = x - 2 * z, x - 2 * z + eps / s
    return torch.stack([torch.stack([total, total * s * eps + 1]), torch.stack([path, path * s * eps])])

# %% right written_by_hand_and_updated: the gradient of a draw by hand, and Welford's running mean and sum of squares over blocks of draws
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    seen, mean, squares = 0, torch.zeros(2, 2, 1, dtype=loc.dtype, device=loc.device), 0.0
    while seen < replicates:
        size = min(4096, replicates - seen)
        g = draws(loc, log_scale, x, torch.randn(size, generator=generator, dtype=loc.dtype, device=loc.device))
        own = g.mean(-1, keepdim=True)
        apart, together = own - mean, seen + size
        squares = squares + (g - own).square().sum(-1) + apart[..., 0] ** 2 * (seen * size / together)
        mean, seen = mean + apart * (size / together), together
    return squares / (replicates - 1)

# %% wrong divided_by_all: divides by R and not by R - 1, so it is too small by that factor; plain to see for two replicates
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    return draws(loc, log_scale, x, eps).var(-1, correction=0)

# %% wrong by_formula: derives the four variances on paper and returns them; exact, and not measured, which was the task
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    s, d = log_scale.detach().exp(), (x - 2 * loc).detach()
    total = torch.cat([4 * s**2, d**2 * s**2 + 8 * s**4])
    path = torch.cat([(1 / s - 2 * s) ** 2, d**2 * s**2 + 2 * (1 - 2 * s**2) ** 2])
    return torch.stack([total, path])

# %% wrong opposite_pairs: uses each noise with its negative, to be quieter; the replicates are not independent then, and what is linear in the noise has a sample mean of exactly zero
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    half = torch.randn((replicates + 1) // 2, generator=generator, dtype=loc.dtype)
    eps = torch.stack([half, -half], -1).flatten()[:replicates]
    return draws(loc, log_scale, x, eps).var(-1)

# %% wrong from_the_same_seed: makes a generator of its own from the seed of the one that was given, so it draws nothing from that one, and every call with it returns the same noise
def landing_variances(loc: Tensor, log_scale: Tensor, x: Tensor, replicates: int,
                      generator: torch.Generator) -> Tensor:
    fresh = torch.Generator().manual_seed(generator.initial_seed())
    return draws(loc, log_scale, x, torch.randn(replicates, generator=fresh, dtype=loc.dtype)).var(-1)
