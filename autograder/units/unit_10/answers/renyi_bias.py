# %% right completed_square: Completing the square; the last row by autograd.
import math

import torch


def log_moment(power, x, mu, m, log_s):
    s2 = (2 * log_s).exp()
    a, b = 1 - 1 / (2 * s2), x + mu - m / s2
    c = -0.5 * (x**2 + mu**2) + 0.5 * m**2 / s2 + log_s - 0.5 * math.log(2 * math.pi)
    precision = 1 / s2 + 2 * power * a
    linear = m / s2 + power * b
    return power * c - 0.5 * (precision * s2).log() + 0.5 * linear**2 / precision - 0.5 * m**2 / s2


def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    power = 1 - alpha
    mu = prior_mean.clone().requires_grad_()
    one = log_moment(power, x, mu, loc, log_scale)
    two = log_moment(2 * power, x, mu, loc, log_scale)
    bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack([one / power, bias, slope]).detach()


# %% right by_hand: Around the posterior, in NumPy, with the slope by hand.
import numpy as np


def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    x, mu, m, s = x.numpy(), prior_mean.numpy(), loc.numpy(), np.exp(log_scale.numpy())
    t = 1 - alpha
    evidence = -((x - mu) ** 2) / 4 - np.log(4 * np.pi) / 2
    d = m - (x + mu) / 2                       # q's mean, seen from the posterior's

    def log_r(u):                              # log E (posterior / q)^u under q
        left = u * 2 + (1 - u) / s**2
        return u / 2 * np.log(2) - (1 - u) * np.log(s) - 0.5 * np.log(left) - u * (1 - u) * d**2 / (s**2 * left)

    def slope(u):                              # in mu: d falls by half
        return u * (1 - u) * d / (s**2 * (u * 2 + (1 - u) / s**2))

    rho = np.exp(log_r(2 * t) - 2 * log_r(t)) - 1
    factor = -0.5 / num_samples / t
    return [evidence + log_r(t) / t, factor * rho, factor * (rho + 1) * (slope(2 * t) - 2 * slope(t))]


# %% right loops: Datum by datum, by sums over a fine grid; slopes of the moments under the integral.
import numpy as np
import torch


def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t, shape = 1 - alpha, x.shape
    out = np.zeros((3, x.numel()))
    for i, (a, mu, m, ls) in enumerate(zip(*(v.reshape(-1).tolist() for v in (x, prior_mean, loc, log_scale)))):
        variances = [1 / ((1 - u) / np.exp(2 * ls) + 2 * u) for u in (0, t, 2 * t)]
        means = [v * ((1 - u) * m / np.exp(2 * ls) + u * (a + mu)) for u, v in zip((0, t, 2 * t), variances)]
        moments, slopes = [], []
        for u, centre, v in zip((t, 2 * t), means[1:], variances[1:]):
            z = centre + v**0.5 * np.linspace(-11, 11, 801)
            log_q = -((z - m) ** 2) / 2 / np.exp(2 * ls) - ls - np.log(2 * np.pi) / 2
            log_p = -((z - mu) ** 2) / 2 - (a - z) ** 2 / 2 - np.log(2 * np.pi)
            value = (1 - u) * log_q + u * log_p
            top = value.max()
            mass = np.exp(value - top)
            moments.append(top + np.log(mass.sum() * (z[1] - z[0])))
            slopes.append(u * (mass @ (z - mu)) / mass.sum())
        ratio = np.exp(moments[1] - 2 * moments[0])
        out[0, i] = moments[0] / t
        out[1, i] = -(ratio - 1) / (2 * num_samples * t)
        out[2, i] = -ratio * (slopes[1] - 2 * slopes[0]) / (2 * num_samples * t)
    return torch.tensor(out).reshape(3, *shape)


# %% wrong undivided, from right completed_square: The bias is that of the logarithm alone.
# diagnosis: not_divided
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.expm1(two - 2 * one) / (2 * num_samples)


# %% wrong always_down, from right completed_square: A bound from samples lies below, whatever alpha is.
# diagnosis: always_down
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * abs(power))


# %% wrong second_moment, from right completed_square: The mean square for the variance.
# diagnosis: second_moment
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.exp(two - 2 * one) / (2 * num_samples * power)


# %% wrong as_iwae, from right completed_square: The relative variance of the weights themselves.
# diagnosis: value
#-     two = log_moment(2 * power, x, mu, loc, log_scale)
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     two = log_moment(2.0, x, mu, loc, log_scale)
#+     first = log_moment(1.0, x, mu, loc, log_scale)
#+     bias = -torch.expm1(two - 2 * first) / (2 * num_samples * power)


# %% wrong half_lost, from right completed_square: The half of the second order is lost.
# diagnosis: half_lost
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.expm1(two - 2 * one) / (num_samples * power)


# %% wrong root_k, from right completed_square: The bias falls with the root of K.
# diagnosis: root_k
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.expm1(two - 2 * one) / (2 * num_samples**0.5 * power)


# %% wrong order_alpha, from right completed_square: The weights to the power alpha.
# diagnosis: order_alpha
#-     power = 1 - alpha
#+     power = alpha if alpha else 1e-9


# %% wrong bound_slope, from right completed_square: The gradient of the bound in place of its bias.
# diagnosis: slope_of_bound
#-     (slope,) = torch.autograd.grad(bias.sum(), mu)
#+     (slope,) = torch.autograd.grad((one / power).sum(), mu)


# %% wrong moment_held, from right completed_square: The mean of the powers is detached.
# diagnosis: moment_held
#-     bias = -torch.expm1(two - 2 * one) / (2 * num_samples * power)
#+     bias = -torch.expm1(two - 2 * one.detach()) / (2 * num_samples * power)


# %% wrong variance, from right completed_square: exp(log_scale) as the variance.
# diagnosis: log_scale_as_variance
#-     one = log_moment(power, x, mu, loc, log_scale)
#-     two = log_moment(2 * power, x, mu, loc, log_scale)
#+     one = log_moment(power, x, mu, loc, log_scale / 2)
#+     two = log_moment(2 * power, x, mu, loc, log_scale / 2)


# %% wrong exponentials, from right by_hand: Moments of the weights themselves, which are smaller than any number far out.
# diagnosis: not_finite
#-     rho = np.exp(log_r(2 * t) - 2 * log_r(t)) - 1
#+     one, two = np.exp(t * evidence + log_r(t)), np.exp(2 * t * evidence + log_r(2 * t))
#+     rho = two / one**2 - 1
