import math

import torch
from torch import Tensor

# %% wrong constant_counts_the_state: the constant of the log-density has d factors of two pi instead of p; right where state and datum have as many coordinates
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m = transition @ mean
    P = transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    gain = torch.linalg.solve(S, emission @ P).T
    r = x - emission @ m
    log_p = -0.5 * (r @ torch.linalg.solve(S, r) + torch.linalg.slogdet(S)[1] + mean.shape[0] * math.log(2 * math.pi))
    return m + gain @ r, P - gain @ S @ gain.T, log_p


# %% wrong one_sensor_at_a_time: takes the coordinates of the datum in one by one, each with its own variance, which drops the covariances in R; right if R is diagonal
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m = transition @ mean
    P = transition @ cov @ transition.T + transition_cov
    log_p = torch.zeros((), dtype=m.dtype)
    for i in range(x.shape[0]):
        c = emission[i]
        s = c @ P @ c + emission_cov[i, i]
        r = x[i] - c @ m
        gain = P @ c / s
        m = m + gain * r
        P = P - torch.outer(gain, gain) * s
        log_p = log_p - 0.5 * (r.square() / s + s.log() + math.log(2 * math.pi))
    return m, P, log_p


# %% wrong half_of_joseph: the covariance in Joseph's form without the part that the noise of the datum brings, so it is too small
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m = transition @ mean
    P = transition @ cov @ transition.T + transition_cov
    S = emission @ P @ emission.T + emission_cov
    gain = torch.linalg.solve(S, emission @ P).T
    keep = torch.eye(m.shape[0], dtype=m.dtype) - gain @ emission
    log_p = torch.distributions.MultivariateNormal(emission @ m, S).log_prob(x)
    return m + gain @ (x - emission @ m), keep @ P @ keep.T, log_p
