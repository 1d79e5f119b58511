import torch
from torch import Tensor

# %% right row_by_row: one draw of the graph at a time, python sums
def joint_log_prob(parents, log_prob, values):
    rows = next(iter(values.values())).shape[0]
    out = []
    for s in range(rows):
        here = {k: v[s:s + 1] for k, v in values.items()}
        out.append(sum(log_prob[k](here[k], *[here[p] for p in ps]).sum() for k, ps in parents.items()))
    return torch.stack([torch.as_tensor(v) for v in out])

# %% right concatenated: all factors side by side, one sum
def joint_log_prob(parents, log_prob, values):
    return torch.cat([log_prob[k](values[k], *(values[p] for p in parents[k])) for k in parents], dim=1).sum(1)

# %% wrong zipped: takes it that values are listed in the order of parents
def joint_log_prob(parents, log_prob, values):
    total = 0
    for (name, ps), value in zip(parents.items(), values.values()):
        total = total + log_prob[name](value, *(values[p] for p in ps)).sum(-1)
    return total

# %% wrong per_edge: one factor per edge, so a node with two parents is counted twice
def joint_log_prob(parents, log_prob, values):
    total = 0
    for name, ps in parents.items():
        for _ in ps or (None,):
            total = total + log_prob[name](values[name], *(values[p] for p in ps)).sum(-1)
    return total

# %% wrong squeezed: squeeze() in place of a sum over the last axis, which loses the axis of a single draw
def joint_log_prob(parents, log_prob, values):
    total = 0
    for name, ps in parents.items():
        f = log_prob[name](values[name], *(values[p] for p in ps))
        total = total + (f.squeeze() if f.shape[-1] == 1 else f.sum(-1))
    return total

# %% wrong clamped: clamps every factor at -100 so that nothing is minus infinity
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[k](values[k], *(values[p] for p in ps)).clamp(min=-100).sum(-1) for k, ps in parents.items())

# %% wrong product: multiplies densities in a plate and takes the logarithm at the end
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[k](values[k], *(values[p] for p in ps)).exp().prod(-1).log() for k, ps in parents.items())

# %% wrong added_first: adds the factors before the sum over the plate, so what is outside counts N times
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[k](values[k], *(values[p] for p in ps)) for k, ps in parents.items()).sum(-1)

# %% wrong mean_parent: parents in the plate are averaged over it before they are handed on
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[k](values[k], *(values[p].mean(-1, keepdim=True) for p in ps)).sum(-1) for k, ps in parents.items())

# %% wrong first_copy_scaled: evaluates the first copy in the plate and multiplies by N
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[k](values[k], *(values[p] for p in ps))[:, 0] * values[k].shape[1] for k, ps in parents.items())

# %% wrong finite_only: leaves out factors that are minus infinity
def joint_log_prob(parents, log_prob, values):
    total = 0
    for k, ps in parents.items():
        f = log_prob[k](values[k], *(values[p] for p in ps))
        total = total + torch.where(torch.isfinite(f), f, torch.zeros_like(f)).sum(-1)
    return total
