import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal


def _predict(mean, cov, A, C, Q, R):
    m, P = A @ mean, A @ cov @ A.T + Q
    return m, P, C @ P @ C.T + R


# %% right information_form: adds precisions, and inverts at the end
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    Ri = torch.linalg.inv(emission_cov)
    Pi = torch.linalg.inv(P)
    new = torch.linalg.inv(Pi + emission.T @ Ri @ emission)
    return new @ (Pi @ m + emission.T @ Ri @ x), new, MultivariateNormal(emission @ m, H).log_prob(x)


# %% right joint_blocks: builds the joint covariance of z_t and x_t and conditions it, in NumPy
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    A, C = transition.numpy(), emission.numpy()
    m = A @ mean.numpy()
    P = A @ cov.numpy() @ A.T + transition_cov.numpy()
    d = len(m)
    J = np.block([[P, P @ C.T], [C @ P, C @ P @ C.T + emission_cov.numpy()]])
    H, G = J[d:, d:], J[:d, d:]
    v = x.numpy() - C @ m
    new = J[:d, :d] - G @ np.linalg.solve(H, G.T)
    ll = -0.5 * (v @ np.linalg.solve(H, v) + np.linalg.slogdet(2 * np.pi * H)[1])
    return torch.tensor(m + G @ np.linalg.solve(H, v)), torch.tensor(new), torch.tensor(ll)


# %% right joseph: the gain, and Joseph's form of the covariance
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    K = torch.linalg.solve(H, emission @ P).T
    keep = torch.eye(len(m), dtype=m.dtype) - K @ emission
    return m + K @ (x - emission @ m), keep @ P @ keep.T + K @ emission_cov @ K.T, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong transposed_transition: A' P A in place of A P A', right for a symmetric A
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P = transition @ mean, transition.T @ cov @ transition + transition_cov
    H = emission @ P @ emission.T + emission_cov
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), P - K @ emission @ P, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong old_covariance_subtracted: corrects the old covariance instead of the predicted one
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), cov - K @ emission @ cov, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong likelihood_after: the log-density at the corrected mean
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    K = torch.linalg.solve(H, emission @ P).T
    new_m, new_P = m + K @ (x - emission @ m), P - K @ emission @ P
    return new_m, new_P, MultivariateNormal(emission @ new_m, emission @ new_P @ emission.T + emission_cov).log_prob(x)


# %% wrong plug_in_likelihood: the log-density given the predicted mean, without the uncertainty of the state
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), P - K @ emission @ P, MultivariateNormal(emission @ m, emission_cov).log_prob(x)


# %% wrong constant_for_the_state: the normalizer counts d coordinates instead of p
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    K = torch.linalg.solve(H, emission @ P).T
    v = x - emission @ m
    ll = -0.5 * (v @ torch.linalg.solve(H, v) + torch.logdet(H) + len(m) * math.log(2 * math.pi))
    return m + K @ v, P - K @ emission @ P, ll


# %% wrong emission_noise_diagonal: keeps the diagonal of R only
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, torch.diag(emission_cov.diagonal()))
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), P - K @ emission @ P, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong roots_for_covariances: squares Q and R as if they were roots, right for diagonal ones of 0 and 1
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov @ transition_cov.T, emission_cov @ emission_cov.T)
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), P - K @ emission @ P, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong jitter: adds 1e-6 to the covariance of the datum
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    H = H + 1e-6 * torch.eye(len(H), dtype=H.dtype)
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ (x - emission @ m), P - K @ emission @ P, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong in_place: adds Q into the product of an identity transition, that is, changes the caller's cov
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m = transition @ mean
    cov.copy_(transition @ cov @ transition.T)
    cov += transition_cov
    H = emission @ cov @ emission.T + emission_cov
    K = torch.linalg.solve(H, emission @ cov).T
    ll = MultivariateNormal(emission @ m, H).log_prob(x)
    return m + K @ (x - emission @ m), cov - K @ emission @ cov, ll


# %% wrong gate: leaves out a datum whose surprise is beyond five standard deviations
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    v = x - emission @ m
    ll = MultivariateNormal(emission @ m, H).log_prob(x)
    if float(v @ torch.linalg.solve(H, v)) > 25 * len(v):
        return m, P, ll
    K = torch.linalg.solve(H, emission @ P).T
    return m + K @ v, P - K @ emission @ P, ll


# %% wrong pinv_of_emission: mixes prediction and C^+ x by their precisions, right if C is square and regular
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, P, H = _predict(mean, cov, transition, emission, transition_cov, emission_cov)
    back = torch.linalg.pinv(emission)
    seen_cov = back @ emission_cov @ back.T
    K = P @ torch.linalg.pinv(P + seen_cov)
    return m + K @ (back @ x - m), P - K @ P, MultivariateNormal(emission @ m, H).log_prob(x)


# %% wrong single_precision: one step in float32
def kalman_step(mean: Tensor, cov: Tensor, x: Tensor, transition: Tensor, emission: Tensor, transition_cov: Tensor,
                emission_cov: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    A, C = transition.float(), emission.float()
    m, P, H = _predict(mean.float(), cov.float(), A, C, transition_cov.float(), emission_cov.float())
    K = torch.linalg.solve(H, C @ P).T
    ll = MultivariateNormal(C @ m, H).log_prob(x.float())
    return (m + K @ (x.float() - C @ m)).double(), (P - K @ C @ P).double(), ll.double()
