import math
import torch
from torch import Tensor

# %% right joint: the joint of state and datum, conditioned by blocks, with torch's density
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    a = transition @ mean
    F = transition @ cov @ transition.T + transition_cov
    G = F @ emission.T
    H = emission @ G + emission_cov
    H = (H + H.T) / 2
    b = emission @ a
    w = torch.cholesky_solve(torch.cat([(x - b).unsqueeze(-1), G.T], 1), torch.linalg.cholesky(H))
    return a + G @ w[:, 0], F - G @ w[:, 1:], torch.distributions.MultivariateNormal(b, H).log_prob(x)

# %% right joseph_numpy: Joseph's form, in numpy
import numpy as np
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P, y, A, C, Q, R = (t.detach().numpy() for t in (mean, cov, x, transition, emission, transition_cov, emission_cov))
    m, P = A @ m, A @ P @ A.T + Q
    S = C @ P @ C.T + R
    K = np.linalg.solve(S, C @ P).T
    e = y - C @ m
    I = np.eye(len(m)) - K @ C
    log_p = -0.5 * (e @ np.linalg.solve(S, e) + np.linalg.slogdet(S)[1] + len(e) * math.log(2 * math.pi))
    return torch.as_tensor(m + K @ e), torch.as_tensor(I @ P @ I.T + K @ R @ K.T), torch.tensor(log_p)

# %% wrong half_joseph: Joseph's form without the noise of the datum
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    I = torch.eye(len(m), dtype=m.dtype) - K @ emission
    return m + K @ e, I @ P @ I.T, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong overwrites_q: the predicted covariance is added into the caller's transition_cov
# not told: the returned values are wrong
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition_cov
    P += transition @ cov @ transition.T
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong independent_data: the log-density takes the coordinates of x for independent
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.Normal(emission @ m, S.diagonal().sqrt()).log_prob(x).sum()

# %% wrong after_the_fact: the log-density is taken at the corrected mean
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    m = m + K @ (x - emission @ m)
    return m, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong constant_once: the constant of the log-density is counted once, right for one number per sighting
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    log_p = -0.5 * (e @ torch.linalg.solve(S, e) + torch.logdet(S) + math.log(2 * math.pi))
    return m + K @ e, P - K @ emission @ P, log_p

# %% wrong no_transpose: the transition stands on both sides without a transpose, right where it is symmetric
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition + transition_cov
    S = emission @ P @ emission.T + emission_cov
    G = P @ emission.T
    K = torch.linalg.solve(S.T, G.T).T
    e = x - emission @ m
    log_p = -0.5 * (e @ torch.linalg.solve(S, e) + torch.linalg.slogdet(S)[1] + len(e) * math.log(2 * math.pi))
    return m + K @ e, P - K @ G.T, log_p

# %% wrong old_covariance: the gain uses the covariance of before the prediction
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ cov).T
    e = x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong diagonal_state: the new covariance is reported without its off-diagonal entries
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    new = P - K @ emission @ P
    return m + K @ e, torch.diag(new.diagonal()), torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong jitter: a jitter of one thousandth on the covariance of the datum
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov + 1e-3 * torch.eye(len(x), dtype=x.dtype)
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong steady_gain: remembers the gain of the first call and uses it ever after
_gain = []
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    if not _gain or _gain[0].shape != (len(m), len(x)):
        _gain[:] = [torch.linalg.solve(S, emission @ P).T]
    K, e = _gain[0], x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)

# %% wrong no_prediction_noise: the noise of the transition is left out of the density of the datum
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P0 = transition @ mean, transition @ cov @ transition.T
    P = P0 + transition_cov
    S = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(S, emission @ P).T
    e = x - emission @ m
    return m + K @ e, P - K @ emission @ P, torch.distributions.MultivariateNormal(emission @ m, emission @ P0 @ emission.T + emission_cov).log_prob(x)
