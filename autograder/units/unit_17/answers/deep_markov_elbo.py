# %% right steps: Step by step; the divergence by torch's own formula.
import torch
from torch.distributions import Normal, kl_divergence


def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        loc, log_scale = infer(t, z, x)
        if z is None:
            prior = Normal(p.initial_loc, p.initial_log_scale.exp())
        else:
            mean, spread = p.transition(z).chunk(2, -1)
            prior = Normal(mean, spread.exp())
        q = Normal(loc, log_scale.exp())
        z = loc + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)
    return total.mean(0)


# %% right formulas: All states first, then all divergences at once, by hand.
import torch


def deep_markov_elbo(p, infer, x, noise):
    T = noise.shape[-2]
    z, locs, logs, before = [], [], [], None
    for t in range(T):
        loc, log = infer(t, before, x)
        before = loc + torch.exp(log) * noise[..., t, :]
        z.append(before)
        locs.append(loc.expand_as(before))
        logs.append(log.expand_as(before))
    z, loc, log = torch.stack(z, -2), torch.stack(locs, -2), torch.stack(logs, -2)
    n, b = p.transition(z[..., :-1, :]).chunk(2, -1)
    first = z[..., :1, :]
    n = torch.cat([p.initial_loc.expand_as(first), n], -2)
    b = torch.cat([p.initial_log_scale.expand_as(first), b], -2)
    kl = b - log - 0.5 + 0.5 * torch.exp(2 * log - 2 * b) + 0.5 * (loc - n) ** 2 * torch.exp(-2 * b)
    like = p.output.log_prob(p.emission(z), x.unflatten(-1, (T, -1)))
    return (like.sum(-1) - kl.sum((-2, -1))).mean(0)


# %% right loops: One sample at a time, by the model's dynamics.
import torch


def deep_markov_elbo(p, infer, x, noise):
    parts = p.dynamics()
    series = x.unflatten(-1, (parts.steps, parts.data_size))
    values = []
    for eps in noise:
        value, z = 0, None
        for t in range(parts.steps):
            loc, log_scale = infer(t, z, x)
            own = parts.first() if z is None else parts.move(t, z)
            n, s = own.mean, own.stddev
            z = loc + log_scale.exp() * eps[..., t, :]
            ratio = log_scale.exp() / s
            kl = 0.5 * (ratio.square() - 1 - 2 * ratio.log() + ((loc - n) / s).square())
            value = value + parts.see(t, z, series[..., t, :]) - kl.sum(-1)
        values.append(value)
    return sum(values) / len(values)


# %% wrong sampled, from right steps: The log ratio at the sample: right on average, and noisier than it has to be.
# diagnosis: sampled_kl
#-         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)
#+         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - (q.log_prob(z) - prior.log_prob(z)).sum(-1)


# %% wrong reversed, from right steps: The divergence the other way round.
# diagnosis: kl_reversed
#-         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)
#+         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(prior, q).sum(-1)


# %% wrong prior_at_each_step, from right steps: Every state is compared with the prior of the first.
# diagnosis: prior_at_each_step
#-         if z is None:
#-             prior = Normal(p.initial_loc, p.initial_log_scale.exp())
#-         else:
#-             mean, spread = p.transition(z).chunk(2, -1)
#-             prior = Normal(mean, spread.exp())
#+         prior = Normal(p.initial_loc, p.initial_log_scale.exp())


# %% wrong noise_of_the_model, from right steps: Only the first state is inferred; the moves are left to the model.
# diagnosis: noise_of_the_model
#-         z = loc + log_scale.exp() * noise[..., t, :]
#-         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)
#+         if z is not None:
#+             loc, log_scale, q = mean, spread, prior
#+         z = loc + log_scale.exp() * noise[..., t, :]
#+         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)


# %% wrong first_kl, from right steps: The first state's divergence is forgotten.
# diagnosis: first_kl_missing
#-         if z is None:
#-             prior = Normal(p.initial_loc, p.initial_log_scale.exp())
#+         if z is None:
#+             prior = Normal(loc, log_scale.exp())


# %% wrong mean_passed_on, from right steps: The recognition is handed the mean of the state before, not the sample.
# diagnosis: mean_passed_on
#-     total, z = 0.0, None
#-     for t in range(steps):
#-         loc, log_scale = infer(t, z, x)
#+     total, z, loc = 0.0, None, None
#+     for t in range(steps):
#+         loc, log_scale = infer(t, loc, x)


# %% wrong log_variance, from right steps: log_scale is read as the logarithm of a variance, in p and in q.
# diagnosis: log_variance
#-             prior = Normal(mean, spread.exp())
#-         q = Normal(loc, log_scale.exp())
#-         z = loc + log_scale.exp() * noise[..., t, :]
#+             prior = Normal(mean, (spread / 2).exp())
#+         if z is None:
#+             prior = Normal(p.initial_loc, (p.initial_log_scale / 2).exp())
#+         q = Normal(loc, (log_scale / 2).exp())
#+         z = loc + (log_scale / 2).exp() * noise[..., t, :]


# %% wrong detached, from right steps: The state is detached before it is measured.
# diagnosis: sample_detached
#-         total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl_divergence(q, prior).sum(-1)
#+         total = total + p.output.log_prob(p.emission(z.detach()), data[..., t, :]) - kl_divergence(q, prior).sum(-1)


# %% wrong sum_over_samples, from right steps: The samples are summed.
# diagnosis: sum_over_samples
#-     return total.mean(0)
#+     return total.sum(0)


# %% wrong mean_over_steps, from right steps: A mean over the steps, so that long series count no more than short ones.
# diagnosis: mean_over_steps
#-     return total.mean(0)
#+     return total.mean(0) / steps


# %% wrong history_detached, from right steps: The model moves from a detached state: its part in the next divergence is cut.
# diagnosis: history_detached
#-             mean, spread = p.transition(z).chunk(2, -1)
#+             mean, spread = p.transition(z.detach()).chunk(2, -1)
