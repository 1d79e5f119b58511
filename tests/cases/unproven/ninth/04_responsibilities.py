import torch
from torch import Tensor

# %% wrong infinities_made_finite: replaces minus infinity by the smallest double so that nothing becomes NaN; log r is then -1.8e308 where it should be minus infinity
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    log_weights = torch.log_softmax(torch.nan_to_num(log_weights), -1)
    log_joint = torch.nan_to_num(log_weights + log_density)
    log_p = torch.logsumexp(log_joint, -1)
    return log_joint - log_p.unsqueeze(-1), log_p


# %% wrong weights_of_the_possible: normalizes the weights for each datum over the clusters that can have made it; responsibilities are right, the evidence is that of another mixture
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    possible = torch.isfinite(log_density)
    own = log_weights.expand_as(log_density).masked_fill(~possible, float("-inf"))
    own = own - torch.logsumexp(own, -1, keepdim=True)
    log_joint = own + log_density
    log_p = torch.logsumexp(log_joint, -1)
    return log_joint - log_p.unsqueeze(-1), log_p


# %% wrong weights_leave_the_logarithm: normalizes the weights with softmax and takes the logarithm afterwards, so a weight of exp(-2500) has become zero
def responsibilities(log_weights: Tensor, log_density: Tensor) -> tuple[Tensor, Tensor]:
    log_joint = torch.softmax(log_weights, -1).log() + log_density
    log_p = torch.logsumexp(log_joint, -1)
    return log_joint - log_p.unsqueeze(-1), log_p
