import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

# %% right bayes_rule_at_the_mean: precisions of one (d, d) matrix, and the weight as p(z | previous) p(x | z) / q(z), read off where z is the mean
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    state, datum = torch.linalg.inv(transition_cov), torch.linalg.inv(emission_cov)
    precision = state + emission.mT @ datum @ emission
    cov = torch.linalg.inv((precision + precision.mT) / 2)
    moved = torch.einsum("ij,...j->...i", transition, previous)
    off = x - torch.einsum("ij,...j->...i", emission, moved)
    shift = torch.einsum("ij,...j->...i", cov @ emission.mT @ datum, off)
    left = off - torch.einsum("ij,...j->...i", emission, shift)
    quadratic = torch.einsum("...i,ij,...j->...", shift, state, shift) + torch.einsum("...i,ij,...j->...", left, datum, left)
    volumes = torch.logdet(transition_cov) + torch.logdet(emission_cov) + torch.logdet(precision) + x.shape[-1] * math.log(2 * math.pi)
    return moved + shift, (cov + cov.mT) / 2, -0.5 * (quadratic + volumes)

# %% wrong half_of_joseph: corrects the covariance by (I - K C) on both sides and forgets the part that the noise of the measurement brings in
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    S = C @ Q @ C.T + R
    K = torch.linalg.solve(S, C @ Q).T
    moved = previous @ A.T
    off = x - moved @ C.T
    kept = torch.eye(len(Q), dtype=Q.dtype) - K @ C
    log_weight = MultivariateNormal(moved @ C.T, S).log_prob(x)
    return moved + off @ K.T, kept @ Q @ kept.T, log_weight

# %% wrong kalman_prediction: predicts with A A' + Q, as if the state before had a covariance of its own; here it is given
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    P = A @ A.T + Q
    S = C @ P @ C.T + R
    K = torch.linalg.solve(S, C @ P).T
    moved = previous @ A.T
    log_weight = MultivariateNormal(moved @ C.T, S).log_prob(x)
    return moved + (x - moved @ C.T) @ K.T, P - K @ S @ K.T, log_weight

# %% wrong coordinates_apart: adds up the log densities of the coordinates of x, each with its own variance, which is their joint one for p = 1 only
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    S = C @ Q @ C.T + R
    K = torch.linalg.solve(S, C @ Q).T
    moved = previous @ A.T
    log_weight = torch.distributions.Normal(moved @ C.T, S.diagonal().sqrt()).log_prob(x).sum(-1)
    return moved + (x - moved @ C.T) @ K.T, Q - K @ S @ K.T, log_weight

# %% wrong jitter: adds a millionth to the diagonal before the Cholesky factorization, to be safe; sharp measurements notice
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    A, Q, C, R = transition, transition_cov, emission, emission_cov
    S = C @ Q @ C.T + R + 1e-6 * torch.eye(len(R), dtype=R.dtype)
    root = torch.linalg.cholesky(S)
    K = torch.cholesky_solve(C @ Q, root).T
    moved = previous @ A.T
    log_weight = MultivariateNormal(moved @ C.T, scale_tril=root).log_prob(x)
    return moved + (x - moved @ C.T) @ K.T, Q - K @ S @ K.T, log_weight
