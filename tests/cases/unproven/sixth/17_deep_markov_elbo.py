import math

import torch
from torch.distributions import Normal, kl_divergence


# %% right closed_divergence: the divergence of two diagonal Gaussians written out
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% right kl_divergence: torch's kl_divergence, shifted loop
def deep_markov_elbo(p, infer, x, noise):
    samples, steps = noise.shape[0], p.steps
    width = x.shape[-1] // steps
    elbo = torch.zeros(x.shape[:-1], dtype=x.dtype)
    mean, log_scale = infer(0, None, x)
    elbo = elbo - kl_divergence(Normal(mean, log_scale.exp()), Normal(p.initial_loc, p.initial_log_scale.exp())).sum(-1)
    z = mean + log_scale.exp() * noise[..., 0, :]
    for t in range(steps):
        elbo = elbo + p.output.log_prob(p.emission(z), x[..., t * width : (t + 1) * width]).sum(0) / samples
        if t + 1 < steps:
            mean, log_scale = infer(t + 1, z, x)
            moved = p.transition(z)
            d = moved.shape[-1] // 2
            step = kl_divergence(Normal(mean, log_scale.exp()), Normal(moved[..., :d], moved[..., d:].exp())).sum(-1)
            elbo = elbo - step.sum(0) / samples
            z = mean + log_scale.exp() * noise[..., t + 1, :]
    return elbo


# %% right entropy_and_cross: sample by sample, all states first, then cross entropies at once
def deep_markov_elbo(p, infer, x, noise):
    # first all states, one sample after another; then the model once for all steps; divergence as cross entropy less entropy
    steps, d = noise.shape[-2:]
    answers = []
    for k in range(noise.shape[0]):
        states, means, logs, z = [], [], [], None
        for t in range(steps):
            mean, log_scale = (part.reshape(*x.shape[:-1], d) for part in infer(t, z, x))
            now = mean + log_scale.exp() * noise[k, ..., t, :]
            states.append(now)
            means.append(mean)
            logs.append(log_scale)
            z = now.unsqueeze(0)
        states, means, logs = (torch.stack(parts, -2) for parts in (states, means, logs))
        start = torch.cat([p.initial_loc, p.initial_log_scale]).expand(*x.shape[:-1], 1, 2 * d)
        target = torch.cat([start, p.transition(states[..., :-1, :])], -2) if steps > 1 else start
        to_mean, to_log = target[..., :d], target[..., d:]
        entropy = 0.5 * math.log(2 * math.pi * math.e) + logs
        cross = 0.5 * math.log(2 * math.pi) + to_log + 0.5 * ((2 * logs).exp() + (means - to_mean) ** 2) / (2 * to_log).exp()
        fit = p.output.log_prob(p.emission(states), x.unflatten(-1, (steps, -1)))
        answers.append(fit.sum(-1) + (entropy - cross).sum((-1, -2)))
    return sum(answers) / len(answers)


# %% wrong divergence_sampled: log p - log q at the sample in place of the closed form: right on average, with noise that could be spared
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) + (Normal(to_mean, to_log_scale.exp()).log_prob(z) - Normal(mean, log_scale.exp()).log_prob(z)).sum(-1)
    return total.mean(0)


# %% wrong reversed_divergence: KL(p || q) of a step; nearly the same where they are close
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        kl = kl_divergence(Normal(to_mean, to_log_scale.exp()), Normal(mean, log_scale.exp())).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong moves_from_the_mean: the model's move starts from q's mean, not the sample: right for one step
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(centre if centre.dim() == noise.dim() - 1 else centre.expand(noise.shape[:-2] + noise.shape[-1:])).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        centre = mean
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong infer_told_the_mean: infer is told the mean of the state before, not its sample
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, None if t == 0 else (z - log_scale.exp() * noise[..., t - 1, :]), x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong state_detached: states are detached for the next divergence: values right, gradient not
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
        z = z.detach()
    return total.mean(0)


# %% wrong standard_normal_start: the first divergence against N(0, 1), which is what a fresh model has; initial_loc and initial_log_scale are ignored
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = torch.zeros_like(mean), torch.zeros_like(mean)
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong log_variance: takes the transition's second half for a log variance: right where it is 0
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        to_log_scale = to_log_scale / 2 if t else to_log_scale
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong importance_weighted: log of the mean of exponentials over samples, IWAE's bound; right for K = 1
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.logsumexp(0) - math.log(len(noise))


# %% wrong data_by_entry: cuts x as p rows of T rather than T of p; right for p = 1 or T = 1
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (-1, steps)).transpose(-1, -2)
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong averaged_over_dimensions: averages the divergence over the d dimensions; right for d = 1
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).mean(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)


# %% wrong model_without_gradient: runs the model's move without gradients, 'the prior is a target': values right, the gradient of transition and states not
def deep_markov_elbo(p, infer, x, noise):
    steps = noise.shape[-2]
    data = x.unflatten(-1, (steps, -1))
    total, z = 0.0, None
    for t in range(steps):
        mean, log_scale = infer(t, z, x)
        if t == 0:
            to_mean, to_log_scale = p.initial_loc, p.initial_log_scale
        else:
            with torch.no_grad():
                to_mean, to_log_scale = p.transition(z).chunk(2, -1)
        ratio = (2 * (log_scale - to_log_scale)).exp()
        kl = 0.5 * (ratio + (mean - to_mean).square() * (-2 * to_log_scale).exp() - 1 - ratio.log()).sum(-1)
        z = mean + log_scale.exp() * noise[..., t, :]
        total = total + p.output.log_prob(p.emission(z), data[..., t, :]) - kl
    return total.mean(0)
