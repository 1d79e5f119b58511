import math

import torch
from torch import Tensor

# %% right an_affine_transform: a base law and a torch AffineTransform, whose log-determinant does the second half of the formula
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    from torch.distributions import Independent, Normal
    from torch.distributions.transforms import AffineTransform

    stretch = AffineTransform(loc, log_scale.exp(), event_dim=1)
    z = stretch(eps)
    base = Independent(Normal(torch.zeros_like(eps), torch.ones_like(eps)), 1)
    log_det = log_scale.sum(-1)                     # what log_abs_det_jacobian says, without an exp and a log
    return z, base.log_prob(eps) - log_det + 0.0 * z.sum(-1)

# %% wrong one_constant: counts half of log two pi once for the whole event and not once for each coordinate; right for one coordinate
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * ((z - loc) / log_scale.exp()) ** 2 - log_scale).sum(-1) - 0.5 * math.log(2 * math.pi)

# %% wrong a_floor_under_the_scale: adds 1e-6 to every standard deviation "for stability", which is another map, and a very different one where the scale is tiny
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    scale = log_scale.exp() + 1e-6
    z = loc + scale * eps
    return z, torch.distributions.Normal(loc, scale).log_prob(z).sum(-1)

# %% wrong scales_of_the_batch: sums the log scales over all of their axes, and not over the last one only; right where the parameters have no batch
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp() * eps
    standard = torch.distributions.Normal(0.0, 1.0).log_prob((z - loc) / log_scale.exp()).sum(-1)
    return z, standard - log_scale.sum()

# %% wrong half_frozen: standardizes z with plain numbers and keeps the determinant alive, so the value is right and the gradient is neither the total nor the path alone
def location_scale(loc: Tensor, log_scale: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    z = loc + log_scale.exp() * eps
    standard = (z - loc.detach()) / log_scale.detach().exp()
    return z, (-0.5 * standard**2 - 0.5 * math.log(2 * math.pi) - log_scale).sum(-1)
