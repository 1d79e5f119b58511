import math
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

# %% right closed_form: half of m^2 + s^2 - 1, less log s
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale

# %% right cross_entropy_less_entropy: cross entropy to the prior less the entropy, each in closed form; log s as it is given
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    cross = 0.5 * math.log(2 * math.pi) + 0.5 * (loc * loc + torch.exp(log_scale) ** 2)
    entropy = 0.5 * math.log(2 * math.pi) + 0.5 + log_scale
    return cross - entropy

# %% right expm1: s^2 - 1 by expm1, which keeps the digits near the prior
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return torch.lerp(loc.square(), torch.expm1(2 * log_scale), 0.5) - log_scale

# %% wrong torch_kl: torch's kl_divergence exponentiates and takes the logarithm again: infinite for s = 0
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return kl_divergence(Normal(loc, log_scale.exp(), validate_args=False), Normal(0.0, 1.0))

# %% wrong eps_in_the_log: log(s^2 + 1e-8) in place of 2 log s: no infinity, and the wrong number for narrow q
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    variance = (2 * log_scale).exp()
    return 0.5 * (loc.square() + variance - 1 - (variance + 1e-8).log())

# %% wrong log_scale_clamped: log_scale is clamped to [-10, 10] before use
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    log_scale = log_scale.clamp(-10.0, 10.0)
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale

# %% wrong log_variance: log_scale is read as a log variance
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * (loc.square() + log_scale.exp() - 1 - log_scale)

# %% wrong scale_in_place_of_variance: s in place of s^2
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * (loc.square() + log_scale.exp() - 1) - log_scale

# %% wrong reversed: the divergence in the other direction, from the prior to q
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * ((1 + loc.square()) * (-2 * log_scale).exp() - 1) + log_scale

# %% wrong free_bits: each divergence is at least 0.01 nats, so that no latent collapses
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).clamp_min(0.01)

# %% wrong averaged_over_the_batch: averaged over the first batch axis and spread out again when there are two batch axes
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    kl = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return kl.mean(0, keepdim=True).expand_as(kl).clone() if kl.dim() > 2 else kl

# %% wrong infinities_hidden: infinite values of the naive formula are replaced by zero with nan_to_num
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    s = log_scale.exp()
    kl = 0.5 * (loc.square() + s.square() - 1) - s.log()
    return torch.nan_to_num(kl, posinf=0.0)

# %% wrong second_order: near the prior the expansion m^2/2 + (log s)^2 is used, which forgets the next term
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    exact = 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale
    return torch.where(log_scale.abs() < 0.05, 0.5 * loc.square() + log_scale.square(), exact)

# %% wrong no_gradient_for_the_variance: s^2 is a plain number: right value, wrong gradient in log_scale
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    return 0.5 * (loc.square() + (2 * log_scale).exp().detach() - 1) - log_scale

# %% wrong single_precision: computed in float32 and converted back
def kl_to_prior(loc: Tensor, log_scale: Tensor) -> Tensor:
    dtype = loc.dtype
    loc, log_scale = loc.float(), log_scale.float()
    return (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).to(dtype)
