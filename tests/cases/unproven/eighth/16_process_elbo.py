import math

import torch
from torch import Tensor

# %% right distributions_and_weights: torch.distributions for both Gaussians and their divergence, targets picked by an einsum with weights of zero and one
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    from functools import partial

    from torch.distributions import Normal, kl_divergence

    points = torch.stack([inputs, outputs], -1)
    gaussian = partial(Normal, validate_args=False)

    def say(mask: Tensor) -> Normal:
        loc, log_scale = encoder(points, mask).tensor_split(2, -1)
        return gaussian(loc, log_scale.exp())

    q, prior = say(torch.full_like(is_context, True)), say(is_context)
    loc, log_scale = decoder(inputs.unsqueeze(-1), q.loc + q.scale * eps).unbind(-1)
    each = -0.5 * ((outputs - loc) * (-log_scale).exp()).square() - log_scale - 0.5 * math.log(2 * math.pi)
    wanted = is_context.logical_not().to(each.dtype)
    return torch.einsum("k...n,...n->...", each, wanted) / len(eps) - kl_divergence(q, prior).sum(-1)

# %% wrong targets_alone: lets q read the targets and not the context, since the prior has read that already
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    points = torch.stack([inputs, outputs], -1)
    p_loc, p_log = encoder(points, is_context).chunk(2, -1)
    q_loc, q_log = encoder(points, ~is_context).chunk(2, -1)
    z = q_loc + q_log.exp() * eps
    loc, log_scale = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    each = -0.5 * ((outputs - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)
    fit = torch.where(is_context, torch.zeros_like(each), each).sum(-1).mean(0)
    kl = p_log - q_log + 0.5 * ((2 * q_log).exp() + (q_loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5
    return fit - kl.sum(-1)

# %% wrong log_mean_exp: averages the K likelihoods of the targets inside the logarithm, which is no estimate of the ELBO but for one sample
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    points = torch.stack([inputs, outputs], -1)
    p_loc, p_log = encoder(points, is_context).chunk(2, -1)
    q_loc, q_log = encoder(points, torch.ones_like(is_context)).chunk(2, -1)
    z = q_loc + q_log.exp() * eps
    loc, log_scale = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    each = -0.5 * ((outputs - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)
    fit = torch.where(is_context, torch.zeros_like(each), each).sum(-1).logsumexp(0) - math.log(len(eps))
    kl = p_log - q_log + 0.5 * ((2 * q_log).exp() + (q_loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5
    return fit - kl.sum(-1)

# %% wrong floored_scale: keeps the scales of the outputs above a hundredth, as the published code does for stable training; the statement's go down to a thousandth
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    points = torch.stack([inputs, outputs], -1)
    p_loc, p_log = encoder(points, is_context).chunk(2, -1)
    q_loc, q_log = encoder(points, torch.ones_like(is_context)).chunk(2, -1)
    z = q_loc + q_log.exp() * eps
    loc, log_scale = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    scale = log_scale.exp().clamp(min=0.01)
    each = -0.5 * ((outputs - loc) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)
    fit = torch.where(is_context, torch.zeros_like(each), each).sum(-1).mean(0)
    kl = p_log - q_log + 0.5 * ((2 * q_log).exp() + (q_loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5
    return fit - kl.sum(-1)

# %% wrong balanced_divergence: KL balancing, four fifths of the divergence move the prior and one fifth moves q; the value is the same and the gradient is not
def process_elbo(encoder, decoder, inputs: Tensor, outputs: Tensor, is_context: Tensor, eps: Tensor) -> Tensor:
    points = torch.stack([inputs, outputs], -1)
    p = encoder(points, is_context)
    q = encoder(points, torch.ones_like(is_context))
    q_loc, q_log = q.chunk(2, -1)
    z = q_loc + q_log.exp() * eps
    loc, log_scale = decoder(inputs.unsqueeze(-1), z).unbind(-1)
    each = -0.5 * ((outputs - loc) / log_scale.exp()) ** 2 - log_scale - 0.5 * math.log(2 * math.pi)
    fit = torch.where(is_context, torch.zeros_like(each), each).sum(-1).mean(0)

    def kl(q: Tensor, p: Tensor) -> Tensor:
        (q_loc, q_log), (p_loc, p_log) = q.chunk(2, -1), p.chunk(2, -1)
        return (p_log - q_log + 0.5 * ((2 * q_log).exp() + (q_loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5).sum(-1)

    return fit - 0.8 * kl(q.detach(), p) - 0.2 * kl(q, p.detach())
