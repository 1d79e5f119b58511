import math

import torch
from torch import Tensor

# %% right heads_and_hypotenuse: four heads by unflatten; log cosh as a logaddexp, the root in asinh's slope as a hypotenuse, the base density from torch.distributions
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.unflatten(-1, (4, -1)).unbind(-2)
    u = torch.addcmul(skew.expand_as(eps), log_tail.exp().expand_as(eps), eps.asinh())
    z = loc + log_scale.exp() * u.sinh()
    log_cosh = torch.logaddexp(u, -u) - math.log(2)
    bend = torch.hypot(eps, torch.ones_like(eps)).log()
    base = torch.distributions.Normal(0.0, 1.0).log_prob(eps)
    return z, torch.stack([base, -log_scale.expand_as(eps), -log_cosh, -log_tail.expand_as(eps), bend]).sum((0, -1))


# %% wrong skew_is_a_shift: the skew is left out of the slope, since a constant has no derivative; but it stands inside the sinh
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    stretched = log_tail.exp() * torch.asinh(eps)
    z = loc + log_scale.exp() * torch.sinh(stretched + skew)
    slope = log_scale + log_tail + torch.cosh(stretched).log() - 0.5 * torch.log1p(eps.square())
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - slope).sum(-1)


# %% wrong cosh_without_its_foot: takes |u| - log 2 for log cosh u, to be safe for large u; near zero that is too small by up to log 2
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    slope = log_scale + log_tail + u.abs() - math.log(2) - 0.5 * torch.log1p(eps.square())
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - slope).sum(-1)


# %% wrong skew_is_stretched_too: reads u as exp(tau) times (asinh(eps) + kappa); samples and density agree with each other, and the flow is another one
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * (torch.asinh(eps) + skew)
    z = loc + log_scale.exp() * torch.sinh(u)
    slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps.square())
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - slope).sum(-1)


# %% wrong root_forgotten: the slope of asinh is taken as one over 1 + eps^2, the derivative of the arc tangent
def flow_recognizer(params: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    slope = log_scale + log_tail + torch.cosh(u).log() - torch.log1p(eps.square())
    return z, (-0.5 * eps.square() - 0.5 * math.log(2 * math.pi) - slope).sum(-1)
