# %% right quadratic: log w is a quadratic in z; its mean and variance under each Gaussian of the path.
import math

import torch


def thermodynamic_curve(x, loc, log_scale, betas):
    variance = (2 * log_scale).exp()
    beta = betas.reshape(-1, *[1] * x.dim())
    precision = (1 - beta) / variance + 2 * beta
    mean, v = ((1 - beta) * loc / variance + beta * x) / precision, 1 / precision
    a, b = 0.5 / variance - 1, x - loc / variance
    c = 0.5 * loc**2 / variance - 0.5 * x**2 + log_scale - 0.5 * math.log(2 * math.pi)
    curve = a * (mean**2 + v) + b * mean + c
    slope = 2 * (a * v) ** 2 + (2 * a * mean + b) ** 2 * v
    return torch.stack([curve.sum(-1), slope.sum(-1)])


# %% right log_normalizer: The log of the integral of q^(1 - beta) p^beta, differentiated twice by torch.
import math

import torch


def thermodynamic_curve(x, loc, log_scale, betas):
    rows = []
    for one in betas:
        beta = (one + torch.zeros_like(x)).requires_grad_()
        q = torch.exp(-2 * log_scale)
        precision = (1 - beta) * q + 2 * beta
        linear = (1 - beta) * loc * q + beta * x
        log_z = (
            (1 - beta) * (-0.5 * loc**2 * q - log_scale - 0.5 * math.log(2 * math.pi))
            + beta * (-0.5 * x**2 - math.log(2 * math.pi))
            + 0.5 * linear**2 / precision + 0.5 * math.log(2 * math.pi) - 0.5 * precision.log()
        )
        (first,) = torch.autograd.grad(log_z.sum(), beta, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), beta)
        rows.append((first.detach().sum(-1), second.sum(-1)))
    return torch.stack([r[0] for r in rows]), torch.stack([r[1] for r in rows])


# %% right quadrature: NumPy, loops, and Gauss and Hermite's rule with a few points, which is exact for a polynomial.
import numpy as np

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(6)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def thermodynamic_curve(x, loc, log_scale, betas):
    x, m, s = x.numpy(), loc.numpy(), np.exp(log_scale.numpy())
    out = np.zeros((2, len(betas), *x.shape[:-1]))
    for t, beta in enumerate(betas.tolist()):
        for place in np.ndindex(*x.shape):
            a, b, c = x[place], m[place], s[place]
            weight_q, weight_p = (1 - beta) / c**2, beta * 2
            sd = (weight_q + weight_p) ** -0.5
            z = sd**2 * (weight_q * b + weight_p * a / 2) + sd * NODES
            log_w = -z**2 / 2 - (a - z) ** 2 / 2 + (z - b) ** 2 / 2 / c**2 + np.log(c) - np.log(2 * np.pi) / 2
            average = WEIGHTS @ log_w
            out[(0, t, *place[:-1])] += average
            out[(1, t, *place[:-1])] += WEIGHTS @ (log_w - average) ** 2
    return list(out)


# %% wrong interpolated, from right quadratic: Moments on a straight line.
# diagnosis: interpolated
#-     mean, v = ((1 - beta) * loc / variance + beta * x) / precision, 1 / precision
#+     mean, v = (1 - beta) * loc + beta * x / 2, (1 - beta) * variance + beta / 2


# %% wrong turned, from right quadratic: The path from the posterior to q.
# diagnosis: turned
#-     beta = betas.reshape(-1, *[1] * x.dim())
#+     beta = 1 - betas.reshape(-1, *[1] * x.dim())


# %% wrong under_q, from right quadratic: Averages under q.
# diagnosis: under_q
#-     mean, v = ((1 - beta) * loc / variance + beta * x) / precision, 1 / precision
#+     mean, v = loc + 0 * beta, variance + 0 * beta


# %% wrong one_factor, from right quadratic: The likelihood alone bends the path.
# diagnosis: one_factor
#-     precision = (1 - beta) / variance + 2 * beta
#+     precision = (1 - beta) / variance + beta


# %% wrong first_order, from right quadratic: The variance of log w to first order.
# diagnosis: curvature_lost
#-     slope = 2 * (a * v) ** 2 + (2 * a * mean + b) ** 2 * v
#+     slope = (2 * a * mean + b) ** 2 * v


# %% wrong fourth_moment, from right quadratic: The fourth moment where its excess over the squared variance belongs.
# diagnosis: half_lost
#-     slope = 2 * (a * v) ** 2 + (2 * a * mean + b) ** 2 * v
#+     slope = 3 * (a * v) ** 2 + (2 * a * mean + b) ** 2 * v


# %% wrong constant, from right quadratic: One normalizing constant is lost.
# diagnosis: constant
#-     c = 0.5 * loc**2 / variance - 0.5 * x**2 + log_scale - 0.5 * math.log(2 * math.pi)
#+     c = 0.5 * loc**2 / variance - 0.5 * x**2 + log_scale


# %% wrong joint, from right quadratic: log p alone is averaged.
# diagnosis: q_lost
#-     curve = a * (mean**2 + v) + b * mean + c
#+     curve = -(mean**2 + v) + x * mean - 0.5 * x**2 - math.log(2 * math.pi)


# %% wrong variance, from right quadratic: exp(log_scale) as the variance.
# diagnosis: log_scale_as_variance
#-     variance = (2 * log_scale).exp()
#+     variance = log_scale.exp()
#@@
#-     c = 0.5 * loc**2 / variance - 0.5 * x**2 + log_scale - 0.5 * math.log(2 * math.pi)
#+     c = 0.5 * loc**2 / variance - 0.5 * x**2 + 0.5 * log_scale - 0.5 * math.log(2 * math.pi)


# %% wrong coordinates, from right quadratic: Coordinates are not added up.
# diagnosis: not_summed
#-     return torch.stack([curve.sum(-1), slope.sum(-1)])
#+     return torch.stack([curve, slope])
