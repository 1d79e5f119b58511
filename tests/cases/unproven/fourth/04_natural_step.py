import math

import numpy as np
import torch
from torch import Tensor

# %% right loops: by natural parameters, number by number
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    means, logs = [], []
    for m, l, gm, gl in zip(*(v.reshape(-1).tolist() for v in (loc, log_scale, slope_loc, slope_log_scale))):
        variance = math.exp(2 * l)
        by_variance = gl / (2 * variance)
        eta1 = m / variance + rho * (gm - 2 * m * by_variance)
        eta2 = -0.5 / variance + rho * by_variance
        if eta2 >= 0:
            raise ValueError("no such Gaussian")
        means.append(-0.5 * eta1 / eta2)
        logs.append(-0.5 * math.log(-2 * eta2))
    return torch.tensor(means, dtype=torch.float64).reshape(loc.shape), torch.tensor(logs, dtype=torch.float64).reshape(loc.shape)


# %% right numpy: the same in NumPy, with mean parameters
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    m, l, gm, gl = (np.asarray(v, dtype=float) for v in (loc, log_scale, slope_loc, slope_log_scale))
    precision = np.exp(-2 * l)
    slope2 = gl * precision / 2
    slope1 = gm - 2 * m * slope2
    new = precision - 2 * rho * slope2
    if np.any(new <= 0):
        raise ValueError("no such Gaussian")
    return [(m * precision + rho * slope1) / new, -0.5 * np.log(new)]


# %% right odd_fisher: the Fisher matrix in eta built and solved, and the gradient carried over with a Jacobian
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    # in units where the old scale is one and the old mean zero: z = loc + s u; the step is equivariant
    s = log_scale.exp()
    eta = torch.stack([torch.zeros_like(loc), torch.full_like(loc, -0.5)], -1)
    # d(m, log s)/d eta at (0, -1/2): m = -eta1/(2 eta2), log s = -log(-2 eta2)/2
    jac = torch.eye(2, dtype=loc.dtype)                                                # dm/deta1 = 1, dlogs/deta2 = 1
    slopes = torch.stack([slope_loc * s, slope_log_scale], -1) @ jac
    fisher = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=loc.dtype)                    # of (u, u^2) at N(0, 1)
    # in eta2 with unit precision: log s = -log(-2 eta2)/2, dlogs/deta2 = -1/(2 eta2) = 1
    eta = eta + rho * torch.linalg.solve(fisher, slopes[..., None])[..., 0]
    if (eta[..., 1] >= 0).any():
        raise ValueError("no such Gaussian")
    return loc + s * eta[..., 0] / (-2 * eta[..., 1]), log_scale - 0.5 * (-2 * eta[..., 1]).log()


# %% wrong old_precision: loc is moved with the old precision, log_scale is right
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 0).any():
        raise ValueError
    return loc + rho * (2 * log_scale).exp() * slope_loc, -0.5 * precision.log()


# %% wrong slope_not_held: the slope for E z lacks -2 m dL/ds2, right for means of zero
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    old = (-2 * log_scale).exp()
    precision = old * (1 - rho * slope_log_scale)
    if (precision < 0).any():
        raise ValueError
    return (loc * old + rho * slope_loc) / precision, -0.5 * precision.log()


# %% wrong chain_rule_in_s: takes the second slope as one in s and not in log s, right for scales of one
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    s = log_scale.exp()
    precision = s**-2 - rho * slope_log_scale / s
    if (precision < 0).any():
        raise ValueError
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong clamped: a negative precision is clamped to a small one, nothing is raised
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = ((-2 * log_scale).exp() * (1 - rho * slope_log_scale)).clamp_min(1e-12)
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong raises_if_all: raises only if all the precisions are negative, NaN comes back otherwise
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 0).all():
        raise ValueError
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong raises_without_rho: the test of the precision forgets rho, right for steps of one
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    if (slope_log_scale > 1).any():
        raise ValueError
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong raises_early: a precision below 1e-3 is refused as well, though a scale of 30 has one
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 1e-3).any():
        raise ValueError
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong rho_at_most_one: rho is cut at one
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    rho = min(rho, 1.0)
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 0).any():
        raise ValueError
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong small_number: 1e-8 is added to the variance, felt where the scale is 1e-3
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (1 - rho * slope_log_scale) / ((2 * log_scale).exp() + 1e-8)
    if (precision < 0).any():
        raise ValueError
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% wrong log_scale_clamped: the new log scale is kept between -5 and 3
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 0).any():
        raise ValueError
    return loc + rho * slope_loc / precision, (-0.5 * precision.log()).clamp(-5, 3)


# %% wrong one_axis: walks along the first axis alone, which fails for no axis and tests only the first column's precision
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    means, logs = [], []
    for i in range(len(loc)):
        precision = (-2 * log_scale[i]).exp() * (1 - rho * slope_log_scale[i])
        if precision.reshape(-1)[0] < 0:
            raise ValueError
        means.append(loc[i] + rho * slope_loc[i] / precision)
        logs.append(-0.5 * precision.log())
    return torch.stack(means), torch.stack(logs)


# %% wrong in_place: right numbers, but written into the caller's tensors
def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if (precision < 0).any():
        raise ValueError
    loc += rho * slope_loc / precision
    log_scale.copy_(-0.5 * precision.log())
    return loc, log_scale
