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


# %% wrong broadcast, from right loop: You added the nodes before you summed over the plate.
# diagnosis: broadcast
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]) for name in parents).sum(-1)


# %% wrong leaves_only, from right loop: Only the nodes without children were counted.
# diagnosis: leaves_only
def joint_log_prob(parents, log_prob, values):
    inner = {p for above in parents.values() for p in above}
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents if name not in inner)


# %% wrong mean_over_plate, from right loop: You averaged over the plate. Independent copies multiply, so their logarithms add: sum.
# diagnosis: mean_over_plate
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).mean(-1) for name in parents)


# %% wrong no_plate_sum, from right loop: The copies in the plate are still there: sum every factor over its last axis.
# diagnosis: no_plate_sum
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]) for name in parents)


# %% wrong not_log, from right loop: This is the density itself. Return its logarithm.
# diagnosis: not_log
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents).exp()


# %% wrong parent_order, from right loop: A density takes the parents in the order in which parents[name] lists them; yours came in another one.
# diagnosis: parent_order
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in sorted(parents[name])]).sum(-1) for name in parents)


# %% wrong product, from right loop: A product of 6,000 densities is zero in floating point, and its logarithm is minus infinity.
# diagnosis: underflow
def joint_log_prob(parents, log_prob, values):
    density = 1.0
    for name in parents:
        density = density * log_prob[name](values[name], *[values[p] for p in parents[name]]).exp().prod(-1)
    return density.log()


# %% wrong roots_missing, from right loop: The nodes without parents are missing. They have a factor too: their prior.
# diagnosis: roots_missing
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1) for name in parents if parents[name])


# %% wrong sum_over_draws, from right loop: You summed over the draws as well. Each of the S draws has a log-density of its own, (S,).
# diagnosis: sum_over_draws
def joint_log_prob(parents, log_prob, values):
    return sum(log_prob[name](values[name], *[values[p] for p in parents[name]]).sum() for name in parents)
