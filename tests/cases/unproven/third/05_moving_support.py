import math

import numpy as np
import torch
from torch import Tensor


# %% right leibniz: the score is minus k / phi for every sample; f is asked once at the border
def moving_support(f, phi: Tensor, z: Tensor, power: float, b: Tensor) -> Tensor:
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean)])


# %% right loop_over_data: NumPy; each datum alone, the score averaged sample by sample, the bias as row one less the repaired row
def moving_support(f, phi, z, power, b):
    shape = phi.shape
    p, c, draws = phi.detach().reshape(-1), b.detach().reshape(-1), z.detach().reshape(len(z), -1)
    out = np.zeros((3, len(p)))
    for i in range(len(p)):
        values = np.array([float(f(draws[k, i : i + 1])[0]) for k in range(len(draws))])
        border = float(f(p[i : i + 1])[0])
        k_phi = float(power) / float(p[i])
        plain = float(np.mean((values - float(c[i])) * -k_phi))
        repaired = float(np.mean(k_phi * (border - values)))
        out[:, i] = plain, plain - repaired, repaired
    return torch.from_numpy(out).reshape(3, *shape)


# %% right score_by_autograd: log q is differentiated at the samples; density and score at the border come from the same function
def moving_support(f, phi, z, power, b):
    log_q = lambda t, v: math.log(power) + (power - 1) * t.log() - power * v.log()
    with torch.enable_grad():
        leaf = phi.detach().expand_as(z).clone().requires_grad_()
        score = torch.autograd.grad(log_q(z.detach(), leaf).sum(), leaf)[0]
    border = f(phi) * log_q(phi.detach(), phi.detach()).exp()
    first = ((f(z) - b) * score).mean(0)
    repaired = (f(z) * score).mean(0) + border
    return torch.stack([first, -b * score[0] - border, repaired]).detach()


# %% wrong border_at_the_largest_sample: f at the border is read off at the largest sample
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(z.max(0).values), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean)])


# %% wrong a_hair_inside: f at the border is asked for at 0.99 phi
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(0.99 * phi), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean)])


# %% wrong baseline_left_in: the repaired row is row one plus the border's term, and keeps k b / phi; right for b = 0
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean + b)])


# %% wrong density_of_the_uniform: the density at the border is 1 / phi in the bias; right for k = 1
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * b - edge / phi, rate * (edge - mean)])


# %% wrong moving_the_samples: row three moves the samples with the border, with differences of f for slopes, which do not see jumps
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    slope = (f(z * (1 + 1e-6)) - f(z * (1 - 1e-6))) / (2e-6 * phi)
    return torch.stack([-rate * (mean - b), rate * (b - edge), slope.mean(0)])


# %% wrong whole_powers: the power is rounded down to a whole number
def moving_support(f, phi, z, power, b):
    power = max(int(power), 1)
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean)])


# %% wrong truth_by_quadrature: the bias by differences of the mean of f on a grid of 2,000 points, which blurs jumps
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi), f(z).mean(0), power / phi
    u = ((torch.arange(2000, dtype=torch.float64) + 0.5) / 2000).reshape(-1, *[1] * phi.dim()) ** (1 / power)
    average = lambda v: f(v * u).mean(0)
    truth = (average(phi * (1 + 1e-3)) - average(phi * (1 - 1e-3))) / (2e-3 * phi)
    return torch.stack([-rate * (mean - b), -rate * (average(phi) - b) - truth, rate * (edge - mean)])


# %% wrong one_border_for_all: the height at the border is averaged over the batch; right for a batch of one
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi).mean(), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (edge - mean)])


# %% wrong negative_heights_cut: in the bias, f at the border is cut off at zero: right for positive f
def moving_support(f, phi, z, power, b):
    edge, mean, rate = f(phi).clamp(min=0), f(z).mean(0), power / phi
    return torch.stack([-rate * (mean - b), rate * (b - edge), rate * (f(phi) - mean)])


# %% wrong phi_given_a_graph: right numbers, but requires_grad is switched on in the caller's phi
def moving_support(f, phi, z, power, b):
    phi.requires_grad_()
    log_q = (math.log(power) + (power - 1) * z.log() - power * phi.log()).mean(0)
    score = torch.autograd.grad(log_q.sum(), phi)[0]
    edge, mean = f(phi.detach()), f(z).mean(0)
    return torch.stack([score * (mean - b), -score * (b - edge), score * (mean - edge)])
