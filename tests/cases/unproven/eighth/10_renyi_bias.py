import math

import torch
from torch import Tensor

# %% right noise_coordinates_and_jvp: log w as a quadratic in the standard noise, its moment generating function, and forward-mode differentiation for the third row
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    t = 1.0 - alpha

    def log_moment(mu, power):
        sigma = log_scale.exp()
        level = -0.5 * (loc - mu) ** 2 - 0.5 * (x - loc) ** 2 + log_scale - 0.5 * math.log(2 * math.pi)
        tilt = sigma * (mu + x - 2 * loc)
        bend = 0.5 - sigma**2
        room = 1 - 2 * power * bend
        return power * level + (power * tilt) ** 2 / (2 * room) - 0.5 * room.log()

    def bias(mu):
        return -torch.expm1(log_moment(mu, 2 * t) - 2 * log_moment(mu, t)) / (2 * t * num_samples)

    second, third = torch.func.jvp(bias, (prior_mean,), (torch.ones_like(prior_mean),))
    return torch.stack([log_moment(prior_mean, t) / t, second, third])


# %% wrong one_less_sample: divides by K - 1, as an unbiased variance would, which mixes in terms beyond the one in 1/K
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    t = 1.0 - alpha
    mu = prior_mean.detach().clone().requires_grad_()

    def log_moment(power):
        a = 2 * power + (1 - power) * (-2 * log_scale).exp()
        b = power * (mu + x) + (1 - power) * loc * (-2 * log_scale).exp()
        c = -0.5 * power * (mu**2 + x**2 + 2 * math.log(2 * math.pi)) - (1 - power) * (
            0.5 * loc**2 * (-2 * log_scale).exp() + log_scale + 0.5 * math.log(2 * math.pi)
        )
        return c + b**2 / (2 * a) + 0.5 * (2 * math.pi / a).log()

    second = -torch.expm1(log_moment(2 * t) - 2 * log_moment(t)) / (2 * t * (num_samples - 1))
    (third,) = torch.autograd.grad(second.sum(), mu)
    return torch.stack([log_moment(t) / t, second, third]).detach()


# %% wrong mean_held_fixed: in the third row only the second moment moves with the prior mean; the first is taken for a constant normalizer and detached
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    t = 1.0 - alpha
    mu = prior_mean.detach().clone().requires_grad_()

    def log_moment(power):
        sigma = log_scale.exp()
        level = -0.5 * (loc - mu) ** 2 - 0.5 * (x - loc) ** 2 + log_scale - 0.5 * math.log(2 * math.pi)
        tilt = sigma * (mu + x - 2 * loc)
        room = 1 - power * (1 - 2 * sigma**2)
        return power * level + (power * tilt) ** 2 / (2 * room) - 0.5 * room.log()

    first = log_moment(t).detach()
    second = -torch.expm1(log_moment(2 * t) - 2 * first) / (2 * t * num_samples)
    (third,) = torch.autograd.grad(second.sum(), mu)
    return torch.stack([first / t, second.detach(), third])


# %% wrong variance_of_the_log: the relative variance of the powers is taken to be t squared times the variance of log w, a small-variance approximation sold as exact
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    t = 1.0 - alpha
    sigma = log_scale.exp()
    level = -0.5 * (loc - prior_mean) ** 2 - 0.5 * (x - loc) ** 2 + log_scale - 0.5 * math.log(2 * math.pi)
    tilt = sigma * (prior_mean + x - 2 * loc)
    bend = 0.5 - sigma**2
    room = 1 - 2 * t * bend
    bound = level + t * tilt**2 / (2 * room) - 0.5 * room.log() / t
    spread = tilt**2 + 2 * bend**2
    second = -0.5 * t * spread / num_samples
    third = -0.5 * t * 2 * tilt * sigma / num_samples
    return torch.stack([bound, second, third])


# %% wrong plain_moments: rows two and three are made of the moments themselves, not of their logarithms, so that far data give 0/0
def predicted_renyi(x: Tensor, prior_mean: Tensor, loc: Tensor, log_scale: Tensor, alpha: float, num_samples: int) -> Tensor:
    t = 1.0 - alpha
    mu = prior_mean.detach().clone().requires_grad_()

    def log_moment(power):
        sigma = log_scale.exp()
        level = -0.5 * (loc - mu) ** 2 - 0.5 * (x - loc) ** 2 + log_scale - 0.5 * math.log(2 * math.pi)
        tilt = sigma * (mu + x - 2 * loc)
        room = 1 - power * (1 - 2 * sigma**2)
        return power * level + (power * tilt) ** 2 / (2 * room) - 0.5 * room.log()

    mean = log_moment(t).exp()
    variance = log_moment(2 * t).exp() - mean**2
    second = -variance / mean**2 / (2 * t * num_samples)
    (third,) = torch.autograd.grad(second.sum(), mu)
    return torch.stack([log_moment(t) / t, second, third]).detach()
