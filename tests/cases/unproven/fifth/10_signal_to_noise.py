import math

import numpy as np
import torch
from torch import Tensor

# %% right residuals: everything from the residual slope - ratio * weight, with weights over the evidence
def signal_and_noise(chance, w, slopes, num_samples):
    evidence = chance @ w
    v, s = w / evidence, slopes / evidence
    ratio = chance @ s
    residual = s - v.unsqueeze(-1) * ratio
    mean = ratio - (chance * v) @ residual / num_samples
    return mean, ((chance @ residual.square()) / num_samples).sqrt()

# %% right derivatives_of_the_functional: the ratio as a function of the chances; its first derivative gives the deviation, its second the bias (delta method by forward differentiation)
def signal_and_noise(chance, w, slopes, num_samples):
    v, s = w / w.max(), slopes / w.max()
    ratio = lambda c: (c @ s) / (c @ v)
    influence = torch.func.jacrev(ratio)(chance)                          # (P, N)
    influence = influence - (influence @ chance).unsqueeze(-1)
    bias = torch.zeros(s.shape[-1], dtype=s.dtype)
    for n in range(len(chance)):
        step = -chance.clone()
        step[n] += 1
        along = lambda c: torch.func.jvp(ratio, (c,), (step,))[1]
        bias = bias + 0.5 * chance[n] * torch.func.jvp(along, (chance,), (step,))[1]
    return [ratio(chance) + bias / num_samples, (influence.square() @ chance / num_samples).sqrt()]

# %% right numpy_loops: the mean as the derivative of log evidence - relative variance / 2K, the deviation by a loop over points and math.fsum
def signal_and_noise(chance, w, slopes, num_samples):
    c, v, s = chance.tolist(), w.numpy(), slopes.numpy()
    evidence = math.fsum(a * b for a, b in zip(c, v))
    v, s = v / evidence, s / evidence
    second = math.fsum(a * b * b for a, b in zip(c, v))
    means, deviations = [], []
    for p in range(s.shape[1]):
        first = math.fsum(a * b for a, b in zip(c, s[:, p]))
        mixed = math.fsum(a * b * d for a, b, d in zip(c, v, s[:, p]))
        means.append(first - (2 * mixed - 2 * second * first) / (2 * num_samples))
        deviations.append(math.sqrt(math.fsum(a * (d - first * b) ** 2 for a, b, d in zip(c, v, s[:, p])) / num_samples))
    return np.array(means), np.array(deviations)

# %% wrong raw_cross_moment: E w-dot w in place of the covariance, and the true variance beside it; right for slopes of mean zero
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    cross, variance = (chance * w) @ slopes, chance @ (w - evidence) ** 2
    mean = first / evidence - (cross / evidence ** 2 - first * variance / evidence ** 3) / num_samples
    residual = slopes - w.unsqueeze(-1) * first / evidence
    return mean, (chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong independent_noise: deviations of numerator and denominator as if they were independent; right for slopes of mean zero
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    variance_w, variance_s = chance @ (w - evidence) ** 2, chance @ (slopes - first) ** 2
    residual = slopes - w.unsqueeze(-1) * first / evidence
    mean = first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples
    return mean, ((variance_s + (first / evidence) ** 2 * variance_w) / num_samples).sqrt() / evidence

# %% wrong half_the_bias: 1/2K before both second-order terms, as in the bias of the bound itself
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    return first / evidence - (chance * w) @ residual / evidence ** 2 / (2 * num_samples), (chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong two_kinds: the 1/K term is given to slopes of mean zero only, the others keep their leading order
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    second = (chance * w) @ residual / evidence ** 2 / num_samples
    of_q = first.abs() < 1e-9 * (chance @ slopes.abs())
    return torch.where(of_q, -second, first / evidence), (chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong absolute_zero: a mean slope below 1e-12 is taken for zero, whatever the unit; with weights of 1e-60 all are
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    first = torch.where(first.abs() < 1e-12, torch.zeros_like(first), first)
    residual = slopes - w.unsqueeze(-1) * first / evidence
    return first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples, (chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong guarded_division: the evidence is kept above 1e-30 "against zero"
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = (chance @ w).clamp(min=1e-30), chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    return first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples, (chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong torch_cov_default: torch.cov with the chances as weights and its default correction, a factor 1 / (1 - sum of squared chances)
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    v, s = w / evidence, slopes / evidence
    cov = torch.cov(torch.cat((v.unsqueeze(0), s.T)), aweights=chance)
    ratio = first / evidence
    mean = ratio - (cov[0, 1:] - ratio * cov[0, 0]) / num_samples
    variance = cov.diagonal()[1:] - 2 * ratio * cov[0, 1:] + ratio ** 2 * cov[0, 0]
    return mean, (variance / num_samples).sqrt()

# %% wrong root_mean_square_error: the deviation has the square of the bias added, another power of 1/K
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    bias = -(chance * w) @ residual / evidence ** 2 / num_samples
    return first / evidence + bias, (chance @ residual ** 2 / num_samples / evidence ** 2 + bias ** 2).sqrt()

# %% wrong bias_in_residual: the residual is taken about the mean with its 1/K term in place of the ratio of the means; the deviation is off by one order of 1/K
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    mean = first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples
    return mean, (chance @ (slopes - w.unsqueeze(-1) * mean) ** 2 / num_samples).sqrt() / evidence

# %% wrong squeezed: one parameter comes back without its axis
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    residual = slopes - w.unsqueeze(-1) * first / evidence
    mean = first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples
    return mean.squeeze(), ((chance @ residual ** 2 / num_samples).sqrt() / evidence).squeeze()

# %% wrong without_replacement: the variance of a draw without replacement, (N - K) / (N - 1), for K below N
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    n = len(chance)
    residual = slopes - w.unsqueeze(-1) * first / evidence
    kept = (n - num_samples) / (n - 1) if num_samples < n else 1.0
    return first / evidence - kept * (chance * w) @ residual / evidence ** 2 / num_samples, (kept * chance @ residual ** 2 / num_samples).sqrt() / evidence

# %% wrong sixth_power: the variance of the ratio brought over the sixth power of the evidence, which underflows to 0 or overflows in units of 1e-60 and 1e60
def signal_and_noise(chance, w, slopes, num_samples):
    evidence, first = chance @ w, chance @ slopes
    crossed = (slopes * evidence - w.unsqueeze(-1) * first).square()
    residual = slopes - w.unsqueeze(-1) * first / evidence
    mean = first / evidence - (chance * w) @ residual / evidence ** 2 / num_samples
    return mean, ((chance @ (crossed * evidence ** 2)) / evidence ** 6 / num_samples).sqrt()
