import math

import torch
from torch import Tensor

# %% wrong jitter: a millionth is added to the diagonal of the innovation's covariance before Cholesky; where measurements are sharp, and x is far from where it is expected, that is many nats
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    loc = previous @ transition.T
    innovation = emission @ transition_cov @ emission.T + emission_cov + 1e-6 * torch.eye(len(emission), dtype=x.dtype)
    gain = torch.linalg.solve(innovation, emission @ transition_cov).T
    miss = x - loc @ emission.T
    root = torch.linalg.cholesky(innovation)
    white = torch.linalg.solve_triangular(root, miss.unsqueeze(-1), upper=False).squeeze(-1)
    log_weight = -0.5 * white.square().sum(-1) - root.diagonal().log().sum() - 0.5 * len(emission) * math.log(2 * math.pi)
    return loc + miss @ gain.T, transition_cov - gain @ emission @ transition_cov, log_weight

# %% wrong measured_one_by_one: the p measurements are taken in one after the other with their own variances, as the sequential update does; their errors may be correlated, and what stands beside R's diagonal is not read
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    loc, cov, log_weight = previous @ transition.T, transition_cov, 0.0
    for i, row in enumerate(emission):
        spread = row @ cov @ row + emission_cov[i, i]
        miss = x[..., i] - loc @ row
        gain = cov @ row / spread
        loc = loc + miss.unsqueeze(-1) * gain
        cov = cov - torch.outer(gain, row @ cov)
        log_weight = log_weight - 0.5 * (miss**2 / spread + torch.log(2 * math.pi * spread))
    return loc, cov, log_weight

# %% wrong constants_of_the_state: the weight is computed from the quadratic forms and determinants of p(z) p(x | z) / q, and its constant is that of d numbers instead of p; right where d = p
def optimal_proposal(
    transition: Tensor, transition_cov: Tensor, emission: Tensor, emission_cov: Tensor, previous: Tensor, x: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    loc = previous @ transition.T
    innovation = emission @ transition_cov @ emission.T + emission_cov
    gain = torch.linalg.solve(innovation, emission @ transition_cov).T
    miss = x - loc @ emission.T
    quadratic = (miss * torch.linalg.solve(innovation, miss.unsqueeze(-1)).squeeze(-1)).sum(-1)
    log_weight = -0.5 * (quadratic + torch.logdet(innovation) + len(transition) * math.log(2 * math.pi))
    return loc + miss @ gain.T, transition_cov - gain @ emission @ transition_cov, log_weight
