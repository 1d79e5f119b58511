import math

import torch
from torch import Tensor

# %% right fold_over_steps: functools.reduce carries the states and the running bound; torch.distributions has the divergence of a step
def deep_markov_elbo(p, infer, x: Tensor, noise: Tensor) -> Tensor:
    from functools import reduce

    from torch.distributions import Independent, Normal, kl_divergence

    def normal(loc: Tensor, log_scale: Tensor) -> Independent:
        return Independent(Normal(*torch.broadcast_tensors(loc, log_scale.exp()), validate_args=False), 1, validate_args=False)

    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1)).unbind(-2)

    def step(carried: tuple[Tensor | None, Tensor], t: int) -> tuple[Tensor | None, Tensor]:
        before, bound = carried
        own = normal(p.initial_loc, p.initial_log_scale) if before is None else normal(*p.transition(before).tensor_split(2, -1))
        q = normal(*infer(t, before, x))
        divergence = kl_divergence(q, own.expand(q.batch_shape) if before is None else own)
        z = torch.addcmul(q.base_dist.loc, q.base_dist.scale, noise[..., t, :])
        seen = p.output.log_prob(p.emission(z), data[t])
        return z, bound + seen - divergence

    return reduce(step, range(steps), (None, noise.new_zeros(noise.shape[:-2])))[1].mean(0)

# %% wrong log_mean_exp: averages the K samples inside a logarithm, an importance weighted bound, which is the ELBO for one sample only
def deep_markov_elbo(p, infer, x: Tensor, noise: Tensor) -> Tensor:
    K, T = noise.shape[0], noise.shape[-2]
    data = x.unflatten(-1, (T, -1))
    total, z = 0.0, None
    for t in range(T):
        p_loc, p_log = (p.initial_loc, p.initial_log_scale) if t == 0 else p.transition(z).chunk(2, -1)
        loc, log_scale = infer(t, z, x)
        kl = (p_log - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.logsumexp(0) - math.log(K)

# %% wrong standard_start: compares the first state with N(0, I), which is what a fresh model says, and not what the model has learned of its start
def deep_markov_elbo(p, infer, x: Tensor, noise: Tensor) -> Tensor:
    T = noise.shape[-2]
    data = x.unflatten(-1, (T, -1))
    total, z = 0.0, None
    for t in range(T):
        zero = torch.zeros_like(noise[0, ..., t, :])
        p_loc, p_log = (zero, zero) if t == 0 else p.transition(z).chunk(2, -1)
        loc, log_scale = infer(t, z, x)
        kl = (p_log - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)

# %% wrong coordinate_after_coordinate: reads the row as p series of T numbers, one after the other, instead of T data of p numbers; the same for p = 1
def deep_markov_elbo(p, infer, x: Tensor, noise: Tensor) -> Tensor:
    T = noise.shape[-2]
    data = x.unflatten(-1, (-1, T)).mT
    total, z = 0.0, None
    for t in range(T):
        p_loc, p_log = (p.initial_loc, p.initial_log_scale) if t == 0 else p.transition(z).chunk(2, -1)
        loc, log_scale = infer(t, z, x)
        kl = (p_log - log_scale + 0.5 * ((2 * log_scale).exp() + (loc - p_loc) ** 2) / (2 * p_log).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)

# %% wrong averaged_parameters: averages means and log scales over the samples before the divergence of a step, to have less noise; a divergence of averages is no average
def deep_markov_elbo(p, infer, x: Tensor, noise: Tensor) -> Tensor:
    T = noise.shape[-2]
    data = x.unflatten(-1, (T, -1))
    total, z = 0.0, None
    for t in range(T):
        p_loc, p_log = (p.initial_loc, p.initial_log_scale) if t == 0 else p.transition(z).chunk(2, -1)
        loc, log_scale = infer(t, z, x)
        if t == 0:
            a, b, c, d = p_loc, p_log, loc, log_scale
        else:
            a, b, c, d = (part.mean(0) for part in (p_loc, p_log, loc, log_scale))
        kl = (b - d + 0.5 * ((2 * d).exp() + (c - a) ** 2) / (2 * b).exp() - 0.5).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]).mean(0) - kl
    return total
