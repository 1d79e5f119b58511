import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right multilinear: states weighted with products of b and 1 - b; then kappa b (1 - b)
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% right recursion_and_slope_at_the_mean: the bits are interpolated one by one, recursively; the mean slope is the multilinear one at p, by autograd
def rewrite(f, logits: Tensor) -> tuple:
    D = len(logits)

    def blend(b, fixed):
        i = len(fixed)
        if i == D:
            return f(torch.tensor([fixed], dtype=torch.float64))[0].detach() * torch.ones_like(b[:, 0])
        return (1 - b[:, i]) * blend(b, fixed + [0.0]) + b[:, i] * blend(b, fixed + [1.0])

    def unbiased(b):
        return blend(b, [])

    at = logits.detach().sigmoid().unsqueeze(0).requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(unbiased(at).sum(), at)
    kappa = 2 * slope[0] / torch.tanh(logits.detach() / 2)

    def turned(b):
        out = unbiased(b)
        for i in range(D):
            out = out + kappa[i] * b[:, i] * (1 - b[:, i])
        return out

    return unbiased, turned


# %% right second_from_f_itself: the second function keeps f as it is between the corners, and undoes the mean of its own slopes
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    at = states.clone().requires_grad_()
    with torch.enable_grad():
        (own,) = torch.autograd.grad(f(at).sum(), at)
    kappa = -(torch.stack(slope) + chances @ own) / (1 - 2 * p)

    def turned(b):
        return f(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong additive: a sum of functions of single bits: right for one bit, or where f has no interactions
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        total = torch.zeros_like(b[:, 0])
        for size in range(min(D, 1) + 1):
            for subset in itertools.combinations(range(D), size):
                # coefficient of the product of these bits, by inclusion and exclusion
                coefficient = 0.0
                for state, value in zip(states, values):
                    on = [i for i in range(D) if state[i] > 0.5]
                    if set(on) <= set(subset):
                        coefficient = coefficient + (-1) ** (size - len(on)) * value
                product = torch.ones_like(b[:, 0])
                for i in subset:
                    product = product * b[:, i]
                total = total + coefficient * product
        return total

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong pairs_only: products of up to two bits, none of three: right up to D = 2, or for quadratic f
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        total = torch.zeros_like(b[:, 0])
        for size in range(min(D, 2) + 1):
            for subset in itertools.combinations(range(D), size):
                # coefficient of the product of these bits, by inclusion and exclusion
                coefficient = 0.0
                for state, value in zip(states, values):
                    on = [i for i in range(D) if state[i] > 0.5]
                    if set(on) <= set(subset):
                        coefficient = coefficient + (-1) ** (size - len(on)) * value
                product = torch.ones_like(b[:, 0])
                for i in subset:
                    product = product * b[:, i]
                total = total + coefficient * product
        return total

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong triples_only: products of up to three bits: right up to D = 3
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        total = torch.zeros_like(b[:, 0])
        for size in range(min(D, 3) + 1):
            for subset in itertools.combinations(range(D), size):
                # coefficient of the product of these bits, by inclusion and exclusion
                coefficient = 0.0
                for state, value in zip(states, values):
                    on = [i for i in range(D) if state[i] > 0.5]
                    if set(on) <= set(subset):
                        coefficient = coefficient + (-1) ** (size - len(on)) * value
                product = torch.ones_like(b[:, 0])
                for i in subset:
                    product = product * b[:, i]
                total = total + coefficient * product
        return total

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong unbiased_at_this_q_only: the first is f plus kappa b (1 - b), unbiased at the logits given and nowhere else
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    p = logits.detach().sigmoid()
    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    at = states.clone().requires_grad_()
    (own,) = torch.autograd.grad(f(at).sum(), at)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    slope = torch.stack(slope)
    first = (slope - chances @ own) / (1 - 2 * p)
    second = (-slope - chances @ own) / (1 - 2 * p)
    return (lambda b: f(b) + (first * b * (1 - b)).sum(-1)), (lambda b: f(b) + (second * b * (1 - b)).sum(-1))


# %% wrong kappa_on_top_of_f: the second adds the multilinear function's kappa to f itself: right only for multilinear f
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return f(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong absolute_denominator: |1 - 2p| in the denominator: right for negative logits
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p).abs()

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong clamped_denominator: the denominator is kept 0.2 away from zero, which bites at logits nearer than 0.41
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (torch.sign(1 - 2 * p) * (1 - 2 * p).abs().clamp_min(0.2))

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong slope_of_f_at_the_mean: the truth is taken for the slope of f at p, as in mean field
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    at = p.unsqueeze(0).clone().requires_grad_()
    (slope,) = torch.autograd.grad(f(at).sum(), at)
    kappa = -2 * slope[0] / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong one_kappa_for_all: the mean of the kappas for every bit: right for one bit and for symmetric models
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    kappa = kappa.mean()

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong bits_reversed: the values are those of the states read backwards: right where f is symmetric in its bits
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states.flip(-1)).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        return (states * x + (1 - states) * (1 - x)).prod(-1) @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong detached_disguise: f's own values between the corners, with the multilinear function's slopes smuggled in by detach
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2)
        m = (states * x + (1 - states) * (1 - x)).prod(-1) @ values
        return f(b).detach() + m - m.detach()

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned


# %% wrong logs_of_clamped_bits: weights as exp of a sum of logs with b clamped to [1e-6, 1 - 1e-6]: no slope at the corners, and not the last digit
def rewrite(f, logits: Tensor) -> tuple:
    D = logits.shape[-1]
    states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=D)), dtype=logits.dtype)
    values = f(states).detach()
    p = logits.detach().sigmoid()

    def unbiased(b):
        x = b.unsqueeze(-2).clamp(1e-6, 1 - 1e-6)
        return (states * x.log() + (1 - states) * (1 - x).log()).sum(-1).exp() @ values

    chances = (states * p + (1 - states) * (1 - p)).prod(-1)
    slope = []
    for i in range(D):
        up, down = states.clone(), states.clone()
        up[:, i], down[:, i] = 1.0, 0.0
        slope.append((chances * (f(up) - f(down)).detach()).sum())
    kappa = -2 * torch.stack(slope) / (1 - 2 * p)

    def turned(b):
        return unbiased(b) + (kappa * b * (1 - b)).sum(-1)

    return unbiased, turned
