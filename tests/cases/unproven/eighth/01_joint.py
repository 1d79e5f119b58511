import torch
from torch import Tensor

# %% right one_wide_table: lays the factors of all nodes side by side in one table, (S, all copies of all nodes), and contracts it with ones by a single sum
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    def factor(item: tuple) -> Tensor:
        name, mothers = item
        return log_prob[name](*map(values.__getitem__, (name, *mothers)))

    return torch.hstack(tuple(map(factor, parents.items()))).sum(dim=1)

# %% wrong impossible_made_finite: clamps every factor at -1e30 lest minus infinities turn into NaN later, so an impossible state keeps a finite log-density
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = 0.0
    for name, mothers in parents.items():
        term = log_prob[name](values[name], *[values[p] for p in mothers])
        total = total + term.clamp(min=-1e30).sum(-1)
    return total

# %% wrong single_precision_account: starts the account with torch.zeros(S) and books with +=, which stays in single precision whatever is added
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = torch.zeros(next(iter(values.values())).shape[0])
    for name, mothers in parents.items():
        total += log_prob[name](values[name], *[values[p] for p in mothers]).sum(-1)
    return total

# %% wrong parents_from_first_copy: hands every parent over as one column (S, 1), "parents are outside the plate", so a parent inside it always gives its first copy
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = 0.0
    for name, mothers in parents.items():
        total = total + log_prob[name](values[name], *[values[p][:, :1] for p in mothers]).sum(-1)
    return total

# %% wrong factor_per_edge: adds one factor for every arrow and one for every root, so a node with two parents is counted twice
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    terms = []
    for name, mothers in parents.items():
        term = log_prob[name](values[name], *[values[p] for p in mothers]).sum(-1)
        terms.extend([term] * max(1, len(mothers)))
    return torch.stack(terms).sum(0)
