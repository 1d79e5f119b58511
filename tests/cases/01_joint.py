import torch


# %% right loop_over_draws: One draw and one entry at a time.
def joint_log_prob(parents, log_prob, values):
    draws = len(next(iter(values.values())))
    out = []
    for s in range(draws):
        total = 0.0
        for name, above in parents.items():
            total += float(
                log_prob[name](
                    values[name][s : s + 1], *[values[p][s : s + 1] for p in above]
                ).sum()
            )
        out.append(total)
    return torch.tensor(out, dtype=torch.float64)


# %% right reduce: functools.reduce over the factors.
from functools import reduce


def joint_log_prob(parents, log_prob, values):
    factor = lambda name: log_prob[name](values[name], *[values[p] for p in parents[name]]).sum(-1)
    return reduce(torch.add, map(factor, parents))


# %% wrong destroys_values: The values are popped from the caller's dictionary.
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above]).sum(-1)
        for name, above in parents.items()
    ]
    for name in list(values):
        values.pop(name)
    return torch.stack(terms).sum(0)


# %% wrong destroys_entries: The values are set to zero once they have been used.
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above]).sum(-1)
        for name, above in parents.items()
    ]
    for value in values.values():
        value.zero_()
    return torch.stack(terms).sum(0)


# %% wrong clamped_factors: Each log-density is kept above -100, "against underflow".
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above]).clamp(min=-100).sum(-1)
        for name, above in parents.items()
    ]
    return torch.stack(terms).sum(0)


# %% wrong never_positive: A log-density above zero is cut off.
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above]).sum(-1)
        for name, above in parents.items()
    ]
    return torch.stack(terms).sum(0).clamp(max=0)


# %% wrong single_precision: Added up in single precision.
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above]).float().sum(-1)
        for name, above in parents.items()
    ]
    return torch.stack(terms).sum(0).double()


# %% wrong hundred_copies: Only the first hundred copies in the plate are counted.
def joint_log_prob(parents, log_prob, values):
    terms = [
        log_prob[name](values[name], *[values[p] for p in above])[..., :100].sum(-1)
        for name, above in parents.items()
    ]
    return torch.stack(terms).sum(0)
