# %% right formula: The derivation by hand: sigma^2 + theta^2 is sigma times the root mean square over s.
import torch


def learned_theta(x, scale, noise_scale):
    square = (x**2).mean(-1)
    theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
    return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()


# %% right bisect: No formula: the slope of the profile bound in v = theta squared falls; its zero is bracketed on a log scale.
import torch


def learned_theta(x, scale, noise_scale):
    energy, noise = (x * x).mean(-1), noise_scale**2

    def slope(v):
        return energy / (noise + v) ** 2 - scale**2 / noise

    low, high = torch.full_like(energy, -30.0), torch.full_like(energy, 30.0)
    for _ in range(70):
        middle = (low + high) / 2
        rises = slope(middle.exp()) > 0
        low, high = torch.where(rises, middle, low), torch.where(rises, high, middle)
    theta = (low / 2).exp()
    return [theta, theta - torch.relu(energy - noise).sqrt()]


# %% right loop: Number by number in Python, with an if where there is nothing to learn.
import math

import torch


def learned_theta(x, scale, noise_scale):
    theta, bias = torch.zeros_like(scale), torch.zeros_like(scale)
    rows = x.reshape(-1, x.shape[-1]).tolist()
    for at, row in enumerate(rows):
        s, sigma = scale.reshape(-1)[at].item(), noise_scale.reshape(-1)[at].item()
        rms = math.sqrt(math.fsum(value * value for value in row) / len(row))
        learned = math.sqrt(sigma * rms / s - sigma**2) if rms > s * sigma else 0.0
        likeliest = math.sqrt(rms**2 - sigma**2) if rms > sigma else 0.0
        theta.view(-1)[at], bias.view(-1)[at] = learned, learned - likeliest
    return theta, bias


# %% wrong maximum_likelihood, from right formula: The fixed scale is forgotten: with the posterior's own scale the bound touches the evidence and has its top there.
# diagnosis: maximum_likelihood
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (square - noise_scale**2).clamp_min(0).sqrt()
#+     return theta, torch.zeros_like(theta)


# %% wrong no_clamp, from right formula: The root of a negative number, where the bound has its top at zero.
# diagnosis: below_zero
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).sqrt()
#+     return theta, theta - (square - noise_scale**2).sqrt()


# %% wrong each_datum, from right formula: A best theta for each datum, then the mean over the data: the top of a sum is not the mean of the tops.
# diagnosis: each_datum_its_own
import torch


def learned_theta(x, scale, noise_scale):
    s, sigma = scale.unsqueeze(-1), noise_scale.unsqueeze(-1)
    theta = (sigma * x.abs() / s - sigma**2).clamp_min(0).sqrt().mean(-1)
    return theta, theta - (x**2 - sigma**2).clamp_min(0).sqrt().mean(-1)


# %% wrong mean_absolute, from right formula: The answer for one datum, |x| in it, is averaged over the data one step too early.
# diagnosis: mean_absolute
#-     square = (x**2).mean(-1)
#+     square = x.abs().mean(-1) ** 2


# %% wrong summed, from right formula: The bounds are added, but the term -theta^2 s^2 / 2 is counted once for all data.
# diagnosis: summed_data
#-     square = (x**2).mean(-1)
#+     square = (x**2).sum(-1)


# %% wrong centred, from right formula: The empirical variance, out of habit; the model's mean is zero, and known.
# diagnosis: centred
#-     square = (x**2).mean(-1)
#+     square = x.var(-1, unbiased=False)


# %% wrong noise_is_one, from right formula: The lecture's model, whose noise has standard deviation one.
# diagnosis: noise_is_one
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (square.sqrt() / scale - 1).clamp_min(0).sqrt()
#+     return theta, theta - (square - 1).clamp_min(0).sqrt()


# %% wrong scale_as_variance, from right formula: s stands where s squared belongs in the bound.
# diagnosis: scale_as_variance
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (noise_scale * (square / scale).sqrt() - noise_scale**2).clamp_min(0).sqrt()


# %% wrong means_held, from right formula: One step of the alternation from the maximum likelihood: the means stay at that posterior while theta moves.
# diagnosis: means_held
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     best = (square - noise_scale**2).clamp_min(0).sqrt()
#+     pull = best / (noise_scale**2 + best**2)
#+     theta = pull * square / (pull**2 * square + scale**2)
#+     return theta, theta - best


# %% wrong sign, from right formula: What ought to be learned minus what is learned.
# diagnosis: sign
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     return theta, (square - noise_scale**2).clamp_min(0).sqrt() - theta


# %% wrong squared, from right formula: theta squared, as it stands in the formula, is returned for theta.
# diagnosis: squared
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0)
#+     return theta, theta - (square - noise_scale**2).clamp_min(0)


# %% wrong bias_of_square, from right formula: The bias of the variance theta^2, a neater formula, stands for that of theta.
# diagnosis: bias_of_square
#-     return theta, theta - (square - noise_scale**2).clamp_min(0).sqrt()
#+     return theta, theta**2 - (square - noise_scale**2).clamp_min(0)


# %% wrong evidence_variance, from right formula: The slope vanishes at sigma^2 + theta^2; sigma^2 is not subtracted.
# diagnosis: evidence_variance
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (noise_scale * square.sqrt() / scale).sqrt()


# %% wrong coarse, from right formula: The top of the bound is read off a grid of 400 thetas, right to two digits.
# diagnosis: value
#-     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (noise_scale * square.sqrt() / scale - noise_scale**2).clamp_min(0).sqrt()
#+     theta = (theta * 40).round() / 40
