import torch
from torch import Tensor

# %% right by_the_fisher_matrix: the two by two Fisher matrix of the natural parameters is written out as the Hessian of the log normalizer and solved, in units in which q is N(0, 1)
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    scale = log_scale.exp()
    g_m, g_s = slope_loc * scale, slope_log_scale          # slopes in the standardized loc and log scale; there eta = (0, -1/2)
    # d(m, log s)/d(eta1, eta2) at the standard normal is the identity, and the Fisher matrix diag(1, 2)
    fisher = torch.diag_embed(torch.tensor([1.0, 2.0], dtype=loc.dtype, device=loc.device)).expand(*loc.shape, 2, 2)
    eta = torch.stack((torch.zeros_like(g_m), torch.full_like(g_m, -0.5)), -1)
    eta = eta + rho * torch.linalg.solve(fisher, torch.stack((g_m, g_s), -1).unsqueeze(-1)).squeeze(-1)
    precision = -2 * eta[..., 1]
    if not bool((precision > 0).all()):
        raise ValueError("the step leads to a precision that is not positive")
    return loc + scale * eta[..., 0] / precision, log_scale - precision.log() / 2

# %% wrong zero_precision_passes: only a negative precision raises; one that is exactly zero goes through, as a Gaussian with an infinite scale
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    shrink = 1 - rho * slope_log_scale
    if (shrink < 0).any():
        raise ValueError("negative precision")
    new_log_scale = log_scale - 0.5 * shrink.log()
    return loc + rho * (2 * new_log_scale).exp() * slope_loc, new_log_scale

# %% wrong raises_only_if_all: a precision that is not positive somewhere in the batch is let through unless all are; right for a single number
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    shrink = 1 - rho * slope_log_scale
    if (shrink <= 0).all():
        raise ValueError("negative precision")
    new_log_scale = log_scale - 0.5 * shrink.log()
    return loc + rho * (2 * new_log_scale).exp() * slope_loc, new_log_scale

# %% wrong at_most_one: a step longer than one is shortened to one, as it "overshoots the optimum"; the statement allows any length
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    rho = min(float(rho), 1.0)
    variance = (2 * log_scale).exp()
    in_variance = slope_log_scale / (2 * variance)
    eta_1 = loc / variance + rho * (slope_loc - 2 * loc * in_variance)
    eta_2 = -0.5 / variance + rho * in_variance
    if (eta_2 >= 0).any():
        raise ValueError("precision not positive")
    return -0.5 * eta_1 / eta_2, -0.5 * (-2 * eta_2).log()

# %% wrong old_variance: loc moves by rho s^2 slope with the variance before the step, log_scale is right; it is the natural gradient in loc, taken in the wrong coordinates
def natural_step(
    loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float
) -> tuple[Tensor, Tensor]:
    variance = (2 * log_scale).exp()
    precision = 1 / variance - rho * slope_log_scale / variance
    if (precision <= 0).any():
        raise ValueError("precision not positive")
    return loc + rho * variance * slope_loc, -0.5 * precision.log()
