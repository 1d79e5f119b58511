import math

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from course_vi.models import DeepMarkovModel

# %% wrong log_of_the_mean: the K samples are averaged as weights, by log-mean-exp, "a tighter bound for the same noise"; the average of K ELBOs is asked, and the two agree for K = 1
def deep_markov_elbo(p: DeepMarkovModel, infer, x: Tensor, noise: Tensor) -> Tensor:
    steps, total, z = noise.shape[-2], 0.0, None
    series = x.unflatten(-1, (steps, -1))
    for t in range(steps):
        loc, log_scale = infer(t, z, x)
        before = (p.initial_loc, p.initial_log_scale) if z is None else p.transition(z).chunk(2, -1)
        kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(before[0], before[1].exp())).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), series[..., t, :]) - kl
    return total.logsumexp(0) - math.log(len(noise))

# %% wrong coordinates_first: the row of T p numbers is unfolded as p series of T steps; the same for p = 1
def deep_markov_elbo(p: DeepMarkovModel, infer, x: Tensor, noise: Tensor) -> Tensor:
    steps, total, z = noise.shape[-2], 0.0, None
    series = x.unflatten(-1, (-1, steps)).transpose(-1, -2)
    for t in range(steps):
        loc, log_scale = infer(t, z, x)
        before = (p.initial_loc, p.initial_log_scale) if z is None else p.transition(z).chunk(2, -1)
        kl = kl_divergence(Normal(loc, log_scale.exp()), Normal(before[0], before[1].exp())).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), series[..., t, :]) - kl
    return total.mean(0)

# %% wrong start_is_given: the law of the first state is treated as a prior that is given, and detached; the value is right, and its mean and scale, which are parameters of p, never learn
def deep_markov_elbo(p: DeepMarkovModel, infer, x: Tensor, noise: Tensor) -> Tensor:
    steps, total = noise.shape[-2], 0.0
    series = x.unflatten(-1, (steps, -1))
    prior = Normal(p.initial_loc.detach() + 0 * p.initial_loc, (p.initial_log_scale.detach() + 0 * p.initial_log_scale).exp())
    z = None
    for t in range(steps):
        loc, log_scale = infer(t, z, x)
        if z is not None:
            mean, log_spread = p.transition(z).chunk(2, -1)
            prior = Normal(mean, log_spread.exp())
        kl = kl_divergence(Normal(loc, log_scale.exp()), prior).sum(-1)
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), series[..., t, :]) - kl
    return total.mean(0)
