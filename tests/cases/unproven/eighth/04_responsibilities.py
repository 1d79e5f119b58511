import torch
from torch import Tensor

# %% right ufunc_reduce: numpy's logaddexp as a reduction along the clusters, once for the weights and once for each datum
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    import numpy as np

    prior, density = log_weights.detach().cpu().numpy(), log_density.detach().cpu().numpy()
    joint = density + (prior - np.logaddexp.reduce(prior))
    log_p = np.logaddexp.reduce(joint, axis=-1)
    log_r = joint - np.expand_dims(log_p, -1)
    return torch.as_tensor(log_r).to(log_density), torch.as_tensor(log_p).to(log_density)

# %% wrong finite_minus_infinity: infinities are replaced by a large negative number so that nothing can become NaN; log r is then finite where it has to be -inf
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    log_weights = torch.nan_to_num(log_weights, neginf=-1e9)
    log_density = torch.nan_to_num(log_density, neginf=-1e9)
    joint = log_density + log_weights.log_softmax(-1)
    return joint.log_softmax(-1), joint.logsumexp(-1)

# %% wrong weights_of_the_possible: for each datum the weights are normalized over the clusters that can have made it, so the evidence forgets that the label might have been another
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    possible = torch.isfinite(log_density)
    prior = torch.where(possible, log_weights, torch.full_like(log_density, -torch.inf))
    joint = log_density + prior - prior.logsumexp(-1, keepdim=True)
    log_p = joint.logsumexp(-1)
    return joint - log_p.unsqueeze(-1), log_p

# %% wrong log_of_the_softmax: the responsibilities themselves by a stable softmax, and then their logarithm, which is -inf below -745 where -3000 is asked
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    joint = log_density + log_weights.log_softmax(-1)
    return joint.softmax(-1).log(), joint.logsumexp(-1)

# %% wrong weights_in_the_open: the weights are normalized as numbers, after their largest was taken out, and only the densities are kept in logs; a weight of e^-2500 is lost, and with it the datum next to its cluster
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    weights = (log_weights - log_weights.max()).exp()
    joint = log_density + (weights / weights.sum()).log()
    log_p = joint.logsumexp(-1)
    return joint - log_p.unsqueeze(-1), log_p
