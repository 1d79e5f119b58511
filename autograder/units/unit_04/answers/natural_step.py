# %% right precisions: The precision first, then the mean, with the new precision.
import torch


def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
    if not bool((precision > 0).all()):
        raise ValueError("the step leaves the family: a precision would not be positive")
    return loc + rho * slope_loc / precision, -0.5 * precision.log()


# %% right natural: Natural parameters, the chain rule through the mean parameters, and back.
import torch


def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    variance = (2 * log_scale).exp()
    eta1, eta2 = loc / variance, -0.5 / variance
    by_variance = slope_log_scale / (2 * variance)
    by_first, by_second = slope_loc - 2 * loc * by_variance, by_variance
    eta1, eta2 = eta1 + rho * by_first, eta2 + rho * by_second
    if (eta2 >= 0).any():
        raise ValueError(f"rho is {rho}; expected a step that leaves a negative second natural parameter")
    after = -0.5 / eta2
    return [after * eta1, after.log() / 2]


# %% right autograd: The slopes in the mean parameters by autograd, from (loc, log_scale) as functions of them.
import torch


def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    m, v = loc.clone(), (2 * log_scale).exp()
    first, second = m.clone().requires_grad_(), torch.zeros_like(m).requires_grad_()
    # E z^2 is v + m^2 + second: the variance as a function of both, at second = 0
    spread = v + m**2 + second - first**2
    linear = (slope_loc * first + slope_log_scale * 0.5 * spread.log()).sum()
    by_first, by_second = torch.autograd.grad(linear, [first, second])
    precision = 1 / v - 2 * rho * by_second
    if precision.min() <= 0:
        raise ValueError("no Gaussian there")
    return (m / v + rho * by_first) / precision, -precision.log() / 2


# %% right loops: Number by number, in plain Python.
import math

import torch


def natural_step(loc, log_scale, slope_loc, slope_log_scale, rho):
    means, logs = [], []
    for m, l, g, h in zip(*(a.flatten().tolist() for a in (loc, log_scale, slope_loc, slope_log_scale))):
        left = 1 - rho * h
        if left <= 0:
            raise ValueError("a precision would not be positive")
        logs.append(l - math.log(left) / 2)
        means.append(m + rho * g * math.exp(2 * l) / left)
    return tuple(torch.tensor(v, dtype=loc.dtype).reshape(loc.shape) for v in (means, logs))


# %% wrong plain, from right precisions: A step along the ordinary gradient.
# diagnosis: plain_gradient
#-     return loc + rho * slope_loc / precision, -0.5 * precision.log()
#+     return loc + rho * slope_loc, log_scale + rho * slope_log_scale


# %% wrong fisher, from right precisions: Fisher's information of (loc, log_scale), and the step in these.
# diagnosis: in_loc_and_log_scale
#-     return loc + rho * slope_loc / precision, -0.5 * precision.log()
#+     return loc + rho * (2 * log_scale).exp() * slope_loc, log_scale + rho * slope_log_scale / 2


# %% wrong old_variance, from right precisions: The mean moves with the old variance.
# diagnosis: old_variance
#-     return loc + rho * slope_loc / precision, -0.5 * precision.log()
#+     return loc + rho * slope_loc * (2 * log_scale).exp(), -0.5 * precision.log()


# %% wrong no_chain, from right natural: The slope for E z is taken to be that for m.
# diagnosis: chain_forgotten
#-     by_first, by_second = slope_loc - 2 * loc * by_variance, by_variance
#+     by_first, by_second = slope_loc, by_variance


# %% wrong slope_of_scale, from right natural: The slope in the log scale is taken for one in the scale.
# diagnosis: scale_for_log
#-     by_variance = slope_log_scale / (2 * variance)
#+     by_variance = slope_log_scale / (2 * variance.sqrt())


# %% wrong slope_of_variance, from right natural: The slope in the log scale is taken for one in the variance.
# diagnosis: scale_for_log_square
#-     by_variance = slope_log_scale / (2 * variance)
#+     by_variance = slope_log_scale


# %% wrong half, from right natural: Half of the slope is lost.
# diagnosis: factor_two
#-     by_variance = slope_log_scale / (2 * variance)
#+     by_variance = slope_log_scale / (4 * variance)


# %% wrong twice, from right precisions: The slope counts twice.
# diagnosis: factor_two
#-     precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
#+     precision = (-2 * log_scale).exp() * (1 - 2 * rho * slope_log_scale)


# %% wrong down, from right precisions: The step goes down, as an optimizer does.
# diagnosis: descent
#-     precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
#+     slope_loc = -slope_loc
#+     precision = (-2 * log_scale).exp() * (1 + rho * slope_log_scale)


# %% wrong whole_step, from right precisions: rho is ignored.
# diagnosis: rho_ignored
#-     precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)
#+     rho = 1.0
#+     precision = (-2 * log_scale).exp() * (1 - rho * slope_log_scale)


# %% wrong blended, from right precisions: Variances are blended, where precisions are to be.
# diagnosis: variance_blended
#-     return loc + rho * slope_loc / precision, -0.5 * precision.log()
#+     variance, whole = (2 * log_scale).exp(), (2 * log_scale).exp() / (1 - slope_log_scale)
#+     return loc + rho * slope_loc / precision, 0.5 * ((1 - rho) * variance + rho * whole).log()


# %% wrong gradient_in_natural, from right natural: The gradient in the natural parameters is added to them.
# diagnosis: gradient_in_natural
#-     by_first, by_second = slope_loc - 2 * loc * by_variance, by_variance
#+     by_first, by_second = variance * slope_loc, 2 * loc * variance * slope_loc + variance * slope_log_scale


# %% wrong clamped, from right precisions: A precision that would not be positive is clamped.
# diagnosis: not_refused
#-     if not bool((precision > 0).all()):
#-         raise ValueError("the step leaves the family: a precision would not be positive")
#+     precision = precision.clamp_min(1e-12)


# %% wrong some_refused, from right precisions: Refused only where every precision would be negative.
# diagnosis: not_refused
#-     if not bool((precision > 0).all()):
#+     if not bool((precision > 0).any()):


# %% wrong scale, from right precisions: The scale comes back, not its logarithm.
# diagnosis: scale_returned
#-     return loc + rho * slope_loc / precision, -0.5 * precision.log()
#+     return loc + rho * slope_loc / precision, precision.rsqrt()
