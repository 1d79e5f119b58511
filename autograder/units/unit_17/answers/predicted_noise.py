# %% right gaussians: The course's filter and smoother, and the integral of a ratio of Gaussians with all its determinants.
import torch

from course_vi.models import LinearGaussianSSM


def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    steps = x.shape[-2]
    p = LinearGaussianSSM(transition, emission, transition_cov, emission_cov, initial_loc, initial_cov, steps)
    with torch.no_grad():
        found, after = p.filter(x.flatten(-2)), p.smooth(x.flatten(-2))
    total = torch.zeros(x.shape[:-2], dtype=x.dtype)
    for t in range(steps):
        loc, cov = initial_loc, initial_cov
        if t > 0:
            loc = found.loc[..., t - 1, :] @ transition.T
            cov = transition @ found.covariance[t - 1] @ transition.T + transition_cov
        off = after.loc[..., t, :] - loc
        smooth = after.covariance[t]
        wide = 2 * cov - smooth
        log = cov.logdet() - 0.5 * smooth.logdet() - 0.5 * wide.logdet()
        log = log + (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
        total = total + torch.expm1(log)
    variance = total / num_particles
    return torch.stack([variance, -variance / 2])


# %% right information: A filter of one's own; what is still to come as a Gaussian factor, gathered backwards; NumPy.
import numpy as np


def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    A, Q, C, R, m, P, x = (each.numpy() for each in (transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x))
    T, d = x.shape[-2], len(m)
    Ri, Qi, eye = np.linalg.inv(R), np.linalg.inv(Q), np.eye(d)
    # p(x_t..x_T | z_t) is proportional to exp(h'z - z'Jz/2)
    J, h, later = np.zeros((d, d)), np.zeros((*x.shape[:-2], d)), []
    for t in reversed(range(T)):
        J, h = J + C.T @ Ri @ C, h + x[..., t, :] @ Ri @ C
        later.insert(0, (J, h))
        shrink = np.linalg.inv(Qi + J)
        h, J = h @ shrink @ Qi @ A, A.T @ (Qi - Qi @ shrink @ Qi) @ A
    loc, cov = m + np.zeros((*x.shape[:-2], d)), P
    total = 0.0
    for t in range(T):
        if t:
            loc, cov = loc @ A.T, A @ cov @ A.T + Q
        J, h = later[t]

        def log_mean(times):
            """log E exp(times (h'z - z'Jz/2)) under the prediction."""
            precision = np.linalg.inv(cov) + times * J
            linear = loc @ np.linalg.inv(cov) + times * h
            square = (linear * np.linalg.solve(precision, linear[..., None])[..., 0]).sum(-1)
            old = (loc * np.linalg.solve(cov, loc[..., None])[..., 0]).sum(-1)
            return 0.5 * (square - old - np.linalg.slogdet(cov @ precision)[1])

        total = total + np.expm1(log_mean(2) - 2 * log_mean(1))
        S = C @ cov @ C.T + R
        K = cov @ C.T @ np.linalg.inv(S)
        loc, cov = loc + (x[..., t, :] - loc @ C.T) @ K.T, (eye - K @ C) @ cov
    return np.stack([total / num_particles, -0.5 * total / num_particles])


# %% right loops: One series at a time, by torch's own distributions and one joint Gaussian of all states and data.
import torch


def log_normal(off, cov):
    """log of the Gaussian density at ``off``, without its constant of 2 pi."""
    return -0.5 * cov.logdet() - 0.5 * off @ torch.linalg.solve(cov, off)


def condition(mean, cov, keep, given, values):
    """Mean and covariance of the entries ``keep`` given those of ``given``."""
    if not len(given):
        return mean[keep], cov[keep][:, keep]
    gain = torch.linalg.solve(cov[given][:, given], cov[given][:, keep]).T
    return mean[keep] + gain @ (values - mean[given]), cov[keep][:, keep] - gain @ cov[given][:, keep]


def predicted_noise(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, num_particles):
    T, p = x.shape[-2:]
    d = len(initial_loc)
    means, blocks = [initial_loc], [[initial_cov]]
    for t in range(1, T):
        means.append(transition @ means[-1])
        row = [transition @ block for block in blocks[-1]]
        blocks.append([*row, transition @ blocks[-1][-1] @ transition.T + transition_cov])
    states = torch.cat([torch.cat([blocks[max(s, t)][min(s, t)] if s >= t else blocks[t][s].T for t in range(T)], 1)
                        for s in range(T)])
    see = torch.block_diag(*[emission] * T)
    noise = torch.block_diag(*[emission_cov] * T)
    mean = torch.cat(means)
    mean = torch.cat([mean, see @ mean])
    cov = torch.cat([torch.cat([states, states @ see.T], 1), torch.cat([see @ states, see @ states @ see.T + noise], 1)])
    answers = []
    for series in x.reshape(-1, T * p):
        total = 0.0
        for t in range(T):
            z = torch.arange(t * d, (t + 1) * d)
            past, all_ = T * d + torch.arange(t * p), T * d + torch.arange(T * p)
            m_p, P_p = condition(mean, cov, z, past, series[: t * p])
            m_s, P_s = condition(mean, cov, z, all_, series)
            sharp = 2 * torch.linalg.inv(P_s) - torch.linalg.inv(P_p)
            middle = torch.linalg.solve(sharp, 2 * torch.linalg.solve(P_s, m_s) - torch.linalg.solve(P_p, m_p))
            log = 2 * log_normal(middle - m_s, P_s) - log_normal(middle - m_p, P_p) - 0.5 * sharp.logdet()
            total += torch.expm1(log).item()
        answers.append([total / num_particles, -total / num_particles / 2])
    return torch.tensor(answers, dtype=x.dtype).T.reshape(2, *x.shape[:-2])


# %% wrong filtering, from right gaussians: Filtering for smoothing: each step's weights look at that step's datum alone, as if nothing came later.
# diagnosis: filtering
#-         off = after.loc[..., t, :] - loc
#-         smooth = after.covariance[t]
#+         off = found.loc[..., t, :] - loc
#+         smooth = found.covariance[t]


# %% wrong no_resampling, from right gaussians: Steps are multiplied, which is right for importance sampling of the whole series, and exponential in T.
# diagnosis: no_resampling
#-     total = torch.zeros(x.shape[:-2], dtype=x.dtype)
#+     total = torch.ones(x.shape[:-2], dtype=x.dtype)
#@@
#-         total = total + torch.expm1(log)
#-     variance = total / num_particles
#+         total = total * log.exp()
#+     variance = (total - 1) / num_particles


# %% wrong against_filtering, from right gaussians: The particles are taken to be drawn given x_t already.
# diagnosis: against_filtering
#-         if t > 0:
#-             loc = found.loc[..., t - 1, :] @ transition.T
#-             cov = transition @ found.covariance[t - 1] @ transition.T + transition_cov
#+         loc, cov = found.loc[..., t, :], found.covariance[t] + 1e-12 * torch.eye(len(initial_loc), dtype=x.dtype)


# %% wrong one_not_subtracted, from right gaussians: A mean square for a variance.
# diagnosis: one_not_subtracted
#-         total = total + torch.expm1(log)
#+         total = total + torch.exp(log)


# %% wrong first_step, from right gaussians: Begins with the first move: the start is taken to be known.
# diagnosis: first_step_lost
#-     for t in range(steps):
#+     for t in range(1, steps):


# %% wrong root_n, from right gaussians: The error falls with the root of N, and so it was written.
# diagnosis: root_n
#-     variance = total / num_particles
#+     variance = total / num_particles**0.5


# %% wrong n_squared, from right gaussians: The variance of a mean of N weights, divided by N once more.
# diagnosis: n_squared
#-     variance = total / num_particles
#+     variance = total / num_particles**2


# %% wrong half_lost, from right gaussians: The bias of the log is minus half of its variance; the half is lost.
# diagnosis: half_lost
#-     return torch.stack([variance, -variance / 2])
#+     return torch.stack([variance, -variance])


# %% wrong sign, from right gaussians: The bias is upwards.
# diagnosis: sign
#-     return torch.stack([variance, -variance / 2])
#+     return torch.stack([variance, variance / 2])


# %% wrong divergence, from right gaussians: A KL divergence of smoothing and prediction for each step, the currency of the rest of the course.
# diagnosis: divergence
#-         wide = 2 * cov - smooth
#-         log = cov.logdet() - 0.5 * smooth.logdet() - 0.5 * wide.logdet()
#-         log = log + (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
#-         total = total + torch.expm1(log)
#+         away = (off * torch.linalg.solve(cov, off.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+         trace = torch.linalg.solve(cov, smooth).trace() - len(initial_loc)
#+         total = total + 0.5 * (away + trace + cov.logdet() - smooth.logdet())


# %% wrong against_prior, from right gaussians: Predictions from the start alone: the past data are not looked at.
# diagnosis: against_prior
#-         if t > 0:
#-             loc = found.loc[..., t - 1, :] @ transition.T
#-             cov = transition @ found.covariance[t - 1] @ transition.T + transition_cov
#+         for _ in range(t):
#+             loc, cov = loc @ transition.T, transition @ cov @ transition.T + transition_cov


# %% wrong capped, from right gaussians: A step's share is kept below 20, lest it overflow: wrong where a datum surprises.
# diagnosis: value or described
#-         total = total + torch.expm1(log)
#+         total = total + torch.expm1(log).clamp(max=20.0)
