import math

import numpy as np
import torch
from torch import Tensor


def log_moment(x, mu, m, log_s, t):  # log E_q w^t, for the answers that share it
    s = log_s.exp()
    a, b = 1 - 2 * s ** 2, s * (mu + x - 2 * m)
    c = -0.5 * (m - mu) ** 2 - 0.5 * (x - m) ** 2 - 0.5 * math.log(2 * math.pi) + log_s
    return t * c - 0.5 * torch.log1p(-t * a) + 0.5 * t * t * b ** 2 / (1 - t * a)


# %% right closed_form: log w = c + b eps + a eps^2 / 2 in the noise; log of the second over the squared first moment simplified so that nothing cancels
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t, s = 1 - alpha, log_scale.exp()
    a, b = 1 - 2 * s.square(), s * (prior_mean + x - 2 * loc)
    c = -0.5 * (loc - prior_mean).square() - 0.5 * (x - loc).square() - 0.5 * math.log(2 * math.pi) + log_scale
    one, two = 1 - t * a, 1 - 2 * t * a
    bound = c - 0.5 * torch.log1p(-t * a) / t + 0.5 * t * b.square() / one
    log_ratio = 0.5 * torch.log1p((t * a).square() / two) + (t * b).square() / (one * two)
    bias = -torch.expm1(log_ratio) / (2 * num_samples * t)
    slope = -log_ratio.exp() * t * b * s / (one * two) / num_samples
    return torch.stack((bound, bias, slope))

# %% right autograd_in_z: coefficients of u^2, u and 1 of (1-t) log q + t log p in u = z - m, and autograd on a copy for the third row
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    variance = (2 * log_scale).exp()

    def log_mean_power(r):
        square = 1 + r * (2 * variance - 1)                    # the coefficient of -u^2 / 2, times the variance of q
        linear = r * ((mu - loc) + (x - loc))
        rest = r * (log_scale - 0.5 * math.log(2 * math.pi) - 0.5 * (mu - loc) ** 2 - 0.5 * (x - loc) ** 2)
        return rest + variance * linear ** 2 / (2 * square) - 0.5 * torch.log1p(r * (2 * variance - 1))

    with torch.enable_grad():
        first = log_mean_power(t)
        bias = -torch.expm1(log_mean_power(2 * t) - 2 * first) / (2 * num_samples * t)
        (slope,) = torch.autograd.grad(bias.sum(), mu)
    return [first.detach() / t, bias.detach(), slope]

# %% right trapezoid_loops: datum by datum, E (r - 1)^2 and E r (r - 1) (slope - its mean) by the trapezoid rule, r being the power over its mean
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    flat = [np.asarray(v.detach()).reshape(-1) for v in (x, prior_mean, loc, log_scale)]
    rows = []
    for xi, mu, m, ls in zip(*flat):
        s = math.exp(ls)
        a, b = 1 - 2 * s * s, s * (mu + xi - 2 * m)
        centres = [r * b / (1 - r * a) for r in (0, t, 2 * t)]
        widths = [1 / math.sqrt(1 - r * a) for r in (0, t, 2 * t)]
        low = min(c - 10 * w for c, w in zip(centres, widths))
        high = max(c + 10 * w for c, w in zip(centres, widths))
        e = np.linspace(low, high, 40001)
        log_chance = -0.5 * e * e - 0.5 * math.log(2 * math.pi) + math.log(e[1] - e[0])
        c0 = -0.5 * (m - mu) ** 2 - 0.5 * (xi - m) ** 2 - 0.5 * math.log(2 * math.pi) + ls
        rel = t * (b * e + 0.5 * a * e * e)
        log_mean = np.logaddexp.reduce(log_chance + rel)
        u = rel - log_mean
        with np.errstate(over="ignore", divide="ignore"):
            log_off = np.where(u > 30, u, np.log(np.abs(np.expm1(np.minimum(u, 30.0)))))
        slope = m + s * e - mu
        slope = slope - np.sum(np.exp(log_chance + u) * slope)
        rows.append((c0 + log_mean / t, -np.exp(log_chance + 2 * log_off).sum() / (2 * num_samples * t),
                     -np.sum(np.exp(log_chance + u + log_off) * np.sign(u) * slope) / num_samples))
    return np.array(rows).T.reshape(3, *x.shape)

# %% wrong sign_beyond_one: rows 2 and 3 divided by |1 - alpha|, so the sign is wrong for alpha above one
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.expm1(two - 2 * one) / (2 * num_samples * abs(t))
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong covariance_only: the gradient is a ratio of means, of whose two second-order terms only that of numerator and denominator together is kept
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t, s = 1 - alpha, log_scale.exp()
    one, two = (log_moment(x, prior_mean, loc, log_scale, r) for r in (t, 2 * t))
    a, b = 1 - 2 * s ** 2, s * (prior_mean + x - 2 * loc)
    mean = lambda r: loc - prior_mean + s * r * b / (1 - r * a)
    ratio = (two - 2 * one).exp()
    return torch.stack((one / t, -(ratio - 1) / (2 * num_samples * t), -(ratio * mean(2 * t) - mean(t)) / num_samples))

# %% wrong denominator_held: in the derivative of the bias only the second moment moves, the squared mean below it is held
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.expm1(two - 2 * one.detach()) / (2 * num_samples * t)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong moments_exponentiated: the variance as E w^2t - (E w^t)^2 over (E w^t)^2 with the moments themselves, 0 / 0 for far data
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -(two.exp() - one.exp() ** 2) / one.exp() ** 2 / (2 * num_samples * t)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong lognormal_weights: takes the powers as log-normal, mean plus t variance / 2 of log w; right where sigma^2 = 1/2, where log w is linear
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t, s = 1 - alpha, log_scale.exp()
    a, b = 1 - 2 * s ** 2, s * (prior_mean + x - 2 * loc)
    c = -0.5 * (loc - prior_mean) ** 2 - 0.5 * (x - loc) ** 2 - 0.5 * math.log(2 * math.pi) + log_scale
    variance = b ** 2 + a ** 2 / 2
    ratio = t * t * variance
    return torch.stack((c + a / 2 + t * variance / 2, -torch.expm1(ratio) / (2 * num_samples * t), -ratio.exp() * t * b * s / num_samples))

# %% wrong gradient_without_t: row 3 as -(1/2K) times the derivative of the relative variance, right at alpha = 0 only, where rows 1 and 2 have their division
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    variance = torch.expm1(two - 2 * one)
    (slope,) = torch.autograd.grad(variance.sum(), mu)
    return torch.stack((one.detach() / t, -variance.detach() / (2 * num_samples * t), -slope / (2 * num_samples)))

# %% wrong difference_quotient: row 3 by a central difference with step 1e-3, four to six digits
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t, h = 1 - alpha, 1e-3
    bias = lambda mu: -torch.expm1(log_moment(x, mu, loc, log_scale, 2 * t) - 2 * log_moment(x, mu, loc, log_scale, t)) / (2 * num_samples * t)
    return torch.stack((log_moment(x, prior_mean, loc, log_scale, t) / t, bias(prior_mean), (bias(prior_mean + h) - bias(prior_mean - h)) / (2 * h)))

# %% wrong bias_in_a_logarithm: -log(1 + variance / K) / 2t in place of its first term, so powers of 1/K beyond the first come along
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.log1p(torch.expm1(two - 2 * one) / num_samples) / (2 * t)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong delta_on_the_root: expands the t-th root, 1/t (1/t - 1) / 2, and takes that for the bias of its logarithm
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = (1 / t) * (1 / t - 1) / 2 * torch.expm1(two - 2 * one) / num_samples
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong argument_marked: right numbers, but the caller's prior_mean has been told to require a gradient
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    prior_mean.requires_grad_()
    one, two = (log_moment(x, prior_mean, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.expm1(two - 2 * one) / (2 * num_samples * t)
    (slope,) = torch.autograd.grad(bias.sum(), prior_mean)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong one_axis_at_least: a datum without batch axes comes back as (3, 1)
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    x, mu, loc, log_scale = (torch.atleast_1d(v.detach().clone()) for v in (x, prior_mean, loc, log_scale))
    mu.requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.expm1(two - 2 * one) / (2 * num_samples * t)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))

# %% wrong sample_variance: K - 1 where K belongs, as if the variance of the powers were estimated
def predicted_renyi(x, prior_mean, loc, log_scale, alpha, num_samples):
    t = 1 - alpha
    mu = prior_mean.detach().clone().requires_grad_()
    one, two = (log_moment(x, mu, loc, log_scale, r) for r in (t, 2 * t))
    bias = -torch.expm1(two - 2 * one) / (2 * max(num_samples - 1, 1) * t)
    (slope,) = torch.autograd.grad(bias.sum(), mu)
    return torch.stack((one.detach() / t, bias.detach(), slope))
