import torch
from torch import Tensor

# %% right coordinate_by_coordinate: a reduce over the unbound coordinates, with expm1 of the log ratio so that the KL of nearly equal Gaussians keeps its digits
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    from functools import reduce

    def add(total, coordinate):
        mean_q, log_s, mean_p, log_r = coordinate
        twice = 2 * (log_s - log_r)
        return total + (torch.expm1(twice) - twice + ((mean_q - mean_p) * (-log_r).exp()) ** 2) / 2

    coordinates = zip(*(each.unbind(-1) for each in torch.broadcast_tensors(loc_q, log_scale_q, loc_p, log_scale_p)))
    return reduce(add, coordinates, torch.zeros_like(loc_q[..., 0]))

# %% wrong clamped_log_scales: log scales are clamped to (-10, 2) as in a VAE's encoder, "for stability"; the statement sets no such bounds
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    log_s, log_r = log_scale_q.clamp(-10, 2), log_scale_p.clamp(-10, 2)
    ratio = (2 * (log_s - log_r)).exp()
    shift = (loc_q - loc_p).square() * (-2 * log_r).exp()
    return 0.5 * (ratio + shift - 1 - 2 * (log_s - log_r)).sum(-1)

# %% wrong padded_variance: a small constant is added to the variance of p before dividing by it, which costs digits always and everything for a narrow p
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    var_q, var_p = (2 * log_scale_q).exp(), (2 * log_scale_p).exp()
    return (log_scale_p - log_scale_q + (var_q + (loc_q - loc_p).square()) / (2 * (var_p + 1e-8)) - 0.5).sum(-1)

# %% wrong shift_in_units_of_q: the ratio of variances is right, but the shift is measured in deviations of q, as the expectation is under q; right for equal scales, and for equal means
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    log_ratio = log_scale_q - log_scale_p
    shift = (loc_q - loc_p) / log_scale_q.exp()
    return (0.5 * torch.expm1(2 * log_ratio) - log_ratio + 0.5 * shift.square()).sum(-1)

# %% wrong five_deviations: the trapezoid rule over five deviations of q to each side, where the closed form is asked; the tails that are cut off cost the digits from the sixth on
def gaussian_kl(loc_q: Tensor, log_scale_q: Tensor, loc_p: Tensor, log_scale_p: Tensor) -> Tensor:
    e = torch.linspace(-5, 5, 2001, dtype=loc_q.dtype, device=loc_q.device).reshape(-1, *[1] * loc_q.dim())
    log_unit = torch.distributions.Normal(0.0, 1.0).log_prob(e)
    z = loc_q + log_scale_q.exp() * e
    log_ratio = log_unit - log_scale_q - (torch.distributions.Normal(0.0, 1.0).log_prob((z - loc_p) / log_scale_p.exp()) - log_scale_p)
    return (torch.trapezoid(log_unit.exp() * log_ratio, dx=10 / 2000, dim=0)).sum(-1)
