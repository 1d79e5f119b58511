import math
from functools import reduce

import torch
from torch import Tensor


# %% right sum_of_sums: each factor is summed over its own last axis, then all are added
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in parents[k]]).sum(-1) for k in parents)


# %% right concatenated: all terms side by side in one table, one sum over its rows
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    terms = [log_prob[k](values[k], *(values[p] for p in above)) for k, above in parents.items()]
    return torch.cat(terms, dim=1).sum(dim=1)


# %% right one_draw_at_a_time: slices every value to one draw and loops over the draws
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    S = next(iter(values.values())).shape[0]
    out = []
    for s in range(S):
        row = {k: v[s : s + 1] for k, v in values.items()}
        out.append(math.fsum(float(t) for k in parents for t in log_prob[k](row[k], *[row[p] for p in parents[k]]).reshape(-1)))
    return torch.tensor(out, dtype=torch.float64)


# %% wrong broadcast_then_sum: adds the factors first, so that those outside the plate are counted N times
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in parents[k]]) for k in parents).sum(-1)


# %% wrong mean_over_plate: the mean over the copies in place of the sum
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in parents[k]]).mean(-1) for k in parents)


# %% wrong exp_and_log: multiplies densities, zero for a large plate
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = 1.0
    for k in parents:
        total = total * log_prob[k](values[k], *[values[p] for p in parents[k]]).exp().prod(-1)
    return total.log()


# %% wrong roots_left_out: nodes without parents bring no factor
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    terms = [log_prob[k](values[k], *[values[p] for p in v]).sum(-1) for k, v in parents.items() if v]
    roots = [log_prob[k](values[k]).sum(-1) for k, v in parents.items() if not v and not any(k in w for w in parents.values())]
    return sum(terms + roots)


# %% wrong parents_sorted: hands the parents over in alphabetical order
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in sorted(parents[k])]).sum(-1) for k in parents)


# %% wrong parents_by_values: hands the parents over in the order of the dictionary of values
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[v for p, v in values.items() if p in parents[k]]).sum(-1) for k in parents)


# %% wrong clamped: a log-density below -1e4 is raised to it, and impossible values are not -inf
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in parents[k]]).clamp(min=-1e4).sum(-1) for k in parents)


# %% wrong squeezed: one draw comes back as a number without an axis
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(log_prob[k](values[k], *[values[p] for p in parents[k]]).sum(-1) for k in parents).squeeze()


# %% wrong square_axis: sums over whichever axis has N entries, the draws if S = N
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    N = max(v.shape[1] for v in values.values())
    total = 0.0
    for k in parents:
        term = log_prob[k](values[k], *[values[p] for p in parents[k]])
        if term.shape[1] == 1:
            total = total + term[:, 0]
        else:
            total = total + term.sum(list(term.shape).index(N))
    return total


# %% wrong single_precision: adds up in float32
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    terms = [log_prob[k](values[k], *[values[p] for p in parents[k]]).float().sum(-1) for k in parents]
    return reduce(torch.add, terms).double()


# %% wrong expanded_outside: expands every value to the plate before calling log_prob, counting outer nodes N times
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    N = max(v.shape[1] for v in values.values())
    wide = {k: v.expand(-1, N) for k, v in values.items()}
    return sum(log_prob[k](wide[k], *[wide[p] for p in parents[k]]).sum(-1) for k in parents)


# %% wrong divides_by_copies: adds first and divides the roots by N; a child outside the plate is still counted N times
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    N = max(v.shape[1] for v in values.values())
    total = 0.0
    for k in parents:
        term = log_prob[k](values[k], *[values[p] for p in parents[k]])
        inside = bool(parents[k])
        total = total + (term if inside else term / N)
    return total.sum(-1)


# %% wrong finite_only: leaves out entries of -inf, so that impossible values look possible
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    return sum(torch.nan_to_num(log_prob[k](values[k], *[values[p] for p in parents[k]]), neginf=0.0).sum(-1) for k in parents)


# %% wrong mean_of_parents: a parent with several copies is averaged before a node of the plate sees it
def joint_log_prob(parents: dict, log_prob: dict, values: dict[str, Tensor]) -> Tensor:
    total = 0.0
    for k in parents:
        above = [values[p].mean(-1, keepdim=True) for p in parents[k]]
        total = total + log_prob[k](values[k], *above).sum(-1)
    return total
