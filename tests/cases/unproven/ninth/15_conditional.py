import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def gaussian_kl(loc: Tensor, log_scale: Tensor, prior_loc: Tensor, prior_log_scale: Tensor) -> Tensor:
    ratio = (2 * (log_scale - prior_log_scale)).exp()
    shift = (loc - prior_loc) * (-prior_log_scale).exp()
    return (0.5 * (ratio + shift**2 - 1) + prior_log_scale - log_scale).sum(-1)


def pieces(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor):
    """Per draw log p(x | z, y), (K, *B), and the KL, (*B)."""
    loc, log_scale = encoder(torch.cat([x, y], -1)).chunk(2, -1)
    prior_loc, prior_log_scale = prior(y).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(torch.cat([z, y.expand(*z.shape[:-1], y.shape[-1])], -1))
    log_lik = -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)
    return log_lik, gaussian_kl(loc, log_scale, prior_loc, prior_log_scale)

# %% wrong guess_for_each_draw: where the label is missing it is summed out for each draw of the noise, and the average is taken last; the bound is to be had from the averaged numbers, one for each label, and is another for K above one
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    count = y.shape[-1]
    log_lik, kl = pieces(encoder, prior, decoder, x, y, eps)
    given = log_lik.mean(0) - kl
    each = []
    for one in torch.eye(count, dtype=y.dtype):
        log_lik, kl = pieces(encoder, prior, decoder, x, one.expand_as(y), eps)
        each.append(log_lik - kl)
    missing = torch.stack(each).logsumexp(0).mean(0) - math.log(count)
    return torch.where(y.sum(-1) > 0, given, missing)

# %% wrong probabilities_first: bits are scored by binary_cross_entropy of the sigmoid, which holds every logarithm above -100, and is rounded to it from logits of 37 on
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    count = y.shape[-1]

    def bound(label: Tensor) -> Tensor:
        loc, log_scale = encoder(torch.cat([x, label], -1)).chunk(2, -1)
        z = loc + log_scale.exp() * eps
        chance = decoder(torch.cat([z, label.expand(*z.shape[:-1], count)], -1)).sigmoid()
        log_lik = -F.binary_cross_entropy(chance, x.expand_as(chance), reduction="none").sum(-1).mean(0)
        return log_lik - gaussian_kl(loc, log_scale, *prior(label).chunk(2, -1))

    missing = torch.stack([bound(one.expand_as(y)) for one in torch.eye(count, dtype=y.dtype)]).logsumexp(0) - math.log(count)
    return torch.where(y.sum(-1) > 0, bound(y), missing)

# %% wrong prior_is_a_target: the prior of z is a target for q in the KL and is detached there, so that q goes to it and not it to q; the value is right, and the prior, which is to be learned, has no gradient
def conditional_objective(encoder: nn.Module, prior: nn.Module, decoder: nn.Module, x: Tensor, y: Tensor, eps: Tensor) -> Tensor:
    count = y.shape[-1]

    def fixed(label: Tensor) -> Tensor:
        out = prior(label)
        return out.detach() + 0 * out

    def bound(label: Tensor) -> Tensor:
        log_lik, kl = pieces(encoder, fixed, decoder, x, label, eps)
        return log_lik.mean(0) - kl

    missing = torch.stack([bound(one.expand_as(y)) for one in torch.eye(count, dtype=y.dtype)]).logsumexp(0) - math.log(count)
    return torch.where(y.sum(-1) > 0, bound(y), missing)
