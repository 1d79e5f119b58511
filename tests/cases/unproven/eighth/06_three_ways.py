import math

import torch
from torch import Tensor

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def log_normal(z: Tensor, loc: Tensor, log_scale: Tensor) -> Tensor:
    return (-0.5 * ((z - loc) * (-log_scale).exp()) ** 2 - log_scale - HALF_LOG_TWO_PI).sum(-1)


def parts(p, loc, log_scale, x, eps):
    """Mean log joint, mean log likelihood, mean log q, entropy, KL to the prior."""
    z = loc + log_scale.exp() * eps
    entropy = (log_scale + 0.5 + HALF_LOG_TWO_PI).sum(-1)
    kl = 0.5 * ((2 * log_scale).exp() + loc**2 - 1 - 2 * log_scale).sum(-1)
    return p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0), log_normal(z, loc, log_scale).mean(0), entropy, kl

# %% right a_table_of_signs: torch's own entropy and KL, all pieces in one stack, and the three bounds as a matrix of ones and minus ones times it
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    from torch.distributions import Independent, Normal, kl_divergence

    q = Independent(Normal(loc, log_scale.exp()), 1)
    prior = Independent(Normal(torch.zeros_like(loc), torch.ones_like(loc)), 1)
    z = torch.einsum("...d,k...d->k...d", log_scale.exp(), eps) + loc
    pieces = torch.stack(torch.broadcast_tensors(
        p.log_joint(x, z).mean(0), p.log_factors(x, z)["likelihood"].mean(0), q.log_prob(z).mean(0), q.entropy(), kl_divergence(q, prior)
    ))
    signs = pieces.new_tensor([[1, 0, -1, 0, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, -1]])
    return torch.tensordot(signs, pieces, 1)

# %% wrong entropy_of_one_coordinate: adds the constant of the entropy once for the event and not once for each coordinate; right for one coordinate
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    joint, likelihood, log_q, _, kl = parts(p, loc, log_scale, x, eps)
    entropy = log_scale.sum(-1) + 0.5 * math.log(2 * math.pi * math.e)
    return torch.stack([joint - log_q, joint + entropy, likelihood - kl])

# %% wrong kl_averaged_too: puts the KL under the sum and the one over K, after adding it once, so that only a K-th of it counts; right for one sample
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    joint, likelihood, log_q, entropy, kl = parts(p, loc, log_scale, x, eps)
    K = eps.shape[0]
    return torch.stack([joint - log_q, joint + entropy, (K * likelihood - kl) / K])

# %% wrong first_row_sticks: detaches the parameters inside log q in the first row, since "the entropy has its gradient in the second"; values and means are right, and gradients at given noise are not
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    joint, likelihood, _, entropy, kl = parts(p, loc, log_scale, x, eps)
    log_q = log_normal(loc + log_scale.exp() * eps, loc.detach(), log_scale.detach()).mean(0)
    return torch.stack([joint - log_q, joint + entropy, likelihood - kl])

# %% wrong kl_of_the_batch: sums the KL over all axes, as a training loop would, and takes it from every datum; right without a batch
def elbo_three_ways(p, loc: Tensor, log_scale: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    joint, likelihood, log_q, entropy, _ = parts(p, loc, log_scale, x, eps)
    kl = 0.5 * torch.sum((2 * log_scale).exp() + loc**2 - 1 - 2 * log_scale)
    return torch.stack([joint - log_q, joint + entropy, likelihood - kl])
