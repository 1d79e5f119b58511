import torch
from torch import Tensor


def implicit_slope(concentration: Tensor, g: Tensor, step: float = 1e-4, floor: float = 0.0) -> Tensor:
    """dg / dconcentration at a fixed quantile, as plain numbers."""
    with torch.no_grad():
        alpha, g = torch.broadcast_tensors(concentration.detach(), g)
        h = step * alpha
        below = torch.special.gammainc(alpha + h, g) - torch.special.gammainc(alpha - h, g)
        above = torch.special.gammaincc(alpha - h, g) - torch.special.gammaincc(alpha + h, g)
        density = ((alpha - 1) * g.log() - g - torch.lgamma(alpha)).exp()
        return -torch.where(g > alpha, above, below) / (2 * h) / (density + floor)

# %% right own_backward: an autograd.Function whose backward holds the two slopes, with the upper incomplete gamma function on the right of the mean
class Quotient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, concentration, rate, g):
        ctx.save_for_backward(concentration, rate, g)
        return g / rate

    @staticmethod
    def backward(ctx, grad):
        concentration, rate, g = ctx.saved_tensors
        by_alpha = grad * implicit_slope(concentration, g) / rate
        by_rate = -grad * g / rate**2
        return by_alpha.sum_to_size(concentration.shape), by_rate.sum_to_size(rate.shape), None


def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    return Quotient.apply(concentration, rate, g)

# %% wrong wilson_hilferty: writes g as a cube of a normal number and differentiates that map; excellent for large concentrations, and an approximation
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    alpha = concentration.detach()
    root, spread = 1 - 1 / (9 * alpha), 1 / (3 * alpha.sqrt())
    noise = ((g / alpha) ** (1 / 3) - root) / spread
    moved = concentration * (1 - 1 / (9 * concentration) + noise / (3 * concentration.sqrt())) ** 3
    return (g + moved - moved.detach()) / rate

# %% wrong a_floor_under_the_density: adds 1e-5 to the density so as not to divide by zero, and the slope goes to zero in the tails, where it should not
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = implicit_slope(concentration, g, floor=1e-5)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong slopes_averaged: attaches the mean slope of all K samples to each; the gradient of a plain mean of z is right, and that of anything else is not
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = implicit_slope(concentration, g).mean(0)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong a_wide_difference: takes a step of five percent of the concentration, to be safe from rounding; harmless for small ones, and most of a standard deviation for 150
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = implicit_slope(concentration, g, step=0.05)
    return (g + slope * (concentration - concentration.detach())) / rate
