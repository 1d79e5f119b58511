import functools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def log_weights(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return fit + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)


# %% right running_log_sum: one sample at a time, folded with logaddexp, so that K samples need the memory of one
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = torch.tensor_split(encoder(x), 2, -1)

    def log_w(noise):
        z = torch.addcmul(loc, log_scale.exp(), noise)
        pixels = F.logsigmoid((2 * x - 1) * decoder(z)).sum(-1)
        return pixels + torch.sum(0.5 * (noise - z) * (noise + z) + log_scale, -1)

    return functools.reduce(torch.logaddexp, map(log_w, eps)) - math.log(len(eps))


# %% wrong closed_form_outside: averages the likelihoods of the samples and takes the closed-form KL from the logarithm, a bound that is neither the ELBO nor this; right where q is the prior
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    logits = decoder(loc + log_scale.exp() * eps)
    fit = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    kl = (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return torch.logsumexp(fit, 0) - math.log(len(eps)) - kl


# %% wrong one_maximum_for_all: takes the largest log weight of the whole batch out before exponentiating; an image whose weights lie 800 nats lower is left with the log of zero
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    log_w = log_weights(encoder, decoder, x, eps)
    top = log_w.max()
    return top + (log_w - top).exp().mean(0).log()


# %% wrong bias_taken_out: adds half the relative variance of the weights over K, the leading term of what the logarithm lacks; another estimate than the log of the mean weight
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    log_w = log_weights(encoder, decoder, x, eps)
    share = torch.softmax(log_w, 0)
    spread = (len(eps) * share - 1).square().mean(0)
    return torch.logsumexp(log_w, 0) - math.log(len(eps)) + 0.5 * spread / len(eps)


# %% wrong truncated_weights: cuts weights off at the root of K times their mean, the usual remedy against one weight that is all; its mean is no longer p(x)
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    log_w = log_weights(encoder, decoder, x, eps)
    mean = torch.logsumexp(log_w, 0) - math.log(len(eps))
    cut = torch.minimum(log_w, mean + 0.5 * math.log(len(eps)))
    return torch.logsumexp(cut, 0) - math.log(len(eps))
