import math

import numpy as np
import torch
from torch import Tensor


# %% right closed_form: the formula in u = sigma^2 + theta^2, both tops cut off at zero
def learned_theta(x: Tensor, scale: Tensor, noise_scale: Tensor) -> tuple[Tensor, Tensor]:
    rms = x.square().mean(-1).sqrt()
    u = noise_scale * rms / scale
    theta = (u - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (rms**2 - noise_scale**2).clamp(min=0.0).sqrt()
    return theta, theta - ml


# %% right roots_of_polynomial: NumPy loop over data sets; the stationary points in t = theta^2 from np.roots, and the best of them and zero
def learned_theta(x, scale, noise_scale):
    data, s, n = x.detach().numpy(), scale.detach().numpy(), noise_scale.detach().numpy()
    theta, bias = np.zeros(s.shape), np.zeros(s.shape)
    for index in np.ndindex(s.shape):
        second, v, w = float(np.mean(data[index] ** 2)), float(n[index]) ** 2, float(s[index]) ** 2
        bound = lambda t: -0.5 * second / (v + t) - 0.5 * t * w / v
        evidence = lambda t: -0.5 * math.log(v + t) - 0.5 * second / (v + t)
        candidates = [0.0] + [r.real for r in np.roots([w, 2 * v * w, v * v * w - v * second]) if abs(r.imag) < 1e-12 and r.real > 0]
        theta[index] = math.sqrt(max(candidates, key=bound))
        candidates = [0.0] + [r.real for r in np.roots([-1.0, second - v]) if r.real > 0]
        bias[index] = theta[index] - math.sqrt(max(candidates, key=evidence))
    return torch.as_tensor(theta), torch.as_tensor(bias)


# %% right bisection_on_slopes: no formula; 200 bisections of the autograd slope of the summed bound in t = theta^2, for all data sets at once
def learned_theta(x, scale, noise_scale):
    x, s, n = x.detach(), scale.detach(), noise_scale.detach()

    def bound(t):
        theta = t.sqrt().unsqueeze(-1)
        m = theta.detach() * x / (n.unsqueeze(-1) ** 2 + theta.detach() ** 2)
        fit = ((x - theta * m) ** 2 + theta**2 * s.unsqueeze(-1) ** 2) / (2 * n.unsqueeze(-1) ** 2)
        return -fit.sum(-1)

    def evidence(t):
        v = (n**2 + t).unsqueeze(-1)
        return (-0.5 * v.log() - 0.5 * x**2 / v).sum(-1)

    def top(curve):
        low, high = torch.zeros_like(n), (n + s + 1 / s + x.abs().amax(-1) + 1) ** 4
        for _ in range(200):
            t = ((low + high) / 2).clamp(min=1e-300).requires_grad_()
            up = torch.autograd.grad(curve(t).sum(), t)[0] > 0
            low, high = torch.where(up, t.detach(), low), torch.where(up, high, t.detach())
        return torch.where(low > 0, low, torch.zeros_like(low)).sqrt()

    theta = top(bound)
    return theta, theta - top(evidence)


# %% wrong centred_data: the variance around the mean of the data in place of the mean square
def learned_theta(x, scale, noise_scale):
    second = x.var(-1, correction=0)
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (second - noise_scale**2).clamp(min=0.0).sqrt()
    return theta, theta - ml


# %% wrong nan_to_num_of_bias: the bias is made from unclamped roots and its NaN replaced by zero, though only one of the two tops lies at zero
def learned_theta(x, scale, noise_scale):
    second = x.square().mean(-1)
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).sqrt()
    ml = (second - noise_scale**2).sqrt()
    return torch.nan_to_num(theta, nan=0.0), torch.nan_to_num(theta - ml, nan=0.0)


# %% wrong ml_not_cut: if the theta of the bound is zero the bias is set to zero too, whatever maximum likelihood says
def learned_theta(x, scale, noise_scale):
    second = x.square().mean(-1)
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (second - noise_scale**2).clamp(min=0.0).sqrt()
    return theta, torch.where(theta > 0, theta - ml, torch.zeros_like(theta))


# %% wrong tiny_floor: a floor of 1e-6 below the root, so that a theta of zero comes out as a thousandth
def learned_theta(x, scale, noise_scale):
    second = x.square().mean(-1)
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=1e-6).sqrt()
    ml = (second - noise_scale**2).clamp(min=1e-6).sqrt()
    return theta, theta - ml


# %% wrong root_of_absolute_value: the absolute value in place of the cut, so that tops at zero come out positive
def learned_theta(x, scale, noise_scale):
    second = x.square().mean(-1)
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (second - noise_scale**2).abs().sqrt()
    return theta, theta - ml


# %% wrong squeezed_data: squeeze() drops the data axis when every set has one datum, and the mean goes over the data sets
def learned_theta(x, scale, noise_scale):
    second = x.squeeze().square().mean(-1) if x.squeeze().dim() else x.squeeze().square()
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (second - noise_scale**2).clamp(min=0.0).sqrt()
    return theta + 0 * scale, theta - ml


# %% wrong pooled_over_batch: the mean square is taken over all data sets of the batch
def learned_theta(x, scale, noise_scale):
    second = x.square().mean()
    theta = (noise_scale * second.sqrt() / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (second - noise_scale**2).clamp(min=0.0).sqrt()
    return theta, theta - ml


# %% wrong search_up_to_five: a fine bisection that never looks beyond theta = 5, where a narrow q sends it
def learned_theta(x, scale, noise_scale):
    second = x.square().mean(-1)
    low, high = torch.zeros_like(scale), torch.full_like(scale, 5.0)
    for _ in range(100):
        mid = (low + high) / 2
        up = second / (noise_scale**2 + mid**2) ** 2 > scale**2 / noise_scale**2
        low, high = torch.where(up, mid, low), torch.where(up, high, mid)
    theta = torch.where(low > 0, high, torch.zeros_like(high))
    return theta, theta - (second - noise_scale**2).clamp(min=0.0).sqrt()


# %% wrong five_hundred_em_rounds: coordinate ascent in means and theta, stopped after 500 rounds: it is not there yet where the noise is large or the top is near zero
def learned_theta(x, scale, noise_scale):
    theta = torch.ones_like(scale)
    for _ in range(500):
        m = theta.unsqueeze(-1) * x / (noise_scale**2 + theta**2).unsqueeze(-1)
        theta = (x * m).mean(-1) / ((m**2).mean(-1) + scale**2)
    return theta, theta - (x.square().mean(-1) - noise_scale**2).clamp(min=0.0).sqrt()


# %% wrong absolute_deviation: the root of the mean square is taken for the mean of |x|; the same for one datum
def learned_theta(x, scale, noise_scale):
    rms = x.abs().mean(-1)
    theta = (noise_scale * rms / scale - noise_scale**2).clamp(min=0.0).sqrt()
    ml = (x.square().mean(-1) - noise_scale**2).clamp(min=0.0).sqrt()
    return theta, theta - ml
