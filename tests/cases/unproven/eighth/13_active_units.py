import statistics

import torch
from torch import Tensor, nn

# %% right exact_statistics: the standard library's exact variance of each column, and the divergence by torch.distributions
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        loc, log_scale = encoder(x).chunk(2, -1)
        each = 0.5 * (loc.square() + torch.expm1(2 * log_scale)) - log_scale
        activity = loc.new_tensor([statistics.variance(column) for column in loc.T.tolist()])
    return activity, each.mean(0)


# %% wrong second_moment: the prior has mean zero, so the student leaves the centring out; right for latents whose means average to zero
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return loc.square().sum(0) / (len(x) - 1), kl.mean(0)


# %% wrong divergence_of_the_average: the KL of a Gaussian with the averaged numbers, in place of the averaged KL; right for one row, too small for more
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    mean, width = loc.mean(0), log_scale.mean(0)
    return loc.var(0), 0.5 * (mean.square() + (2 * width).exp() - 1) - width


# %% wrong most_active_first: returns both in falling order of activity, as the figure shows them; place d is no longer latent d
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).mean(0)
    activity = loc.var(0)
    order = activity.argsort(descending=True)
    return activity[order], kl[order]


# %% wrong nothing_from_the_collapsed: sets the divergence of latents below the threshold to zero, as they are collapsed; the formula has no threshold
def unit_activity(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = encoder(x).chunk(2, -1)
    kl = (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).mean(0)
    activity = loc.var(0)
    return activity, torch.where(activity > 0.01, kl, torch.zeros_like(kl))
