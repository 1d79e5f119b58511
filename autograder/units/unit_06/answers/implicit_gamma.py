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


# %% wrong detached, from right surrogate: z does not depend on the concentration: the implicit gradient was not attached.
# diagnosis: detached
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#-     return (g + slope * (concentration - alpha)) / rate
#+     return g / rate + 0 * concentration


# %% wrong inverted, from right torch_grad: The fraction stands on its head: the density of g is below, dF/dalpha above.
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


# %% wrong log_density, from right surrogate: This divides by the log density. Take its exponential.
# diagnosis: log_density
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g)


# %% wrong no_density, from right surrogate: This is -dF/dalpha alone. Divide it by the density of g, the slope of F in z.
# diagnosis: density_missing
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g)


# %% wrong not_halved, from right torch_grad: Twice too large. From alpha - h to alpha + h it is 2h: divide by that.
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


# %% wrong rate_as_scale, from right surrogate: g was multiplied by the rate. A large rate makes z small: divide.
# diagnosis: rate_as_scale
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * (concentration - alpha)) * rate


# %% wrong rate_detached, from right surrogate: The rate is a scale: z = g / rate gives it a gradient with no effort, if nothing is detached.
# diagnosis: rate_detached
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * (concentration - alpha)) / rate.detach()


# %% wrong rate_twice, from right surrogate: The rate was counted twice: the slope of g, divided by the density of g, and then once by the rate.
# diagnosis: rate_twice
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp() / rate.detach()


# %% wrong rescaled, from right surrogate: This moves z in proportion, as if z were alpha times a fixed variable.
# diagnosis: rescaled
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#-     return (g + slope * (concentration - alpha)) / rate
#+     return g / alpha * concentration / rate


# %% wrong rsample, from right torch_grad: You drew Gamma variables of your own. The draws are g: work with them.
# diagnosis: own_noise
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    return Gamma(concentration, rate).rsample(g.shape[:1])


# %% wrong sign, from right surrogate: The sign is turned. F(z) must stay where it is, so what dF/dalpha adds, q dz must take away: dz/dalpha = -(dF/dalpha) / q.
# diagnosis: slope_sign
#-     slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
#+     slope = slope_of_cdf(alpha, g) / log_density(alpha, g).exp()


# %% wrong value_shifted, from right surrogate: The surrogate has added something to the value. s - s.detach() adds a gradient and no value.
# diagnosis: value_shifted
#-     return (g + slope * (concentration - alpha)) / rate
#+     return (g + slope * concentration) / rate
