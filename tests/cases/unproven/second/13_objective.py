import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def kl_to_prior(loc, log_scale):
    return 0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale

# %% right logsigmoids: two logsigmoids, closed KL
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% right softplus_of_signed_logits: minus softplus of the logit with the sign of the bit, a loop over samples
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    D = eps.shape[-1]
    out = encoder(x)
    loc, log_scale = out[..., :D], out[..., D:]
    rows = [-F.softplus((1 - 2 * x) * decoder(loc + log_scale.exp() * e)).sum(-1) for e in eps]
    return sum(rows) / len(rows) - kl_to_prior(loc, log_scale).sum(-1)

# %% right bernoulli_distribution: torch's Bernoulli from logits over all samples, kl of Gaussians by the formula
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).tensor_split(2, -1)
    likelihood = torch.distributions.Independent(torch.distributions.Bernoulli(logits=decoder(loc + log_scale.exp() * eps)), 1)
    log_p = likelihood.log_prob(x.expand(eps.shape[0], *x.shape))
    return (log_p - kl_to_prior(loc, log_scale).sum(-1)).mean(0)

# %% wrong probabilities_clamped: probabilities are clamped to [1e-7, 1 - 1e-7] before the logarithm
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = torch.log(torch.where(x > 0.5, logits.sigmoid(), 1 - logits.sigmoid()).clamp(1e-7, 1 - 1e-7)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong torch_bce: binary_cross_entropy of probabilities, whose logarithms are clamped to -100
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = -F.binary_cross_entropy(logits.sigmoid(), x.expand_as(logits), reduction="none").sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong logits_clamped: logits are clamped to [-30, 30]
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z).clamp(-30.0, 30.0)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong sampled_kl: the KL is estimated from the samples in place of its closed form
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return (log_p - (0.5 * z.square() - 0.5 * eps.square() - log_scale).sum(-1)).mean(0)

# %% wrong kl_blocked: the KL is computed from plain numbers: value right, gradient of the reconstruction only
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1).detach()

# %% wrong scale_blocked_in_z: the scale is detached in z: the reconstruction does not reach the log scales
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp().detach() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong kl_averaged_over_latents: the KL is averaged over latents; right for D = 1
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).mean(-1)

# %% wrong log_mean_exp: log of the mean likelihood over samples; right for K = 1
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return (log_p.logsumexp(0) - math.log(len(eps))) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong mean_sample_decoded: the decoder sees the mean of the samples; right for K = 1, and for a linear decoder nearly
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z.mean(0, keepdim=True))
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong log_variances: the second half is read as log variances in z and in the KL alike
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    log_scale = 0.5 * log_scale
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong log_scale_clamped: log scales are clamped to [-5, 2]
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    log_scale = log_scale.clamp(-5.0, 2.0)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong kl_of_the_batch: each datum pays the mean KL of the batch; the total is right
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1).mean().expand(loc.shape[:-1])

# %% wrong second_batch_axis_averaged: averages over samples and every axis but the last batch axis
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    average = log_p.mean(0) if log_p.dim() <= 2 else log_p.mean((0, 1)).expand(log_p.shape[1:])
    return average - kl_to_prior(loc, log_scale).sum(-1)

# %% wrong straight_through_bits: bits that the decoder already gets right with a margin above five are masked out: value nearly right, sum off
def vae_objective(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    logits = decoder(z)
    log_p = ((x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)) * (((2 * x - 1) * logits) < 5)).sum(-1)
    return log_p.mean(0) - kl_to_prior(loc, log_scale).sum(-1)
