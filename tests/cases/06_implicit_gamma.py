import math

import numpy as np
import torch
from scipy import special


def slope_of(a, g):
    h = 1e-4 * a
    rise = (torch.special.gammainc(a + h, g) - torch.special.gammainc(a - h, g)) / (2 * h)
    return -rise / ((a - 1) * g.log() - g - torch.lgamma(a)).exp()


def attach(concentration, rate, g, slope):
    return (g + slope * (concentration - concentration.detach())) / rate


# %% right scipy: The slope by SciPy's incomplete gamma function.
def implicit_gamma(concentration, rate, g):
    a, y = concentration.detach().double().numpy(), g.double().numpy()
    h = 1e-5 * a
    rise = (special.gammainc(a + h, y) - special.gammainc(a - h, y)) / (2 * h)
    slope = -rise / np.exp((a - 1) * np.log(y) - y - special.gammaln(a))
    return attach(concentration, rate, g, torch.as_tensor(slope, dtype=g.dtype))


# %% right function_class: An autograd.Function whose backward is the implicit slope.
class Implicit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, g):
        ctx.save_for_backward(a, g)
        return g.clone()

    @staticmethod
    def backward(ctx, grad):
        a, g = ctx.saved_tensors
        return (grad * slope_of(a, g)).sum_to_size(a.shape), None


def implicit_gamma(concentration, rate, g):
    return Implicit.apply(concentration, g) / rate


# %% right loop_over_samples: One draw at a time.
def implicit_gamma(concentration, rate, g):
    return torch.stack(
        [attach(concentration, rate, one, slope_of(concentration.detach(), one)) for one in g]
    )


# %% wrong destroys: The draws are divided by the rate in place.
def implicit_gamma(concentration, rate, g):
    z = attach(concentration, rate, g.clone(), slope_of(concentration.detach(), g))
    g /= rate.detach()
    return z


# %% wrong slope_averaged_over_samples: One slope for all samples: their mean.
def implicit_gamma(concentration, rate, g):
    slope = slope_of(concentration.detach(), g).mean(0, keepdim=True).expand_as(g)
    return attach(concentration, rate, g, slope)


# %% wrong slope_averaged_over_data: One slope for all data: their mean.
def implicit_gamma(concentration, rate, g):
    slope = slope_of(concentration.detach(), g)
    slope = slope.mean(tuple(range(1, g.dim())), keepdim=True).expand_as(g)
    return attach(concentration, rate, g, slope)


# %% wrong slope_of_the_next_sample: Each sample has the slope of the next one.
def implicit_gamma(concentration, rate, g):
    return attach(concentration, rate, g, slope_of(concentration.detach(), g).roll(1, 0))


# %% wrong draws_clamped: Draws below 1e-2 are raised to it before the slope is taken.
def implicit_gamma(concentration, rate, g):
    return attach(concentration, rate, g, slope_of(concentration.detach(), g.clamp(min=1e-2)))


# %% wrong density_floor: A small constant is added to the density.
def implicit_gamma(concentration, rate, g):
    a = concentration.detach()
    h = 1e-4 * a
    rise = (torch.special.gammainc(a + h, g) - torch.special.gammainc(a - h, g)) / (2 * h)
    return attach(
        concentration, rate, g, -rise / (((a - 1) * g.log() - g - torch.lgamma(a)).exp() + 1e-3)
    )


# %% wrong slope_one: The slope is one everywhere, which is right on average.
def implicit_gamma(concentration, rate, g):
    return attach(concentration, rate, g, torch.ones_like(g))


# %% wrong proportional: The slope is g over alpha: a scale, not a shape; right on average too.
def implicit_gamma(concentration, rate, g):
    return attach(concentration, rate, g, g / concentration.detach())
