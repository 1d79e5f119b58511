import math

import numpy as np
import torch


def step(mean, cov, x, A, C, Q, R):
    m, P = A @ mean, A @ cov @ A.T + Q
    S, r = C @ P @ C.T + R, x - C @ m
    log_term = -0.5 * (
        r @ torch.linalg.solve(S, r) + torch.logdet(S) + len(x) * math.log(2 * math.pi)
    )
    gain = torch.linalg.solve(S, C @ P).T
    return m + gain @ r, P - gain @ C @ P, log_term


# %% right information_form: Precisions are added; NumPy throughout, a list of three.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov, x, A, C, Q, R = (
        v.numpy() for v in (mean, cov, x, transition, emission, transition_cov, emission_cov)
    )
    m, P = A @ mean, A @ cov @ A.T + Q
    V = np.linalg.inv(np.linalg.inv(P) + C.T @ np.linalg.solve(R, C))
    S, r = C @ P @ C.T + R, x - C @ m
    log_term = -0.5 * (
        r @ np.linalg.solve(S, r) + np.linalg.slogdet(S)[1] + len(x) * np.log(2 * np.pi)
    )
    return [V @ (np.linalg.solve(P, m) + C.T @ np.linalg.solve(R, x)), V, log_term]


# %% wrong destroys_mean: The new state overwrites the caller's mean and covariance.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P, log_term = step(mean, cov, x, transition, emission, transition_cov, emission_cov)
    return mean.copy_(m), cov.copy_(P), log_term


# %% wrong destroys_x: The surprise is formed inside x.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    out = step(mean, cov, x, transition, emission, transition_cov, emission_cov)
    x -= emission @ transition @ mean
    return out


# %% wrong never_positive: A log-density above zero is cut off.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m, P, log_term = step(mean, cov, x, transition, emission, transition_cov, emission_cov)
    return m, P, log_term.clamp(max=0)


# %% wrong single_precision: In single precision.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    out = step(
        *(v.float() for v in (mean, cov, x, transition, emission, transition_cov, emission_cov))
    )
    return tuple(v.double() for v in out)


# %% wrong jitter: A little is added to the diagonal of the datum's covariance.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    little = 1e-5 * torch.eye(len(x), dtype=x.dtype)
    return step(mean, cov, x, transition, emission, transition_cov, emission_cov + little)


# %% wrong diagonal_noise: Only the diagonal of R is used.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    return step(
        mean, cov, x, transition, emission, transition_cov, torch.diag(emission_cov.diagonal())
    )


# %% wrong surprise_clamped: Outliers beyond ten are pulled in.
def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    expected = emission @ transition @ mean
    x = expected + (x - expected).clamp(-10, 10)
    return step(mean, cov, x, transition, emission, transition_cov, emission_cov)
