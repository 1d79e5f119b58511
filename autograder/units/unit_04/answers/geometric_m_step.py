# %% right closed_form: Expected successes over expected trials.
import torch


def geometric_m_step(r, x, over):
    return r.mean(0), (over @ r) / ((over + x) @ r)


# %% right loops: Cluster by cluster and datum by datum, in plain Python.
def geometric_m_step(r, x, over):
    data = list(zip(r.tolist(), x.tolist(), over.tolist()))
    weights, p = [], []
    for c in range(r.shape[1]):
        mass = successes = failures = 0.0
        for row, count, ended in data:
            mass += row[c]
            successes += row[c] * ended
            failures += row[c] * count
        weights.append(mass / len(data))
        p.append(successes / (successes + failures))
    return weights, p


# %% right root: The slope of F in p, set to zero by bisection; F itself is never solved for p.
import numpy as np


def geometric_m_step(r, x, over):
    r, x, over = np.asarray(r), np.asarray(x), np.asarray(over)
    low, high = np.zeros(r.shape[1]), np.ones(r.shape[1])
    for _ in range(60):
        p = (low + high) / 2
        slope = ((over[:, None] * (1 - p) - x[:, None] * p) * r).sum(0)       # times p (1 - p)
        low, high = np.where(slope > 0, p, low), np.where(slope > 0, high, p)
    total = r.sum(0)
    return np.stack([total / total.sum(), (low + high) / 2])


# %% right by_trials: Every trial is a coin; the clusters' shares of coins and of heads are counted.
import torch


def geometric_m_step(r, x, over):
    heads = torch.einsum("n,nc->c", over, r)
    tails = torch.einsum("n,nc->c", x, r)
    p = 1 - tails / (heads + tails)
    return torch.stack([r.sum(0) / r.shape[0], p])


# %% wrong all_over, from right closed_form: Every run is taken to have ended; the unfinished ones are given a success they never had.
# diagnosis: all_over
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), r.sum(0) / ((1 + x) @ r)


# %% wrong dropped, from right closed_form: Unfinished runs are left out, as people do with missing values.
# diagnosis: unfinished_dropped
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), (over @ r) / ((over * (1 + x)) @ r)


# %% wrong other_convention, from right closed_form: One over the mean: right for counts that include the success.
# diagnosis: other_convention
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), (over @ r) / (x @ r)


# %% wrong tails, from right by_trials: The probability of a failure.
# diagnosis: failure_probability
#-     p = 1 - tails / (heads + tails)
#+     p = tails / (heads + tails)


# %% wrong hard, from right closed_form: Each datum goes to its likeliest cluster: k-means for counts.
# diagnosis: hard
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     r = torch.nn.functional.one_hot(r.argmax(1), r.shape[1]).to(r)
#+     return r.mean(0), (over @ r) / ((over + x) @ r)


# %% wrong counts, from right closed_form: The weights are the numbers of data.
# diagnosis: counts
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.sum(0), (over @ r) / ((over + x) @ r)


# %% wrong ended_weights, from right closed_form: The weights count the finished runs alone.
# diagnosis: ended_alone
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return (over @ r) / over.sum(), (over @ r) / ((over + x) @ r)


# %% wrong mean_of_ratios, from right closed_form: The estimates of single runs are averaged.
# diagnosis: mean_of_ratios
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     each = torch.nan_to_num(over / (over + x))
#+     return r.mean(0), (each @ r) / r.sum(0)


# %% wrong not_weighted, from right closed_form: The responsibilities are left out of p.
# diagnosis: not_weighted
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), (over.sum() / (over + x).sum()).expand(r.shape[1])


# %% wrong mean_count, from right closed_form: The mean count, as for a Poisson mixture.
# diagnosis: mean_count
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), (x @ r) / r.sum(0)


# %% wrong smoothed, from right closed_form: A small number against an empty cluster.
# diagnosis: described
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return r.mean(0), (over @ r) / ((over + x) @ r + 1e-6)


# %% wrong swapped, from right closed_form: p comes first.
# diagnosis: order_swapped
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     return (over @ r) / ((over + x) @ r), r.mean(0)


# %% wrong last_by_subtraction, from right closed_form: The last weight is one minus the others, since they sum to one: a tiny one has lost its digits.
# diagnosis: value
#-     return r.mean(0), (over @ r) / ((over + x) @ r)
#+     weights = r.mean(0)
#+     weights = torch.cat([weights[:-1], 1 - weights[:-1].sum(0, keepdim=True)])
#+     return weights, (over @ r) / ((over + x) @ r)
