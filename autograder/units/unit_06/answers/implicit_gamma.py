# %% right autograd_function: An autograd Function with a backward of its own.
import torch


class Implicit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, alpha, g):
        ctx.save_for_backward(alpha, g)
        return g.clone()

    @staticmethod
    def backward(ctx, grad):
        alpha, g = ctx.saved_tensors
        h = 1e-4 * alpha
        dF = (torch.special.gammainc(alpha + h, g) - torch.special.gammainc(alpha - h, g)) / (2 * h)
        density = torch.distributions.Gamma(alpha, torch.ones_like(alpha)).log_prob(g).exp()
        return (-grad * dF / density).sum(0), None


def implicit_gamma(concentration, rate, g):
    return Implicit.apply(concentration, g) / rate


# %% right quantiles: Explicit after all, by a difference of SciPy's quantiles.
import numpy as np
import torch
from scipy import special


def implicit_gamma(concentration, rate, g):
    a, x = np.broadcast_arrays(concentration.detach().numpy(), g.numpy())
    h = 1e-4 * a
    lower, upper = special.gammainc(a, x), special.gammaincc(a, x)
    up, down = (np.where(lower < upper, special.gammaincinv(b, lower), special.gammainccinv(b, upper)) for b in (a + h, a - h))
    slope = torch.from_numpy((up - down) / (2 * h))
    return (g + slope * concentration - (slope * concentration).detach()) / rate


# %% right surrogate: G plus slope times (alpha - its detached self).
import torch


def slope_of_cdf(alpha, g):
    h = 1e-4 * alpha
    return (torch.special.gammainc(alpha + h, g) - torch.special.gammainc(alpha - h, g)) / (2 * h)


def log_density(alpha, g):
    return (alpha - 1) * g.log() - g - torch.lgamma(alpha)


def implicit_gamma(concentration, rate, g):
    alpha = concentration.detach()

    slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
    return (g + slope * (concentration - alpha)) / rate


# %% right torch_grad: Torch's own approximation of the slope.
import torch


def implicit_gamma(concentration, rate, g):
    alpha = concentration.detach()
    slope = torch._standard_gamma_grad(alpha.expand_as(g), g)
    moving = slope * concentration
    return (g + moving - moving.detach()) / rate


# %% right loop_over_data: Datum by datum, draw by draw; the slope from SciPy, in the smaller tail.
import torch
from scipy import special


def one(alpha, g):
    h, sign = 1e-4 * alpha, -1 if g > alpha else 1
    cdf = special.gammaincc if g > alpha else special.gammainc
    rise = sign * (cdf(alpha + h, g) - cdf(alpha - h, g)) / (2 * h)
    return -rise / torch.distributions.Gamma(alpha, 1.0).log_prob(torch.tensor(g).double()).exp().item()


def implicit_gamma(concentration, rate, g):
    alphas = concentration.detach().expand_as(g).flatten().tolist()
    slopes = [one(alpha, value) for alpha, value in zip(alphas, g.flatten().tolist())]
    slope = torch.tensor(slopes, dtype=g.dtype).reshape(g.shape)
    return torch.addcmul(g, slope, concentration - concentration.detach()) / rate


# %% wrong detached, from right surrogate: 0 * concentration joins the graph and carries nothing: no error, and no gradient.
# diagnosis: detached
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#-     return (g + slope * (concentration - alpha)) / rate
#+     return g / rate + 0 * concentration


# %% wrong inverted, from right torch_grad: Density over slope: the implicit function theorem with its fraction on its head.
# diagnosis: inverted
import torch
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    with torch.no_grad():
        h = 1e-4 * concentration
        difference = torch.special.gammainc(concentration + h, g) - torch.special.gammainc(concentration - h, g)
        density = Gamma(concentration, torch.ones_like(rate)).log_prob(g).exp()
        slope = -density / (difference / (2 * h))
    return (g + slope * (concentration - concentration.detach())) / rate


# %% wrong log_density, from right surrogate: The slope is divided by the log density: its exponential was forgotten.
# diagnosis: log_density
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g)


# %% wrong no_density, from right surrogate: -dF/dalpha alone: how far the probability moves, not how far the draw does.
# diagnosis: density_missing
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g)


# %% wrong not_halved, from right torch_grad: The rise from alpha - h to alpha + h is divided by h: the slope is twice too large.
# diagnosis: difference_not_halved
import torch
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    with torch.no_grad():
        h = 1e-4 * concentration
        difference = torch.special.gammainc(concentration + h, g) - torch.special.gammainc(concentration - h, g)
        density = Gamma(concentration, torch.ones_like(rate)).log_prob(g).exp()
        slope = -difference / h / density
    return (g + slope * (concentration - concentration.detach())) / rate


# %% wrong rate_as_scale, from right surrogate: g is multiplied by the rate, as if it were a scale. Both names are in use for a Gamma.
# diagnosis: rate_as_scale
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * (concentration - alpha)) * rate


# %% wrong rate_detached, from right surrogate: The rate is detached along with the draws: only the concentration was thought to need care.
# diagnosis: rate_detached
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * (concentration - alpha)) / rate.detach()


# %% wrong rate_twice, from right surrogate: The slope is divided by the rate, and then the whole of z once more.
# diagnosis: rate_twice
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp() / rate.detach()


# %% wrong rescaled, from right surrogate: z moves in proportion to alpha: reparametrized like a scale. It keeps the mean right, and the shape wrong.
# diagnosis: rescaled
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#-     return (g + slope * (concentration - alpha)) / rate
#+     return g / alpha * concentration / rate


# %% wrong rsample, from right torch_grad: Gamma(...).rsample() has the gradient built in, at draws of its own: g is ignored.
# diagnosis: own_noise
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    return Gamma(concentration, rate).rsample(g.shape[:1])


# %% wrong sign, from right surrogate: The minus of the implicit function theorem is lost: draws move down as the concentration grows.
# diagnosis: slope_sign
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = slope_of_cdf(alpha, g) / log_density(alpha, g).exp()


# %% wrong value_shifted, from right surrogate: slope * concentration is added without taking its value away again: right gradient, wrong z.
# diagnosis: value_shifted
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * concentration) / rate


# %% wrong slope_averaged, from right surrogate: One slope for all samples of a datum, their mean: right on average, wrong at every draw.
# diagnosis: slope_averaged
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = (-slope_of_cdf(alpha, g) / log_density(alpha, g).exp()).mean(0)


# %% wrong slope_of_another_draw, from right surrogate: The slopes are moved on by one sample: each draw has that of another.
# diagnosis: slope_of_another_draw
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = (-slope_of_cdf(alpha, g) / log_density(alpha, g).exp()).roll(1, 0)


# %% wrong density_floor, from right surrogate: A thousandth is added to the density against dividing by zero: far out the slope is wrong.
# diagnosis: value
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g) / (log_density(alpha, g).exp() + 1e-3)
