import math

import numpy as np
import torch
from torch import Tensor

# %% right loops_in_python: plain Python over data sets and groups
def ml_two(y, sigma, mu, log_tau):
    batch, J = y.shape[:-1], y.shape[-1]
    values, gradients, bests, means = [], [], [], []
    for row, m, lt in zip(y.reshape(-1, J).tolist(), mu.reshape(-1).tolist(), log_tau.reshape(-1).tolist()):
        tau2 = math.exp(2 * lt)
        v = sigma ** 2 + tau2
        value, dm, dv = 0.0, 0.0, 0.0
        for each in row:
            value -= 0.5 * math.log(2 * math.pi * v) + (each - m) ** 2 / (2 * v)
            dm += (each - m) / v
            dv += ((each - m) ** 2 / v - 1) / (2 * v)
        center = math.fsum(row) / J
        best = max(0.0, math.fsum((each - center) ** 2 for each in row) / J - sigma ** 2)
        values.append(value)
        gradients.append((dm, 2 * tau2 * dv))
        bests.append((center, best))
        means.append([center + best / (best + sigma ** 2) * (each - center) for each in row])
    double = dict(dtype=torch.float64)
    return [torch.tensor(values, **double).reshape(batch), torch.tensor(gradients, **double).reshape(*batch, 2),
            torch.tensor(bests, **double).reshape(*batch, 2), torch.tensor(means, **double).reshape(y.shape)]

# %% right numpy_arrays_out: NumPy, NumPy arrays returned
def ml_two(y, sigma, mu, log_tau):
    y, mu, tau2 = np.asarray(y.detach()), np.asarray(mu.detach())[..., None], np.exp(2 * np.asarray(log_tau.detach()))
    J, v = y.shape[-1], sigma ** 2 + tau2
    square = ((y - mu) ** 2).sum(-1)
    value = -0.5 * J * np.log(2 * np.pi * v) - square / (2 * v)
    gradient = np.stack([(y - mu).sum(-1) / v, tau2 / v * (square / v - J)], -1)
    center = y.mean(-1)
    best = np.maximum(y.var(-1) - sigma ** 2, 0)
    shrink = best / (best + sigma ** 2)
    return value, gradient, np.stack([center, best], -1), center[..., None] + shrink[..., None] * (y - center[..., None])

# %% right autograd_on_clones: torch.distributions and autograd on detached clones; posterior means by precisions
def ml_two(y, sigma, mu, log_tau):
    with torch.enable_grad():
        a, b = mu.detach().clone().requires_grad_(), log_tau.detach().clone().requires_grad_()
        scale = torch.hypot(torch.as_tensor(sigma, dtype=b.dtype), b.exp())
        value = torch.distributions.Normal(a.unsqueeze(-1), scale.unsqueeze(-1)).log_prob(y.detach()).sum(-1)
        gradient = torch.stack(torch.autograd.grad(value.sum(), (a, b)), -1)
    center = y.mean(-1, keepdim=True)
    excess = torch.relu((y - center).square().mean(-1, keepdim=True) - sigma * sigma)
    noise = y - center
    means = y - noise * (sigma * sigma / (sigma * sigma + excess))
    return value.detach(), gradient, torch.cat([center, excess], -1), means

# %% wrong unbiased_variance: the best tau^2 from the variance with J - 1, as a moment estimate
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong small_not_zero: the best tau^2 is kept at 1e-8 at least, not zero
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=1e-8)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong zero_too_early: a best tau^2 below 1e-3 is rounded to zero, which is much where sigma is 0.01
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = y.var(-1, correction=0) - sigma ** 2
    best = torch.where(best < 1e-3, torch.zeros_like(best), best)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong slope_in_tau: the gradient's second column is in tau, not in log tau; right at tau = 1
def ml_two(y, sigma, mu, log_tau):
    tau = log_tau.exp()
    v, J, square = sigma ** 2 + tau ** 2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong raw_means_at_zero: where the best tau^2 is zero the means are left raw, "nothing to shrink with"
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=0)
    shrink = torch.where(best > 0, best / (best + sigma ** 2), torch.ones_like(best)).unsqueeze(-1)
    return value, gradient, torch.stack([center, best], -1), center.unsqueeze(-1) + shrink * (y - center.unsqueeze(-1))

# %% wrong best_tau_at_given_mu: the best tau^2 is the best at the given mu, not at the best mu
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (square / J - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong mean_of_everything: the best mu is the mean over all data sets; right for one data set
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean().expand(y.shape[:-1])
    best = ((y - center.unsqueeze(-1)).square().mean(-1) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong variance_plus_epsilon: 1e-6 is added to the variance of y, one percent where sigma is 0.01
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2 + 1e-6, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong clamped_log_tau: log tau is clamped to [-5, 5], so that the slope stands still beyond instead of dying out
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau.clamp(-5, 5)).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong stein_factor: posterior means with Efron and Morris's factor 1 - (J - 3) sigma^2 / S in place of the ML-II one
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    around = (y - center.unsqueeze(-1)).square().sum(-1)
    best = (around / J - sigma ** 2).clamp(min=0)
    shrink = (1 - max(J - 3, 0) * sigma ** 2 / around).clamp(min=0)
    return value, gradient, torch.stack([center, best], -1), center.unsqueeze(-1) + shrink.unsqueeze(-1) * (y - center.unsqueeze(-1))

# %% wrong one_pass_variance: the best tau^2 by mean of squares less square of mean, which cancels where y is far from zero and sigma small
def ml_two(y, sigma, mu, log_tau):
    tau2 = (2 * log_tau).exp()
    v, J, square = sigma ** 2 + tau2, y.shape[-1], (y - mu.unsqueeze(-1)).square().sum(-1)
    value = -0.5 * J * (2 * math.pi * v).log() - square / (2 * v)
    gradient = torch.stack([(y - mu.unsqueeze(-1)).sum(-1) / v, tau2 * (square / v - J) / v], -1)
    center = y.mean(-1)
    best = (y.square().mean(-1) - center.square() - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value, gradient, torch.stack([center, best], -1), means

# %% wrong arguments_require_grad: autograd on the arguments themselves: mu and log_tau come back with requires_grad set
def ml_two(y, sigma, mu, log_tau):
    mu.requires_grad_()
    log_tau.requires_grad_()
    v = sigma ** 2 + (2 * log_tau).exp()
    value = torch.distributions.Normal(mu.unsqueeze(-1), v.sqrt().unsqueeze(-1)).log_prob(y).sum(-1)
    gradient = torch.stack(torch.autograd.grad(value.sum(), (mu, log_tau)), -1)
    center = y.mean(-1)
    best = (y.var(-1, correction=0) - sigma ** 2).clamp(min=0)
    means = center.unsqueeze(-1) + (best / (best + sigma ** 2)).unsqueeze(-1) * (y - center.unsqueeze(-1))
    return value.detach(), gradient, torch.stack([center, best], -1), means
