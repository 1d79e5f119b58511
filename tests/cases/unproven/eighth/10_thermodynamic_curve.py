import math

import torch
from torch import Tensor

# %% right derivatives_of_the_log_normalizer: the curve and its slope are the first two derivatives in beta of one closed-form log normalizer, by nested forward mode
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    precision = (-2 * log_scale).exp()
    tilt = x - 2 * loc
    level = -0.5 * loc**2 - 0.5 * (x - loc) ** 2 + log_scale - 0.5 * math.log(2 * math.pi)

    def log_normalizer(beta):
        mixed = (1 - beta) * precision + 2 * beta
        return (beta * level + (beta * tilt) ** 2 / (2 * mixed) - 0.5 * (mixed / precision).log()).sum(-1, keepdim=True)

    grid = betas.reshape(-1, *([1] * x.dim())).expand(-1, *x.shape[:-1], 1).clone()
    ones = torch.ones_like(grid)

    def height(beta):
        return torch.func.jvp(log_normalizer, (beta,), (ones,))[1]

    curve, slope = torch.func.jvp(height, (grid,), (ones,))
    return curve.squeeze(-1), slope.squeeze(-1)


# %% wrong central_differences: the slope by differences of the curve with a step of 1e-5, which for a narrow q is no small step near beta = 1
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    s2 = (2 * log_scale).exp()

    def curve(beta):
        b = beta.reshape(-1, *([1] * x.dim()))
        a = (1 - b) / s2 + 2 * b
        m = ((1 - b) * loc / s2 + b * x) / a
        f = -0.5 * m**2 - 0.5 * (x - m) ** 2 + 0.5 * (m - loc) ** 2 / s2 + log_scale - 0.5 * math.log(2 * math.pi)
        return (f + 0.5 * (1 / s2 - 2) / a).sum(-1)

    high, low = (betas + 1e-5).clamp(max=1.0), (betas - 1e-5).clamp(min=0.0)
    width = (high - low).reshape(-1, *([1] * (x.dim() - 1)))
    return curve(betas), (curve(high) - curve(low)) / width


# %% wrong one_constant_for_all: the constant of log w is subtracted once and not once for each dimension, right in one dimension
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    b = betas.reshape(-1, *([1] * x.dim()))
    s2 = (2 * log_scale).exp()
    a = (1 - b) / s2 + 2 * b
    m = ((1 - b) * loc / s2 + b * x) / a
    h = 1 / s2 - 2
    f = -0.5 * m**2 - 0.5 * (x - m) ** 2 + 0.5 * (m - loc) ** 2 / s2 + log_scale
    g = -m - (m - x) + (m - loc) / s2
    return (f + 0.5 * h / a).sum(-1) - 0.5 * math.log(2 * math.pi), (g**2 / a + 0.5 * h**2 / a**2).sum(-1)


# %% wrong variance_of_a_square: the variance of half h u squared is taken as h squared over A squared; one half is forgotten, which does not show where log w is linear
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    b = betas.reshape(-1, *([1] * x.dim()))
    s2 = (2 * log_scale).exp()
    a = (1 - b) / s2 + 2 * b
    m = ((1 - b) * loc / s2 + b * x) / a
    h = 1 / s2 - 2
    f = -0.5 * m**2 - 0.5 * (x - m) ** 2 + 0.5 * (m - loc) ** 2 / s2 + log_scale - 0.5 * math.log(2 * math.pi)
    g = x - 2 * m + (m - loc) / s2
    return (f + 0.5 * h / a).sum(-1), (g**2 / a + (h / a) ** 2).sum(-1)


# %% wrong in_order_of_beta: sorts the betas first, as for a trapezoid rule, and returns the curve in that order
def thermodynamic_curve(x: Tensor, loc: Tensor, log_scale: Tensor, betas: Tensor) -> tuple[Tensor, Tensor]:
    b = betas.sort().values.reshape(-1, *([1] * x.dim()))
    s2 = (2 * log_scale).exp()
    a = (1 - b) / s2 + 2 * b
    m = ((1 - b) * loc / s2 + b * x) / a
    h = 1 / s2 - 2
    f = -0.5 * m**2 - 0.5 * (x - m) ** 2 + 0.5 * (m - loc) ** 2 / s2 + log_scale - 0.5 * math.log(2 * math.pi)
    g = x - 2 * m + (m - loc) / s2
    return (f + 0.5 * h / a).sum(-1), (g**2 / a + 0.5 * (h / a) ** 2).sum(-1)
