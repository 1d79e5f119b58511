import functools
import math

import torch
from torch import Tensor, nn

from course_vi.models import Model

# %% right fold_over_samples: one sample at a time through the joint, folded with functools.reduce; log q as the density of the noise less the log slope
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = torch.tensor_split(encoder(x), 2, dim=-1)
    scale, slope = log_scale.exp(), log_scale.sum(-1)

    def add(total, noise):
        log_q = -0.5 * (noise.square() + math.log(2 * math.pi)).sum(-1) - slope
        return total + p.log_joint(x, (loc + scale * noise).unsqueeze(0)).squeeze(0) - log_q

    return functools.reduce(add, eps.unbind(0), torch.zeros_like(slope)) / len(eps)


# %% wrong entropy_in_closed_form: the mean of -log q is replaced by the entropy, which is right on average and another estimate than the one that was asked
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    entropy = (log_scale + 0.5 * math.log(2 * math.pi) + 0.5).sum(-1)
    return p.log_joint(x, z).mean(0) + entropy


# %% wrong sample_held_in_log_q: in log q the sample is detached and the numbers are not, the landing stuck the wrong way round: the value is right, the entropy no longer pushes
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong matched_moments: standardizes the K draws to mean zero and variance one, "quieter"; a given eps is no longer what is used, and for small K the mean is off
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    if len(eps) > 1:
        eps = (eps - eps.mean(0)) / eps.std(0)
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)


# %% wrong weighted_gradient: the value is the ELBO, the gradient is that of the doubly reparametrized IWAE (squared normalized weights), copied from unit 10; right for one sample
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc.detach(), log_scale.detach().exp()).log_prob(z).sum(-1)
    log_w = p.log_joint(x, z) - log_q
    share = torch.softmax(log_w.detach(), 0)
    surrogate = (share.square() * log_w).sum(0)
    return log_w.detach().mean(0) + surrogate - surrogate.detach()
