import math
import torch
from torch import Tensor

def _slope(a, g, relative=1e-4, h=None):
    with torch.no_grad():
        a = a.expand_as(g).contiguous()
        h = relative * a if h is None else torch.full_like(a, h)
        dF = (torch.special.gammainc(a + h, g) - torch.special.gammainc(a - h, g)) / (2 * h)
        log_q = (a - 1) * g.log() - g - torch.lgamma(a)
        return -dF / log_q.exp()

# %% right custom_function: a torch.autograd.Function with both derivatives
class _Gamma(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, g):
        ctx.save_for_backward(a, b, g)
        return g / b
    @staticmethod
    def backward(ctx, grad):
        a, b, g = ctx.saved_tensors
        da = (grad * _slope(a, g) / b).sum(0)
        db = (-grad * g / b**2).sum(0)
        return da, db, None
def implicit_gamma(concentration, rate, g):
    return _Gamma.apply(concentration, rate, g)

# %% right torch_internal: the derivative that torch itself uses in rsample
def implicit_gamma(concentration, rate, g):
    a = concentration.detach().expand_as(g).contiguous()
    slope = torch._standard_gamma_grad(a, g.contiguous())
    return torch.addcmul(g, slope, concentration - concentration.detach()) / rate

# %% wrong mean_slope: every sample gets the mean slope of all samples, right for a plain sum over them
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g).mean(0, keepdim=True)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong forward_difference: a one-sided difference with a step of a twentieth, some per cent off
def implicit_gamma(concentration, rate, g):
    with torch.no_grad():
        a = concentration.expand_as(g)
        h = 0.05 * a
        dF = (torch.special.gammainc(a + h, g) - torch.special.gammainc(a, g)) / h
        slope = -dF / ((a - 1) * g.log() - g - torch.lgamma(a)).exp()
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong absolute_step: a step of 0.05 whatever the concentration, too long for small ones
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g, h=0.05)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong density_of_z: the density of z at z in place of that of g at g, off by the rate
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g) / rate.detach()
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong normal_approximation: the slope of mean plus root of variance times noise, right for large concentrations
def implicit_gamma(concentration, rate, g):
    a = concentration.detach()
    slope = 1 + (g - a) / (2 * a)
    return (g + slope * (concentration - a)) / rate

# %% wrong rate_detached: the rate is a plain number
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g)
    return (g + slope * (concentration - concentration.detach())) / rate.detach()

# %% wrong slope_not_divided: the slope is added after the division
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g)
    return g / rate + slope * (concentration - concentration.detach())

# %% wrong plain_gamma: the density with the gamma function itself, which overflows for concentrations beyond 171
def implicit_gamma(concentration, rate, g):
    with torch.no_grad():
        a = concentration.expand_as(g)
        h = 1e-4 * a
        dF = (torch.special.gammainc(a + h, g) - torch.special.gammainc(a - h, g)) / (2 * h)
        slope = -dF / (g ** (a - 1) * (-g).exp() / torch.lgamma(a).exp())
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong own_draws: draws new Gamma variables with torch's rsample, whatever g
def implicit_gamma(concentration, rate, g):
    return torch.distributions.Gamma(concentration, rate).rsample((g.shape[0],))

# %% wrong single_precision: differences in float32, where few digits are left
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach().float(), g.float()).to(g.dtype)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong clamped_slope: slopes are clamped to at most 1.5
def implicit_gamma(concentration, rate, g):
    slope = _slope(concentration.detach(), g).clamp(0, 1.5)
    return (g + slope * (concentration - concentration.detach())) / rate

# %% wrong scale_family: g is taken to grow in proportion to its concentration, right in the mean and wrong for each draw
def implicit_gamma(concentration, rate, g):
    return g * (concentration / concentration.detach()) / rate

# %% wrong first_row_batch: the concentration of the first datum stands for all in the slope
def implicit_gamma(concentration, rate, g):
    a = concentration.detach()
    first = a.reshape(-1, a.shape[-1])[0].expand_as(a)
    slope = _slope(first, g)
    return (g + slope * (concentration - a)) / rate
