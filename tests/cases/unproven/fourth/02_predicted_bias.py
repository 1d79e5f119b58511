import math

import numpy as np
import torch
from torch import Tensor

# %% right loop_over_data: one datum at a time, the rows collected in lists and stacked with their graph
def predicted_bias(first, second, num_samples, t):
    rows = [[], [], []]
    for f, g in zip(first.reshape(-1), second.reshape(-1)):
        spread = (g / f - f) / f
        bias = -spread / (2 * num_samples)
        deviation = (spread / num_samples).sqrt()
        rows[0].append(bias)
        rows[1].append(deviation)
        rows[2].append((t * deviation / bias) ** 2)
    return torch.stack([torch.stack(row) for row in rows]).reshape(3, *first.shape)

# %% right in_logs: the relative variance as expm1 of log E w^2 - 2 log E w; R in closed form
def predicted_bias(first, second, num_samples, t):
    r = torch.expm1(second.log() - 2 * first.log())
    return torch.stack((-0.5 * r / num_samples, r.sqrt() / math.sqrt(num_samples), 4 * num_samples * t ** 2 / r))

# %% right second_derivative_of_log: the delta method through autograd of the logarithm, in the unit of E w (a unit kept in the graph)
def predicted_bias(first, second, num_samples, t):
    with torch.enable_grad():
        at = torch.ones(first.shape, dtype=first.dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(at.log().sum(), at, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), at)
    variance = ((second / first) / first - 1) / num_samples
    bias = 0.5 * curve * variance
    deviation = slope.detach().abs() * variance ** 0.5
    return torch.stack([bias, deviation, t * t * variance / bias ** 2])

# %% wrong unit_detached: the unit is taken out with first.detach(): values right, no gradient in E w
def predicted_bias(first, second, num_samples, t):
    unit = first.detach()
    r = second / unit ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t ** 2 / r])

# %% wrong new_tensor: values right, put into a new tensor, so that the graph is gone
def predicted_bias(first, second, num_samples, t):
    f, g = np.asarray(first.detach()), np.asarray(second.detach())
    r = g / f ** 2 - 1
    out = np.stack([-r / (2 * num_samples), np.sqrt(r / num_samples), 4 * num_samples * t ** 2 / r])
    return torch.tensor(out, requires_grad=True)

# %% wrong epsilon_in_unit: 1e-12 added to (E w)^2, which is no small number beside 1e-120
def predicted_bias(first, second, num_samples, t):
    r = (second - first ** 2) / (first ** 2 + 1e-12)
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t ** 2 / r])

# %% wrong k_minus_one: K - 1 in place of K, as if the moments were estimated
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    n = num_samples - 1
    return torch.stack([-r / (2 * n), (r / n).sqrt(), 4 * n * t ** 2 / r])

# %% wrong log_normal: bias and deviation of a log-normal mean, -log(1 + r/K)/2 and sqrt(log(1 + r/K)): not the leading order
def predicted_bias(first, second, num_samples, t):
    v = torch.log1p((second / first ** 2 - 1) / num_samples)
    return torch.stack([-v / 2, v.sqrt(), 4 * t ** 2 / v])

# %% wrong bias_in_deviation: the deviation is a root mean squared error, with the bias inside
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    bias = -r / (2 * num_samples)
    deviation = (r / num_samples + bias ** 2).sqrt()
    return torch.stack([bias, deviation, (t * deviation / bias) ** 2])

# %% wrong t_not_squared: R grows with t, not with its square; right at t = 1
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t / r])

# %% wrong t_is_ten: t is ignored, the 10 of the notebook typed in
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 400.0 * num_samples / r])

# %% wrong k_of_sixteen_in_r: R from the 16 of the text: four times t^2 times 16
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 64 * t ** 2 / r])

# %% wrong last_axis: stacked along the last axis; right without axes of data
def predicted_bias(first, second, num_samples, t):
    r = second / first ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t ** 2 / r], dim=-1)

# %% wrong at_least_one_axis: a single datum without axes comes back as (3, 1)
def predicted_bias(first, second, num_samples, t):
    first, second = torch.atleast_1d(first), torch.atleast_1d(second)
    r = second / first ** 2 - 1
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t ** 2 / r])

# %% wrong clamped_spread: the relative variance clamped to at least a half "for stability": no value and no gradient below
def predicted_bias(first, second, num_samples, t):
    r = (second / first ** 2 - 1).clamp(min=0.5)
    return torch.stack([-r / (2 * num_samples), (r / num_samples).sqrt(), 4 * num_samples * t ** 2 / r])
