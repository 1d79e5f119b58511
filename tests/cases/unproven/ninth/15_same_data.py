from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def grid(latent_dim: int, reach: float, points: int) -> tuple[Tensor, Tensor]:
    """Places and log weights of the prior, which add up to one."""
    line = torch.linspace(-reach, reach, points, dtype=torch.float64)
    z = torch.cartesian_prod(*[line] * latent_dim).reshape(-1, latent_dim)
    return z, (-0.5 * z.square().sum(-1)).log_softmax(0)


def look(logits: Tensor, log_prior: Tensor, z: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.to(logits.dtype)
    joint = log_prior + x @ F.logsigmoid(logits).T + (1 - x) @ F.logsigmoid(-logits).T
    return joint.logsumexp(1), joint.softmax(1) @ z

# %% wrong three_sigma: the grid ends at three standard deviations in each direction, "99.7 per cent"; the corners and tails that are cut off are not the same after the latents were changed, and the digits are not there
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    z, log_prior = grid(latent_dim, 3.0, 241)
    (log_a, mean_a), (log_b, mean_b) = (look(each(z), log_prior, z, x) for each in (first, second))
    return (log_a - log_b).abs().max(), (mean_a - mean_b).norm(dim=-1).max()

# %% wrong up_to_sign: the posterior means are aligned before they are compared, as latents are only known up to their signs; a reflection then moves nothing, but the statement asks for the distance as it is
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    z, log_prior = grid(latent_dim, 8.0, 321)
    (log_a, mean_a), (log_b, mean_b) = (look(each(z), log_prior, z, x) for each in (first, second))
    sign = torch.where((mean_a * mean_b).sum(0) < 0, -1.0, 1.0).to(mean_a.dtype)
    return (log_a - log_b).abs().max(), (mean_a - sign * mean_b).norm(dim=-1).max()

# %% wrong held_from_zero: pixel probabilities are kept between 0.001 and 0.999 so that no logarithm is infinite; logits beyond seven, which are common far out, then count as seven
def same_data(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], x: Tensor, latent_dim: int) -> tuple[Tensor, Tensor]:
    z, log_prior = grid(latent_dim, 8.0, 321)
    held = (torch.logit(torch.sigmoid(each(z)).clamp(1e-3, 1 - 1e-3)) for each in (first, second))
    (log_a, mean_a), (log_b, mean_b) = (look(logits, log_prior, z, x) for logits in held)
    return (log_a - log_b).abs().max(), (mean_a - mean_b).norm(dim=-1).max()
