import torch
from torch import Tensor

# %% wrong zero_precision_passes: raises for negative precisions only, so a step that ends at exactly zero returns infinities
def natural_step(loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float) -> tuple[Tensor, Tensor]:
    precision = (1 - rho * slope_log_scale) * (-2 * log_scale).exp()
    if bool((precision < 0).any()):
        raise ValueError("no such Gaussian")
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong raises_too_early: refuses precisions below a thousandth as numerically zero, though a scale of 30 or more is a Gaussian like any other
def natural_step(loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float) -> tuple[Tensor, Tensor]:
    precision = (1 - rho * slope_log_scale) * (-2 * log_scale).exp()
    if bool((precision < 1e-3).any()):
        raise ValueError("no such Gaussian")
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong second_order_term: adds the curvature term of the "improved" learning rule that keeps every precision positive, which is a step along a geodesic approximation and not the straight one in the natural parameters
def natural_step(loc: Tensor, log_scale: Tensor, slope_loc: Tensor, slope_log_scale: Tensor, rho: float) -> tuple[Tensor, Tensor]:
    g = rho * slope_log_scale
    if bool((g >= 1).any()):
        raise ValueError("no such Gaussian")
    precision = (1 - g + 0.5 * g.square()) * (-2 * log_scale).exp()
    return loc + rho * slope_loc / precision, -0.5 * precision.log()
