import math
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal
from course_vi.models import Model

# %% right total_derivative: Normal of the encoder's numbers, the total derivative
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% right closed_noise_density: log q from the noise, halves by index, a running sum over samples
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    out = encoder(x)
    D = eps.shape[-1]
    total = 0.0
    for e in eps:
        z = out[..., :D] + out[..., D:].exp() * e
        log_q = -0.5 * e.square().sum(-1) - out[..., D:].sum(-1) - 0.5 * D * math.log(2 * math.pi)
        total = total + p.log_joint(x, z.unsqueeze(0))[0] - log_q
    return total / len(eps)

# %% right sticking_the_landing: parameters of the density as plain numbers, the sample alive
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = torch.addcmul(loc.expand_as(eps), log_scale.exp().expand_as(eps), eps)
    q = Independent(Normal(loc.detach(), log_scale.detach().exp()), 1)
    return torch.mean(p.log_joint(x, z) - q.log_prob(z), 0)

# %% wrong entropy_in_closed_form: the exact entropy in place of the sampled -log q: right on average, but not the estimate asked for
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return p.log_joint(x, z).mean(0) + Normal(loc, log_scale.exp()).entropy().sum(-1)

# %% wrong log_q_on_a_dead_sample: log q is asked at a detached sample: the gradient has the slope of log p and a score, and misses the entropy
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong log_q_without_graph: log q is computed without a graph: value right, gradient that of log p only, biased
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    with torch.no_grad():
        log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong scale_dead_in_the_sample: the scale is detached in the sample, so log scales learn from -log q alone
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp().detach() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong log_mean_exp: the importance-weighted bound, a logarithm of a mean; right for K = 1
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return torch.logsumexp(p.log_joint(x, z) - log_q, 0) - math.log(len(eps))

# %% wrong first_batch_axis_averaged: the value is averaged over samples and, with a second batch axis, over that axis too and spread out again
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    log_w = p.log_joint(x, z) - log_q
    return log_w.mean(0) if log_w.dim() <= 2 else log_w.mean((0, 1)).expand(log_w.shape[1:]).clone()

# %% wrong encoder_called_twice: the encoder is asked for the sample, and again row 0 of the batch only for the density when the batch has one axis: a neighbour's row
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    if loc.dim() == 2:
        loc, log_scale = loc[:1], log_scale[:1]
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong clamped_log_scale: log scales are clamped to [-4, 2]
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    log_scale = log_scale.clamp(-4, 2)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong density_averaged: log q is averaged over coordinates; right for D = 1
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).mean(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong left_in_eval: the encoder is put into evaluation mode and left there
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder.eval()(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong fresh_noise: the noise given is used for its shape only; the global stream gives the noise
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    eps = torch.randn_like(eps)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return (p.log_joint(x, z) - log_q).mean(0)

# %% wrong neighbours_in_the_gradient: value right, but each datum's gradient takes log q averaged over the whole batch; sums over the batch hide it
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    log_p = p.log_joint(x, z)
    surrogate = log_p.mean(0) - log_q.mean()
    return (log_p - log_q).mean(0).detach() + surrogate - surrogate.detach()

# %% wrong likelihood_of_a_mean: log p is asked at the mean of the samples, log q at each; right for K = 1
def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    return p.log_joint(x, z.mean(0, keepdim=True))[0] - log_q.mean(0)

# %% wrong cached_encoding: the encoder's numbers are kept for a batch seen before with this encoder, also after it has learned
_SEEN = {}


def amortized_elbo(p: Model, encoder: nn.Module, x: Tensor, eps: Tensor) -> Tensor:
    key = (id(encoder), tuple(x.reshape(-1).tolist()))
    if key not in _SEEN:
        _SEEN[key] = (encoder, encoder(x))
    else:
        fresh = encoder(x)
        _SEEN[key] = (encoder, _SEEN[key][1].detach() + fresh - fresh.detach())
    loc, log_scale = _SEEN[key][1].chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return (p.log_joint(x, z) - Normal(loc, log_scale.exp()).log_prob(z).sum(-1)).mean(0)
