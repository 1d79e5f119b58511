import torch
from torch import Tensor


def entry_of(z: Tensor, values: Tensor) -> Tensor:
    return torch.where(z > 0.5, values, 0.0).sum(-1, keepdim=True)

# %% right a_race: perturbed logits as minus the log arrival times of exponential clocks, which after the first arrival begin anew: one logsumexp over a stack of two
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    chosen = z.argmax(-1, keepdim=True)
    first = -(logits.logsumexp(-1, keepdim=True) + g.gather(-1, chosen))          # log time of the first arrival
    longer = (-(logits + g)).scatter(-1, chosen, float("-inf"))                   # log of what the others take beyond it
    return -torch.stack([first.expand_as(longer), longer]).logsumexp(0)

# %% wrong winner_from_its_own_logit: lets the winner keep its own logit plus noise, as if winning said nothing of how large it is, and cuts the others off there
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    s = logits + g
    top = entry_of(z, s)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top, -s))

# %% wrong reflected: the largest is right, and an entry that came out above it is reflected at it, which keeps the argmax and not the distribution
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = logits.logsumexp(-1, keepdim=True) + entry_of(z, g)
    s = logits + g
    return torch.where(z > 0.5, top, top - (s - top).abs())

# %% wrong the_cut_is_constant: values are right, and the place of the cut is taken as a plain number for the others, so their gradients in the logits are not
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    top = logits.logsumexp(-1, keepdim=True) + entry_of(z, g)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top.detach(), -(logits + g)))

# %% wrong of_normalized_logits: normalizes the logits first, so that all entries are off by their log-sum; the argmax is right, and so is everything for normalized logits
def conditional_gumbels(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    logits = logits.log_softmax(-1)
    top = entry_of(z, g)
    return torch.where(z > 0.5, top, -torch.logaddexp(-top, -(logits + g)))
