import math

import numpy as np
import torch
from torch import Tensor


def axes(x, loc, log_scale, betas):  # betas with an axis for each axis of the data, and mean and variance of the path; for the answers that share it
    beta = betas.reshape(-1, *[1] * x.dim())
    precision = (1 - beta) * (-2 * log_scale).exp() + 2 * beta
    mean = ((1 - beta) * (-2 * log_scale).exp() * loc + beta * x) / precision
    return beta, mean, 1 / precision


def height(x, loc, log_scale, mean, variance):
    off = 0.5 * ((mean - loc) ** 2 + variance) * (-2 * log_scale).exp() + log_scale
    return (off - 0.5 * (mean ** 2 + variance) - 0.5 * ((x - mean) ** 2 + variance) - 0.5 * math.log(2 * math.pi)).sum(-1)


# %% right closed_form: Gaussian path, mean of a quadratic, and its variance from a linear and a square part
def thermodynamic_curve(x, loc, log_scale, betas):
    beta = betas.reshape(-1, *[1] * x.dim())
    tau = (-2 * log_scale).exp()
    precision = (1 - beta) * tau + 2 * beta
    mean, variance = loc + beta * (x - 2 * loc) / precision, 1 / precision
    curve = -0.5 * (mean ** 2 + variance) - 0.5 * ((x - mean) ** 2 + variance) + 0.5 * tau * ((mean - loc) ** 2 + variance) + log_scale - 0.5 * math.log(2 * math.pi)
    linear = (x - 2 * loc) * tau / precision
    slope = linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2
    return curve.sum(-1), slope.sum(-1)

# %% right log_normalizer_twice: the curve is the first and the slope the second derivative in beta of the log normalizer of the path, by autograd
def thermodynamic_curve(x, loc, log_scale, betas):
    with torch.enable_grad():
        b = betas.detach().clone().reshape(-1, *[1] * x.dim()).expand(len(betas), *x.shape).clone().requires_grad_()
        tau = (-2 * log_scale).exp()
        precision = (1 - b) * tau + 2 * b
        linear = (1 - b) * tau * loc + b * x
        log_z = (-0.5 * (1 - b) * (tau * loc ** 2 + math.log(2 * math.pi) - tau.log()) - 0.5 * b * (x ** 2 + 2 * math.log(2 * math.pi))
                 + 0.5 * linear ** 2 / precision + 0.5 * (2 * math.pi / precision).log())
        (first,) = torch.autograd.grad(log_z.sum(), b, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), b)
    return first.detach().sum(-1), second.sum(-1)

# %% right gauss_hermite_loops: NumPy, datum, dimension and beta by loops, five Gauss-Hermite nodes, which are exact for the square of a quadratic
def thermodynamic_curve(x, loc, log_scale, betas):
    nodes, chance = np.polynomial.hermite_e.hermegauss(5)
    chance = chance / chance.sum()
    d = x.shape[-1]
    flat = [np.asarray(v.detach()).reshape(-1, d) for v in (x, loc, log_scale)]
    curve, slope = np.zeros((2, len(betas), len(flat[0])))
    for i, beta in enumerate(betas.tolist()):
        for n, (xs, ms, ls) in enumerate(zip(*flat)):
            for xi, m, l in zip(xs, ms, ls):
                tau = math.exp(-2 * l)
                precision = (1 - beta) * tau + 2 * beta
                z = ((1 - beta) * tau * m + beta * xi) / precision + nodes / math.sqrt(precision)
                log_w = -0.5 * z * z - 0.5 * (xi - z) ** 2 + 0.5 * tau * (z - m) ** 2 + l - 0.5 * math.log(2 * math.pi)
                mean = chance @ log_w
                curve[i, n] += mean
                slope[i, n] += chance @ (log_w - mean) ** 2
    shape = (len(betas), *x.shape[:-1])
    return curve.reshape(shape), slope.reshape(shape)

# %% wrong straight_mean: the mean of the path goes in a straight line from m to x / 2; right at both ends, and between them where sigma^2 = 1/2
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, _, variance = axes(x, loc, log_scale, betas)
    mean = (1 - beta) * loc + beta * x / 2
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    return height(x, loc, log_scale, mean, variance), (linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong square_part_halved: takes Var eps^2 for one, so the square part of the slope is half of what it is; right where sigma^2 = 1/2
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    return height(x, loc, log_scale, mean, variance), (linear ** 2 * variance + 0.25 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong dimensions_added_first: the standard deviations of the linear parts are added over dimensions before squaring; right for D = 1
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    tau = (-2 * log_scale).exp()
    linear = (x - 2 * mean + tau * (mean - loc)) * variance.sqrt()
    return height(x, loc, log_scale, mean, variance), linear.sum(-1) ** 2 + (0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong constant_per_datum: log 2 pi is counted once per datum and not per dimension; right for D = 1
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    curve = height(x, loc, log_scale, mean, variance) + 0.5 * math.log(2 * math.pi) * (x.shape[-1] - 1)
    return curve, (linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong given_grid_differences: the slope by finite differences over the betas that were given, for which they are too coarse (and need not be sorted)
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    curve = height(x, loc, log_scale, mean, variance)
    return curve, np.gradient(curve.numpy(), betas.numpy(), axis=0)

# %% wrong one_sided_ends: central differences with step 1e-6 that are cut off at 0 and 1, so that the slope at both ends has five or six digits
def thermodynamic_curve(x, loc, log_scale, betas):
    def curve(b):
        _, mean, variance = axes(x, loc, log_scale, b)
        return height(x, loc, log_scale, mean, variance)

    low, high = (betas - 1e-6).clamp(min=0), (betas + 1e-6).clamp(max=1)
    return curve(betas), (curve(high) - curve(low)) / (high - low).reshape(-1, *[1] * (x.dim() - 1))

# %% wrong ends_clamped: betas are kept within [1e-6, 1 - 1e-6], "against dividing by zero"
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas.clamp(1e-6, 1 - 1e-6))
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    return height(x, loc, log_scale, mean, variance), (linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong two_axes_assumed: betas[:, None, None] against (B, D); a datum without batch axes gets one that is not there
def thermodynamic_curve(x, loc, log_scale, betas):
    beta = betas[:, None, None]
    tau = (-2 * log_scale).exp()
    variance = 1 / ((1 - beta) * tau + 2 * beta)
    mean = ((1 - beta) * tau * loc + beta * x) * variance
    linear = x - 2 * mean + tau * (mean - loc)
    return height(x, loc, log_scale, mean, variance), (linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong second_moment: the slope is E (log w)^2 under the path without the square of the mean
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    curve = height(x, loc, log_scale, mean, variance)
    return curve, curve ** 2 + (linear ** 2 * variance + 0.5 * (tau - 2) ** 2 * variance ** 2).sum(-1)

# %% wrong slope_at_mean: the slope differentiates only the log w at the mean of the path, the variance of the path is held
def thermodynamic_curve(x, loc, log_scale, betas):
    beta, mean, variance = axes(x, loc, log_scale, betas)
    tau = (-2 * log_scale).exp()
    linear = x - 2 * mean + tau * (mean - loc)
    return height(x, loc, log_scale, mean, variance), (linear * (x - 2 * loc) * tau * variance ** 2).sum(-1)

# %% wrong betas_marked: right numbers by autograd, but the caller's betas have been told to require a gradient
def thermodynamic_curve(x, loc, log_scale, betas):
    betas.requires_grad_()
    _, mean, variance = axes(x, loc, log_scale, betas)
    curve = height(x, loc, log_scale, mean, variance)
    flat = curve.reshape(len(betas), -1)
    slope = torch.stack([torch.autograd.grad(flat[:, i].sum(), betas, retain_graph=True)[0] for i in range(flat.shape[1])], -1)
    return curve.detach(), slope.reshape(curve.shape)

# %% wrong slope_summed_over_batch: autograd in betas of the curve summed over the data, one slope for all; right for a batch of one
def thermodynamic_curve(x, loc, log_scale, betas):
    b = betas.detach().clone().requires_grad_()
    _, mean, variance = axes(x, loc, log_scale, b)
    curve = height(x, loc, log_scale, mean, variance)
    (slope,) = torch.autograd.grad(curve.sum(), b)
    return curve.detach(), slope.reshape(-1, *[1] * (curve.dim() - 1)).expand(curve.shape)
