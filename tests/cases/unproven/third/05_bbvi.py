import copy
import math

import numpy as np
import torch
from torch import Tensor


def generator_of(seed):
    return torch.Generator().manual_seed(seed)


def climb(p, q, x, generator, steps=1000, K=64, rate=0.1, parameters=None, reward_of=None):
    """Adam with a falling rate on the leave-one-out surrogate."""
    parameters = [*q.parameters(), *p.parameters()] if parameters is None else parameters
    optimizer = torch.optim.Adam(parameters, lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    bounds = []
    for _ in range(steps):
        optimizer.zero_grad()
        z = q.sample(K, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        log_w = (log_p - log_q).detach()
        reward = log_w if reward_of is None else reward_of(log_p.detach(), log_q.detach())
        centred = (reward - reward.mean()) * K / (K - 1)
        (-(centred * log_q + log_p).mean()).backward()
        optimizer.step()
        falling.step()
        bounds.append(log_w.mean().item())
    return bounds


# %% right adam_leave_one_out: leave-one-out rewards, Adam with a falling rate on phi and theta together
def bbvi(p, q, x: Tensor, seed: int) -> list[float]:
    return climb(p, q, x, generator_of(seed))


# %% right natural_steps: the score's regression on reward gives natural gradient steps for loc and log_scale by hand, theta climbs by plain ascent with autograd
def bbvi(p, q, x, seed):
    generator, bounds, steps, K = generator_of(seed), [], 600, 200
    theta = list(p.parameters())
    for step in range(steps):
        z = q.sample(K, generator=generator)
        log_p = p.log_joint(x, z)
        slopes = torch.autograd.grad(log_p.mean(), theta)
        with torch.no_grad():
            log_w = log_p - q(x, z)
            bounds.append(log_w.mean().item())
            scale = q.log_scale.exp()
            e = (z - q.loc) / scale
            design = torch.cat([torch.ones(K, 1, dtype=z.dtype), e, e**2 - 1], 1)
            fit = torch.linalg.lstsq(design, log_w.unsqueeze(-1)).solution[1:, 0]
            D, rate = e.shape[1], 0.3 * (1 - step / steps) + 0.002
            q.loc += (rate * scale * fit[:D]).clamp(-1.0, 1.0)
            q.log_scale += (rate * fit[D:]).clamp(-0.3, 0.3)
            for parameter, slope in zip(theta, slopes):
                parameter += (0.5 * rate * slope).clamp(-0.1, 0.1)
    return bounds


# %% right running_baseline: the baseline is a running mean of earlier rewards, RMSprop by hand, three phases of step sizes, tail averaging of the iterates
def bbvi(p, q, x, seed):
    generator, bounds, K = generator_of(seed), [], 100
    parameters = [*q.parameters(), *p.parameters()]
    squares, sums, counted, base = [torch.zeros_like(v) for v in parameters], [torch.zeros_like(v) for v in parameters], 0, None
    for rate, steps in ((0.05, 500), (0.01, 500), (0.003, 500)):
        for step in range(steps):
            z = q.sample(K, generator=generator)
            log_p, log_q = p.log_joint(x, z), q(x, z)
            log_w = (log_p - log_q).detach()
            base = log_w.mean() if base is None else base
            surrogate = ((log_w - base) * log_q + log_p).mean()
            gradients = torch.autograd.grad(surrogate, parameters)
            base = 0.8 * base + 0.2 * log_w.mean()
            bounds.append(float(log_w.mean()))
            with torch.no_grad():
                for v, g, s, total in zip(parameters, gradients, squares, sums):
                    s.mul_(0.95).add_(0.05 * g**2)
                    v += rate * g / (s.sqrt() + 1e-8)
                    if rate < 0.005 and step >= 250:
                        total += v
                counted += rate < 0.005 and step >= 250
    with torch.no_grad():
        for v, total in zip(parameters, sums):
            v.copy_(total / counted)
    return bounds


# %% wrong theta_left_alone: only q is in the optimizer; the prior stays as wide as it was
def bbvi(p, q, x, seed):
    return climb(p, q, x, generator_of(seed), parameters=list(q.parameters()))


# %% wrong global_stream: q samples from torch's global stream, and the seed is ignored
def bbvi(p, q, x, seed):
    return climb(p, q, x, None)


# %% wrong seed_zero_always: the generator is made from 0, whatever the seed
def bbvi(p, q, x, seed):
    return climb(p, q, x, generator_of(0))


# %% wrong log_prior_scale_not_below_zero: the prior scale is kept at one or above after each step
def bbvi(p, q, x, seed):
    generator, bounds = generator_of(seed), []
    for rate in (0.1, 0.05, 0.02, 0.01):
        bounds += climb(p, q, x, generator, steps=250, rate=rate)
        with torch.no_grad():
            for parameter in p.parameters():
                parameter.clamp_(min=0.0)
    frozen = list(q.parameters())
    return bounds + climb(p, q, x, generator, steps=300, rate=0.02, parameters=frozen)


# %% wrong half_of_the_rows: each step sees every other row of the data and does not scale up
def bbvi(p, q, x, seed):
    return climb(p, q, x[::2], generator_of(seed))


# %% wrong losses_returned: the list holds the losses, minus the bounds
def bbvi(p, q, x, seed):
    return [-bound for bound in climb(p, q, x, generator_of(seed))]


# %% wrong decayed_weights: a weight decay of one in Adam pulls means, log scales and log tau towards zero
def bbvi(p, q, x, seed):
    generator, bounds, K, steps = generator_of(seed), [], 64, 1000
    optimizer = torch.optim.Adam([*q.parameters(), *p.parameters()], lr=0.1, weight_decay=1.0)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        z = q.sample(K, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        log_w = (log_p - log_q).detach()
        (-((log_w - log_w.mean()) * log_q + log_p).mean()).backward()
        optimizer.step()
        falling.step()
        bounds.append(log_w.mean().item())
    return bounds


# %% wrong early_stop: two hundred small steps: it is still climbing
def bbvi(p, q, x, seed):
    return climb(p, q, x, generator_of(seed), steps=200, rate=0.02)


# %% wrong no_bound_but_log_p: everything is trained well; the list holds the mean of log p without the entropy
def bbvi(p, q, x, seed):
    generator, parameters = generator_of(seed), [*q.parameters(), *p.parameters()]
    optimizer, bounds = torch.optim.Adam(parameters, lr=0.1), []
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000)
    for _ in range(1000):
        optimizer.zero_grad()
        z = q.sample(64, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        reward = (log_p - log_q).detach()
        (-((reward - reward.mean()) * log_q + log_p).mean()).backward()
        optimizer.step()
        falling.step()
        bounds.append(log_p.mean().item())
    return bounds


# %% wrong reward_knows_theta: the reward is not cut from p: theta gets log q times its gradient on top
def bbvi(p, q, x, seed):
    generator, parameters, bounds = generator_of(seed), [*q.parameters(), *p.parameters()], []
    optimizer = torch.optim.Adam(parameters, lr=0.1)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000)
    for _ in range(1000):
        optimizer.zero_grad()
        z = q.sample(64, generator=generator)
        log_p, log_q = p.log_joint(x, z), q(x, z)
        reward = log_p - log_q.detach()
        (-((reward - reward.mean().detach()) * log_q + log_p).mean()).backward()
        optimizer.step()
        falling.step()
        bounds.append((log_p - log_q).mean().item())
    return bounds
