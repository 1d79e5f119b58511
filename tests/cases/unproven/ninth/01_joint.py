import torch
from torch import Tensor

# %% wrong single_precision_total: accumulates in place into torch.zeros, which is single precision, so only seven digits of the sum are right
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    S = next(iter(values.values())).shape[0]
    total = torch.zeros(S)
    for name in parents:
        total += log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1)
    return total


# %% wrong squeezed_axes: squeezes each term and sums over the copies only if an axis is left; with one draw, S = 1, the plate's axis is taken for that of the draws
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = 0.0
    for name in parents:
        term = log_prob[name](values[name], *[values[p] for p in parents[name]]).squeeze()
        total = total + (term.sum(-1) if term.dim() == 2 else term)
    return total.reshape(-1)


# %% wrong impossible_made_finite: replaces infinities to keep later arithmetic clean, so an impossible state has the log-density -1.8e308 instead of minus infinity
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    terms = [log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents]
    total = torch.stack(terms).sum(0)
    return torch.nan_to_num(total)
