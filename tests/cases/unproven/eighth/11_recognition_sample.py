import math

import torch
from torch import Tensor

# %% right einsum_over_two_heads: the weight unflattened into a head of means and a head of log scales, one einsum, and the density of the noise less the log slope
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    heads = weight.unflatten(0, (2, -1))
    loc, log_scale = (torch.einsum("hdi,...i->h...d", heads, x) + bias.reshape(2, *([1] * (x.dim() - 1)), -1)).unbind(0)
    base = torch.distributions.Independent(torch.distributions.Normal(torch.zeros_like(eps), torch.ones_like(eps)), 1)
    return torch.addcmul(loc.expand_as(eps), log_scale.exp().expand_as(eps), eps), base.log_prob(eps) - log_scale.sum(-1)


# %% wrong interleaved: takes mean and log scale of each coordinate side by side, mean, scale, mean, scale; the same for one latent
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = (x @ weight.T + bias).unflatten(-1, (-1, 2)).unbind(-1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q


# %% wrong a_little_more_scale: adds 1e-6 to the scale so that it can never be zero, in sample and density; five digits stay right for ordinary scales
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    scale = log_scale.exp() + 1e-6
    z = loc + scale * eps
    return z, torch.distributions.Normal(loc, scale).log_prob(z).sum(-1)


# %% wrong one_constant: half the log of two pi is subtracted once, and not for each latent; right for one latent
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = (x @ weight.T + bias).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = -0.5 * eps.square().sum(-1) - log_scale.sum(-1) - 0.5 * math.log(2 * math.pi)
    return z, log_q


# %% wrong clamped_log_scale: clamps log scales to [-20, 2], the habit of many code bases, so that wide posteriors come out narrower than the network says
def recognition_sample(weight: Tensor, bias: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
    log_scale = log_scale.clamp(-20.0, 2.0)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps.square() - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_q
