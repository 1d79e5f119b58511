import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def closed_kl(loc, log_scale):
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale


# %% right sample_by_sample: decodes one sample at a time; the log chance of a bit is logsigmoid of the logit with the sign that the bit gives it
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    numbers = encoder(x)
    dim = eps.shape[-1]
    loc, log_scale = numbers[..., :dim], numbers[..., dim:]
    scale, side = log_scale.exp(), 2 * x - 1
    bound = -(0.5 * (loc * loc + scale * scale - 1) - log_scale).sum(-1)
    for noise in eps:
        bound = bound + F.logsigmoid(side * decoder(loc + scale * noise)).sum(-1) / len(eps)
    return bound


# %% wrong tamed_logits: clamps logits to thirty, so that no logarithm can run away; a confident decoder that errs pays too little, and learns nothing from it
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps).clamp(-30.0, 30.0)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return fit.mean(0) - closed_kl(loc, log_scale).sum(-1)


# %% wrong divergence_from_the_draws: estimates the KL from the same samples, log q less log p averaged; unbiased, and not the closed form that was asked
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    ratio = (0.5 * z.square() - 0.5 * eps.square() - log_scale).sum(-1)
    return (fit - ratio).mean(0)


# %% wrong mean_picture: decodes the mean of the K samples, once, "the reconstruction"; right for one sample, too good for several
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder((loc + log_scale.exp() * eps).mean(0))
    fit = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    return fit - closed_kl(loc, log_scale).sum(-1)


# %% wrong mean_divergence_for_all: subtracts the KL averaged over the batch from every datum, as a loss would; the batch's mean and its gradient are right, no datum is
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return fit.mean(0) - closed_kl(loc, log_scale).sum(-1).mean()
