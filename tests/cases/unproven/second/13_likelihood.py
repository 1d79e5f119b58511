import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal

# %% right noise_against_sample: prior of z over density of the noise and the stretch, logsumexp
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% right two_normals: densities by Normal, a running logaddexp over samples
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    total = None
    for e in eps:
        z = loc + log_scale.exp() * e
        log_p = -F.softplus((1 - 2 * x) * decoder(z)).sum(-1)
        log_q = (-0.5 * e.square() - log_scale).sum(-1)
        log_w = log_p + (-0.5 * z.square()).sum(-1) - log_q
        total = log_w if total is None else torch.logaddexp(total, log_w)
    return total - math.log(eps.shape[0])

# %% right largest_taken_out: the largest weight taken out by hand, Bernoulli and Normal of torch
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    q = Normal(loc, log_scale.exp())
    z = loc + q.scale * eps
    terms = torch.distributions.Bernoulli(logits=decoder(z)).log_prob(x.expand(len(z), *x.shape)).sum(-1)
    log_w = terms + Normal(0.0, 1.0).log_prob(z).sum(-1) - q.log_prob(z).sum(-1)
    top = log_w.max(0).values
    return top + (log_w - top).exp().mean(0).log()

# %% wrong mean_of_logs: the ELBO: a mean of logarithms; right for K = 1
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return log_w.mean(0)

# %% wrong log_of_the_sum: the logarithm of the sum; right for K = 1
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.logsumexp(log_w, 0)

# %% wrong underflow_guarded: weights in plain numbers with 1e-300 inside the logarithm
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.log(log_w.exp().mean(0) + 1e-300)

# %% wrong closed_form_kl: the mean likelihood less the closed-form KL
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p - (0.5 * (loc.square() + (2 * log_scale).exp() - 1) - log_scale).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong stretch_forgotten: the density of eps is taken for that of z; right where scales are one
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square()).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong shared_maximum: the largest log weight of the whole batch is taken out, so rows far below it underflow
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return (log_w - log_w.max()).exp().mean(0).log() + log_w.max()

# %% wrong stretch_averaged: the log scales are averaged over latents; right for D = 1
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() ).sum(-1) + log_scale.mean(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong truncated_weights: weights above the square root of K times the mean are cut off, which lowers the variance and biases p(x)
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    log_w = torch.minimum(log_w, torch.logsumexp(log_w, 0) - 0.5 * math.log(len(eps)))
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong bias_corrected: half the relative variance of the weights is added, a correction of the logarithm's bias that was not asked for
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    w = torch.softmax(log_w, 0)
    return torch.logsumexp(log_w, 0) - math.log(len(eps)) + 0.5 * (w.square().sum(0) - 1 / len(eps))

# %% wrong logits_clamped: logits are clamped to [-20, 20]
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z).clamp(-20, 20), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong batch_normalized: samples and first batch axis are averaged together for images with two batch axes
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    if log_w.dim() > 2:
        pooled = torch.logsumexp(log_w, (0, 1)) - math.log(log_w.shape[0] * log_w.shape[1])
        return pooled.expand(log_w.shape[1:]).clone()
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong log_scale_clamped: log scales are clamped to [-4, 1] for the proposal's density only
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale.clamp(-4.0, 1.0)).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong mirrored_noise: the mirrored noise is used as well: unbiased too, but not the estimate of the noise given
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    eps = torch.cat([eps, -eps])
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * eps.square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))

# %% wrong prior_forgets_stretch: the residual in log q is not divided by the scale; right where scales are one
def importance_log_likelihood(encoder: nn.Module, decoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_p = -F.binary_cross_entropy_with_logits(decoder(z), x.expand(len(z), *x.shape), reduction="none").sum(-1)
    log_w = log_p + (0.5 * (z - loc).square() - 0.5 * z.square() + log_scale).sum(-1)
    return torch.logsumexp(log_w, 0) - math.log(len(eps))
