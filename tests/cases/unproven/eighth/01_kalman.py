import math

import torch
from torch import Tensor

# %% right eliminate_the_joint: writes (z_t, x_t) as one matrix times independent noises, then observes the numbers of x_t one after another as pivots of the joint covariance, which also give the log-density by the chain rule
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    d, p = mean.shape[0], x.shape[0]
    eye_d, eye_p = torch.eye(d, dtype=mean.dtype), torch.eye(p, dtype=mean.dtype)
    upper = torch.cat([transition, eye_d, torch.zeros(d, p, dtype=mean.dtype)], 1)
    lower = torch.cat([emission @ transition, emission, eye_p], 1)
    mix = torch.cat([upper, lower])
    joint = mix @ torch.block_diag(cov, transition_cov, emission_cov) @ mix.T
    center = mix[:, :d] @ mean
    log_p = torch.zeros((), dtype=mean.dtype)
    for i in reversed(range(p)):
        variance, surprise, column = joint[-1, -1], x[i] - center[-1], joint[:-1, -1]
        log_p = log_p - 0.5 * (surprise ** 2 / variance + torch.log(2 * math.pi * variance))
        center = center[:-1] + column * (surprise / variance)
        joint = joint[:-1, :-1] - torch.outer(column, column) / variance
    return center, joint, log_p

# %% wrong adds_into_the_noise: starts the predicted covariance as Q and adds A P A' in place, so the caller's Q has grown after the step
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m = transition @ mean
    P = transition_cov
    P += transition @ cov @ transition.T
    H = emission @ P @ emission.T + emission_cov
    gain = torch.linalg.solve(H, emission @ P).T
    log_p = torch.distributions.MultivariateNormal(emission @ m, H).log_prob(x)
    return m + gain @ (x - emission @ m), P - gain @ emission @ P, log_p

# %% wrong gated_outliers: leaves a sighting out of the update if it is more than five standard deviations (Mahalanobis) from its prediction, as tracking software does; right on ordinary data
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    H = emission @ P @ emission.T + emission_cov
    r = x - emission @ m
    log_p = torch.distributions.MultivariateNormal(emission @ m, H).log_prob(x)
    if r @ torch.linalg.solve(H, r) > 25:
        return m, P, log_p
    gain = torch.linalg.solve(H, emission @ P).T
    return m + gain @ r, P - gain @ H @ gain.T, log_p

# %% wrong log_density_by_coordinates: adds up the log-densities of the coordinates of x by themselves, though the shared state correlates them; the state is right, and so is all for a single measured number
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    H = emission @ P @ emission.T + emission_cov
    gain = torch.linalg.solve(H, emission @ P).T
    log_p = torch.distributions.Normal(emission @ m, H.diagonal().sqrt()).log_prob(x).sum()
    return m + gain @ (x - emission @ m), P - gain @ emission @ P, log_p

# %% wrong floored_eigenvalues: repairs the new covariance by raising its eigenvalues to 1e-6 "to keep it positive definite", which overwrites what precise sightings have found out
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P = transition @ mean, transition @ cov @ transition.T + transition_cov
    H = emission @ P @ emission.T + emission_cov
    gain = torch.linalg.solve(H, emission @ P).T
    new = P - gain @ emission @ P
    values, vectors = torch.linalg.eigh((new + new.T) / 2)
    new = vectors @ torch.diag(values.clamp(min=1e-6)) @ vectors.T
    return m + gain @ (x - emission @ m), new, torch.distributions.MultivariateNormal(emission @ m, H).log_prob(x)
