# %% right concatenate: All entries of all factors side by side.
import torch


def joint_log_prob(parents, log_prob, values):
    return torch.cat([log_prob[v](values[v], *[values[u] for u in us]) for v, us in parents.items()], -1).sum(-1)


# %% right loop: Add up factor by factor.
def joint_log_prob(parents, log_prob, values):
    total = 0.0
    for name, above in parents.items():
        total = total + log_prob[name](values[name], *[values[parent] for parent in above]).sum(-1)
    return total


# %% right rows: Draw by draw, in NumPy at the end.
import numpy as np


def joint_log_prob(parents, log_prob, values):
    draws = len(next(iter(values.values())))
    total = np.zeros(draws)
    for s in range(draws):
        for name in parents:
            row = log_prob[name](values[name][s : s + 1], *[values[p][s : s + 1] for p in parents[name]])
            total[s] += float(row.sum())
    return total


# %% right stack: One row per factor, then one sum.
import torch


def joint_log_prob(parents, log_prob, values):
    factors = [log_prob[name](values[name], *(values[p] for p in parents[name])).sum(dim=1) for name in values]
    return torch.stack(factors).sum(0)


# %% wrong broadcast, from right loop: Factors are added before the plate is summed: (S, 1) + (S, N) stretches a shared factor, so its prior counts N times.
# diagnosis: broadcast
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]) for name in parents).sum(-1)


# %% wrong leaves_only, from right loop: Only the nodes at the bottom are counted, as if log p(data | parameters) were the joint. Every arrow brings a factor.
# diagnosis: leaves_only
def joint_log_prob(parents, log_prob, values):
    inner = {p for above in parents.values() for p in above}
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents if name not in inner)


# %% wrong mean_over_plate, from right loop: The plate is averaged, as a loss would be: the data weigh as much as one datum, and the prior N times too much.
# diagnosis: mean_over_plate
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).mean(-1) for name in parents)


# %% wrong no_plate_sum, from right loop: Nothing is summed over the plate: one number for each copy, where independent copies multiply to one density.
# diagnosis: no_plate_sum
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]) for name in parents)


# %% wrong not_log, from right loop: The sum of the logarithms is exponentiated again: a density where its logarithm is asked, and zero for a large plate.
# diagnosis: not_log
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents).exp()


# %% wrong parent_order, from right loop: Parents are sorted by name before they are handed on. A density takes them by position.
# diagnosis: parent_order
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in sorted(parents[name])]).sum(-1) for name in parents)


# %% wrong product, from right loop: Densities are multiplied, and the logarithm is taken at the end. The product of six thousand of them is zero in floating point.
# diagnosis: underflow
def joint_log_prob(parents, log_prob, values):
    density = 1.0
    for name in parents:
        density = density * log_prob[name](values[name], *[values[p] for p in parents[name]]).exp().prod(-1)
    return density.log()


# %% wrong roots_missing, from right loop: Only nodes with parents are visited, because only arrows look like factors. The prior is one, too.
# diagnosis: roots_missing
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents if parents[name])


# %% wrong sum_over_draws, from right loop: sum() without an axis also adds up the draws, and S densities become one number.
# diagnosis: sum_over_draws
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum() for name in parents)


# %% wrong never_positive, from right loop: A log-density above zero is cut off: densities are taken for probabilities, which they exceed wherever they are narrow.
# diagnosis: generic_clamp_above
#-     return total
#+     return total.clamp(max=0)


# %% wrong clamped, from right loop: Each factor is kept above -100 against underflow, which logarithms do not have. Values far out all look alike.
# diagnosis: described
#-         total = total + log_prob[name](values[name], *[values[parent] for parent in above]).sum(-1)
#+         total = total + log_prob[name](values[name], *[values[parent] for parent in above]).clamp(min=-100).sum(-1)
