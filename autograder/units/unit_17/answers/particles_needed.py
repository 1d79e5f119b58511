# %% right joint: The course's filter and smoother; Gaussians of pairs of states, and one integral for both filters.
import torch

from course_vi.models import LinearGaussianSSM


def chi_square(target, proposal):
    (m_s, P_s), (m_p, P_p) = target, proposal
    wide, off = 2 * P_p - P_s, m_s - m_p
    log = P_p.logdet() - 0.5 * P_s.logdet() - 0.5 * wide.logdet()
    return torch.expm1(log + (off * torch.linalg.solve(wide, off.unsqueeze(-1)).squeeze(-1)).sum(-1))


def joint(first, cross, second):
    return torch.cat([torch.cat([first, cross], -1), torch.cat([cross.T, second], -1)], -2)


def particles_needed(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, error):
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    p = LinearGaussianSSM(A, C, Q, R, initial_loc, initial_cov, x.shape[-2])
    with torch.no_grad():
        found, after = p.filter(x.flatten(-2)), p.smooth(x.flatten(-2))
    gain = torch.linalg.solve(C @ Q @ C.T + R, C @ Q).T
    V = Q - gain @ C @ Q
    M = A - gain @ C @ A
    smooth = [(after.loc[..., t, :], after.covariance[t]) for t in range(p.steps)]
    start = (initial_loc.expand_as(smooth[0][0]), initial_cov)
    bootstrap = chi_square(smooth[0], start)
    guided = chi_square(smooth[0], (found.loc[..., 0, :], found.covariance[0]))
    for t in range(1, p.steps):
        m, P = found.loc[..., t - 1, :], found.covariance[t - 1]
        bootstrap = bootstrap + chi_square(smooth[t], (m @ A.T, A @ P @ A.T + Q))
        pair = torch.cat([smooth[t - 1][0], smooth[t][0]], -1), joint(smooth[t - 1][1], after.cross[t - 1], smooth[t][1])
        drawn = torch.cat([m, m @ M.T + x[..., t, :] @ gain.T], -1), joint(P, P @ M.T, M @ P @ M.T + V)
        guided = guided + chi_square(pair, drawn)
    return torch.stack([bootstrap, guided]) / error**2


# %% right factors: What is still to come is a Gaussian factor, gathered backwards; the weight of an ancestor is another one; NumPy.
import numpy as np


def particles_needed(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, error):
    A, Q, C, R, m, P, x = (each.numpy() for each in (transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x))
    T, d = x.shape[-2], len(m)
    Ri, Qi, eye = np.linalg.inv(R), np.linalg.inv(Q), np.eye(d)
    zero = np.zeros((*x.shape[:-2], d))
    J, h, later = np.zeros((d, d)), zero, []                    # p(x_t+1..x_T | z_t), as exp(h'z - z'Jz/2)
    for t in reversed(range(T)):
        later.insert(0, (J, h))
        J, h = J + C.T @ Ri @ C, h + x[..., t, :] @ Ri @ C
        shrink = np.linalg.inv(Qi + J)
        h, J = h @ shrink @ Qi @ A, A.T @ (Qi - Qi @ shrink @ Qi) @ A

    def relative_variance(loc, cov, J, h):
        def log_mean(times):
            precision = np.linalg.inv(cov) + times * J
            linear = loc @ np.linalg.inv(cov) + times * h
            square = (linear * np.linalg.solve(precision, linear[..., None])[..., 0]).sum(-1)
            old = (loc * np.linalg.solve(cov, loc[..., None])[..., 0]).sum(-1)
            return 0.5 * (square - old - np.linalg.slogdet(cov @ precision)[1])

        return np.expm1(log_mean(2) - 2 * log_mean(1))

    S0 = C @ Q @ C.T + R                                        # x_t given z_t-1
    K0 = Q @ C.T @ np.linalg.inv(S0)
    V = (eye - K0 @ C) @ Q
    W = (C @ A).T @ np.linalg.inv(S0)
    loc, cov = m + zero, P
    total = np.zeros((2, *x.shape[:-2]))
    for t in range(T):
        J, h = later[t]
        if t:
            move = (eye - K0 @ C) @ A
            both_loc = np.concatenate([loc, loc @ move.T + x[..., t, :] @ K0.T], -1)
            both_cov = np.block([[cov, cov @ move.T], [move @ cov, move @ cov @ move.T + V]])
            both_J = np.block([[W @ C @ A, np.zeros((d, d))], [np.zeros((d, d)), J]])
            both_h = np.concatenate([x[..., t, :] @ W.T, h], -1)
            total[1] += relative_variance(both_loc, both_cov, both_J, both_h)
            loc, cov = loc @ A.T, A @ cov @ A.T + Q
        total[0] += relative_variance(loc, cov, J + C.T @ Ri @ C, h + x[..., t, :] @ Ri @ C)
        K = cov @ C.T @ np.linalg.inv(C @ cov @ C.T + R)
        loc, cov = loc + (x[..., t, :] - loc @ C.T) @ K.T, (eye - K @ C) @ cov
        if t == 0:
            total[1] += relative_variance(loc, cov, J, h)
    return total / error**2


# %% right loops: One series at a time; a dense Gaussian of all states and data, conditioned as often as need be.
import torch


def condition(mean, cov, keep, given, values):
    if not len(given):
        return mean[keep], cov[keep][:, keep]
    gain = torch.linalg.solve(cov[given][:, given], cov[given][:, keep]).T
    return mean[keep] + gain @ (values - mean[given]), cov[keep][:, keep] - gain @ cov[given][:, keep]


def relative_variance(target, proposal):
    m, P, n, S = *target, *proposal
    wide = 2 * S - P
    log = S.logdet() - 0.5 * P.logdet() - 0.5 * wide.logdet() + (m - n) @ torch.linalg.solve(wide, m - n)
    return torch.expm1(log).item()


def particles_needed(transition, transition_cov, emission, emission_cov, initial_loc, initial_cov, x, error):
    A, Q = transition, transition_cov
    T, p = x.shape[-2:]
    d = len(initial_loc)
    means, blocks = [initial_loc], [[initial_cov]]
    for t in range(1, T):
        means.append(A @ means[-1])
        blocks.append([*[A @ block for block in blocks[-1]], A @ blocks[-1][-1] @ A.T + Q])
    states = torch.cat([torch.cat([blocks[s][t] if s >= t else blocks[t][s].T for t in range(T)], 1) for s in range(T)])
    see, noise = torch.block_diag(*[emission] * T), torch.block_diag(*[emission_cov] * T)
    mean = torch.cat(means)
    mean = torch.cat([mean, see @ mean])
    cov = torch.cat([torch.cat([states, states @ see.T], 1), torch.cat([see @ states, see @ states @ see.T + noise], 1)])
    gain = torch.linalg.solve(emission @ Q @ emission.T + emission_cov, emission @ Q).T
    rest = Q - gain @ emission @ Q
    move = A - gain @ emission @ A
    answers = []
    for series in x.reshape(-1, T * p):
        total = [0.0, 0.0]
        for t in range(T):
            z, data = torch.arange(t * d, (t + 1) * d), T * d + torch.arange(T * p)
            smooth = condition(mean, cov, z, data, series)
            total[0] += relative_variance(smooth, condition(mean, cov, z, data[: t * p], series[: t * p]))
            if t == 0:
                total[1] += relative_variance(smooth, condition(mean, cov, z, data[:p], series[:p]))
                continue
            m, P = condition(mean, cov, z - d, data[: t * p], series[: t * p])
            drawn = torch.cat([m, move @ m + gain @ series[t * p : (t + 1) * p]])
            spread = torch.cat([torch.cat([P, P @ move.T], 1), torch.cat([move @ P, move @ P @ move.T + rest], 1)])
            total[1] += relative_variance(condition(mean, cov, torch.cat([z - d, z]), data, series), (drawn, spread))
        answers.append(total)
    return torch.tensor(answers, dtype=x.dtype).T.reshape(2, *x.shape[:-2]) / error**2


# %% wrong filtering_as_proposal, from right joint: Optimal, so the particles of a step are taken to be draws given the data up to it.
# diagnosis: filtering_as_proposal
#-         guided = guided + chi_square(pair, drawn)
#+         guided = guided + chi_square(smooth[t], (found.loc[..., t, :], found.covariance[t]))


# %% wrong state_alone, from right joint: The new state's marginal: that the weight belongs to the ancestor is lost.
# diagnosis: state_alone
#-         guided = guided + chi_square(pair, drawn)
#+         d = len(initial_loc)
#+         guided = guided + chi_square(smooth[t], (drawn[0][..., d:], drawn[1][d:, d:]))


# %% wrong ancestor_alone, from right joint: The weight depends on the ancestor alone, so the ancestor alone is looked at.
# diagnosis: ancestor_alone
#-         guided = guided + chi_square(pair, drawn)
#+         guided = guided + chi_square(smooth[t - 1], (m, P))


# %% wrong first_from_prior, from right joint: The first particles come from the start, as in the bootstrap filter.
# diagnosis: first_from_prior
#-     guided = chi_square(smooth[0], (found.loc[..., 0, :], found.covariance[0]))
#+     guided = chi_square(smooth[0], start)


# %% wrong first_step, from right joint: Neither filter's first step is counted.
# diagnosis: first_step_lost
#-     bootstrap = chi_square(smooth[0], start)
#-     guided = chi_square(smooth[0], (found.loc[..., 0, :], found.covariance[0]))
#+     bootstrap = guided = torch.zeros(x.shape[:-2], dtype=x.dtype)


# %% wrong error_not_squared, from right joint: The number of particles goes with one over the standard error.
# diagnosis: error_not_squared
#-     return torch.stack([bootstrap, guided]) / error**2
#+     return torch.stack([bootstrap, guided]) / error


# %% wrong rows_swapped, from right joint: The better filter first.
# diagnosis: rows_swapped
#-     return torch.stack([bootstrap, guided]) / error**2
#+     return torch.stack([guided, bootstrap]) / error**2


# %% wrong rounded, from right joint: There is no half a particle.
# diagnosis: rounded
#-     return torch.stack([bootstrap, guided]) / error**2
#+     return (torch.stack([bootstrap, guided]) / error**2).ceil()


# %% wrong bootstrap_filtering, from right joint: What each step weighs alone, as if nothing came later.
# diagnosis: filtering
#-     bootstrap = chi_square(smooth[0], start)
#+     bootstrap = chi_square((found.loc[..., 0, :], found.covariance[0]), start)
#@@
#-         bootstrap = bootstrap + chi_square(smooth[t], (m @ A.T, A @ P @ A.T + Q))
#+         bootstrap = bootstrap + chi_square((found.loc[..., t, :], found.covariance[t]), (m @ A.T, A @ P @ A.T + Q))


# %% wrong at_least_one, from right joint: At least one particle is needed, whatever the formula says.
# diagnosis: value or described
#-     return torch.stack([bootstrap, guided]) / error**2
#+     return (torch.stack([bootstrap, guided]) / error**2).clamp(min=1.0)


# %% wrong ancestors_from_prediction, from right joint: The ancestors are given the covariance and mean of a prediction.
# diagnosis: ancestors_from_prediction
#-         m, P = found.loc[..., t - 1, :], found.covariance[t - 1]
#-         bootstrap = bootstrap + chi_square(smooth[t], (m @ A.T, A @ P @ A.T + Q))
#+         m, P = found.loc[..., t - 1, :], found.covariance[t - 1]
#+         bootstrap = bootstrap + chi_square(smooth[t], (m @ A.T, A @ P @ A.T + Q))
#+         m, P = start
#+         if t > 1:
#+             m, P = found.loc[..., t - 2, :] @ A.T, A @ found.covariance[t - 2] @ A.T + Q


# %% wrong first_generation, from right joint: No generation for the first step of the second filter, since all its particles weigh the same; they are resampled nevertheless.
# diagnosis: first_step_lost
#-     guided = chi_square(smooth[0], (found.loc[..., 0, :], found.covariance[0]))
#+     guided = torch.zeros(x.shape[:-2], dtype=x.dtype)


# %% wrong cross_transposed, from right joint: The covariance of old and new state in the wrong corner, which is the same thing where the state is one number.
# diagnosis: value or described or not_finite
#-     return torch.cat([torch.cat([first, cross], -1), torch.cat([cross.T, second], -1)], -2)
#+     return torch.cat([torch.cat([first, cross.T], -1), torch.cat([cross, second], -1)], -2)
