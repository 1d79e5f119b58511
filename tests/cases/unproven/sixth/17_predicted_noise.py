import math

import numpy as np
import torch

from course_vi.models import LinearGaussianSSM


# %% right kalman_and_smoother: the course's filter and smoother, and one logarithm of an integral
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% right backward_information: own Kalman filter forwards, information backwards, E[worth^2] / E[worth]^2 by completed squares, in NumPy
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    # information filter backwards in NumPy: worth of a particle is exp(-z'Jz/2 + h'z); predictive times worth squared, by completing squares
    a, q, c, r, m, p = (part.numpy() for part in (transition, transition_cov, emission, emission_cov, initial_loc, initial_cov))
    steps = x.shape[-2]
    series = x.reshape(-1, steps, x.shape[-1]).numpy()
    inv, r_inv, eye = np.linalg.inv, np.linalg.inv(r), np.eye(len(a))
    total = np.zeros(len(series))
    for b, data in enumerate(series):
        ahead, loc, cov = [], m, p
        for t in range(steps):
            ahead.append((loc, cov))
            gain = cov @ c.T @ inv(c @ cov @ c.T + r)
            loc, keep = loc + gain @ (data[t] - c @ loc), eye - gain @ c
            cov = keep @ cov @ keep.T + gain @ r @ gain.T
            loc, cov = a @ loc, a @ cov @ a.T + q
        j, h = np.zeros_like(a), np.zeros(len(a))
        for t in reversed(range(steps)):
            if t < steps - 1:
                back = a.T @ inv(eye + j @ q)
                j, h = back @ j @ a, back @ h
            j, h = j + c.T @ r_inv @ c, h + c.T @ r_inv @ data[t]
            loc, cov = ahead[t]

            def log_mean(power):
                """log E exp(power (-z'Jz/2 + h'z)) under N(loc, cov), z taken from loc."""
                k, g = power * j, power * (h - j @ loc)
                constant = power * (-loc @ j @ loc / 2 + h @ loc)
                mixed = eye + cov @ k
                return constant + g @ np.linalg.solve(mixed, cov @ g) / 2 - np.linalg.slogdet(mixed)[1] / 2

            total[b] += np.expm1(log_mean(2) - 2 * log_mean(1))
    variance = torch.from_numpy(total / num_particles).reshape(x.shape[:-2])
    return torch.stack([variance, -0.5 * variance])


# %% right dense_joint: one joint Gaussian of everything, plain conditioning, the integral by precisions
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    # the joint Gaussian of all states and data as one matrix; predictive and smoothed by plain conditioning
    (p, d), steps = emission.shape, x.shape[-2]
    mean, cov = torch.zeros(steps * d, dtype=x.dtype), torch.zeros(steps * d, steps * d, dtype=x.dtype)
    loc, now = initial_loc, initial_cov
    for t in range(steps):
        if t:
            loc, now = transition @ loc, transition @ now @ transition.T + transition_cov
        block = slice(t * d, (t + 1) * d)
        mean[block], cov[block, block], later = loc, now, now
        for s in range(t + 1, steps):
            later = transition @ later
            cov[s * d : (s + 1) * d, block], cov[block, s * d : (s + 1) * d] = later, later.T
    see = torch.block_diag(*[emission] * steps)
    data_cov = see @ cov @ see.T + torch.block_diag(*[emission_cov] * steps)
    off = x.flatten(-2) - see @ mean

    def given(t, count):
        block, n = slice(t * d, (t + 1) * d), count * p
        cross = (cov[block] @ see.T)[:, :n]
        gain = torch.linalg.solve(data_cov[:n, :n], cross.T).T
        return mean[block] + off[..., :n] @ gain.T, cov[block, block] - gain @ cross.T

    total = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(steps):
        (narrow, s), (broad, w) = given(t, steps), given(t, t)
        s_inv, w_inv = torch.linalg.inv(s), torch.linalg.inv(w)
        precision = 2 * s_inv - w_inv
        pull = (narrow - broad) @ w_inv
        log_ratio = (-torch.logdet(s) + 0.5 * torch.logdet(w) - 0.5 * torch.logdet(precision)
                     + 0.5 * (pull * (narrow - broad)).sum(-1) + 0.5 * (pull @ torch.linalg.inv(precision) * pull).sum(-1))
        total = total + log_ratio.expm1()
    variance = total / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong filtered_for_smoothed: a particle is worth p(x_t | z_t) only, what is to come is left out; right for T = 1
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.filter(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong bias_not_halved: takes minus the variance for the bias; it is minus half of it
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance])


# %% wrong lognormal: log(1 + V/N) for the variance of the logarithm: agrees only to order 1/N, and the leading order was asked
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.log1p(torch.expm1(log_ratio).sum(-1) / num_particles)
    return torch.stack([variance, -variance / 2])


# %% wrong product_of_steps: multiplies the steps' mean squares as importance sampling would, and takes 1 off: right for T = 1, and nearly where data are blunt
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio.sum(-1)) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong one_less_once: takes 1 off the sum instead of off each step; right for T = 1
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = (log_ratio.exp().sum(-1) - 1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong moved_by_transpose: moves rows of filtered means by A rather than its transpose; right for d = 1 or symmetric A
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong marginal_start: takes the model's own mean and covariance without data for the density before x_t, where p(z_t | x_1..x_{t-1}) is meant; right for T = 1
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    locs, covs = [initial_loc], [initial_cov]
    for _ in range(x.shape[-2] - 1):
        locs.append(transition @ locs[-1])
        covs.append(transition @ covs[-1] @ transition.T + transition_cov)
    loc, cov = torch.stack(locs), torch.stack(covs)
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong coordinates_apart: adds up log integrals of single coordinates, by variances only; right for d = 1
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    cov = torch.diag_embed(cov.diagonal(dim1=-2, dim2=-1))
    narrow = torch.diag_embed(smoothed.covariance.diagonal(dim1=-2, dim2=-1))
    wide = 2 * cov - narrow
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(narrow) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong clamped: clamps each step's logarithm at 20 against overflow; data may surprise, 'then a row is large, and so be it'
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio.clamp(max=20.0)).sum(-1) / num_particles
    return torch.stack([variance, -variance / 2])


# %% wrong one_particle_less: divides by N - 1, as for a sample variance; the leading order is 1/N
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide) + quadratic
    variance = torch.expm1(log_ratio).sum(-1) / (num_particles - 1)
    return torch.stack([variance, -variance / 2])


# %% wrong means_ignored: compares covariances only, the shift of the means is left out: the same for all data
def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    model = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps=x.shape[-2])
    with torch.no_grad():
        filtered, smoothed = model.filter(x.flatten(-2)), model.smooth(x.flatten(-2))
    loc = torch.cat([initial_loc.expand(*x.shape[:-2], 1, -1), filtered.loc[..., :-1, :] @ transition.T], -2)
    cov = torch.cat([initial_cov.unsqueeze(0), transition @ filtered.covariance[:-1] @ transition.T + transition_cov])
    off = smoothed.loc - loc
    wide = 2 * cov - smoothed.covariance
    quadratic = (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_ratio = torch.logdet(cov) - 0.5 * torch.logdet(smoothed.covariance) - 0.5 * torch.logdet(wide)
    variance = torch.expm1(log_ratio).sum(-1).expand(x.shape[:-2]) / num_particles
    return torch.stack([variance, -variance / 2])
