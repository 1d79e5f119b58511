# %% right library: logsumexp and log_softmax.
import torch


def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    return joint.log_softmax(-1), joint.logsumexp(-1)


# %% right by_hand: The largest term is taken out by hand; what is impossible stays so.
import torch


def logsum(a):
    top = a.max(-1, keepdim=True).values
    return top + (a - top).exp().sum(-1, keepdim=True).log()


def responsibilities(log_weights, log_density):
    joint = log_density + log_weights - logsum(log_weights)
    log_p = logsum(joint)
    return joint - log_p, log_p.squeeze(-1)


# %% right loops: Datum by datum, cluster by cluster, in plain Python.
import math

import torch


def logsum(terms):
    top = max(terms)
    return top + math.log(sum(math.exp(term - top) for term in terms))


def responsibilities(log_weights, log_density):
    weights = [float(v) for v in log_weights]
    total = logsum(weights)
    rows = log_density.reshape(-1, len(weights))
    log_r, log_p = [], []
    for row in rows.tolist():
        joint = [w - total + d for w, d in zip(weights, row)]
        evidence = logsum(joint)
        log_p.append(evidence)
        log_r.append([j - evidence for j in joint])
    made = torch.tensor(log_r, dtype=torch.float64).reshape(log_density.shape)
    return made, torch.tensor(log_p, dtype=torch.float64).reshape(log_density.shape[:-1])


# %% right pairwise: NumPy, adding the clusters one at a time with logaddexp.
import functools

import numpy as np


def responsibilities(log_weights, log_density):
    w, d = np.asarray(log_weights), np.asarray(log_density)
    joint = d + w - functools.reduce(np.logaddexp, w)
    log_p = functools.reduce(np.logaddexp, np.moveaxis(joint, -1, 0))
    return [joint - log_p[..., None], log_p]


# %% wrong exponentials, from right library: The densities themselves are added up and divided. Far away all of them are zero.
# diagnosis: not_finite
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     p = joint.exp()
#+     return (p / p.sum(-1, keepdim=True)).log(), p.sum(-1).log()


# %% wrong largest_of_all, from right by_hand: One number is taken out of the whole array; other rows still underflow.
# diagnosis: not_finite
#-     top = a.max(-1, keepdim=True).values
#+     top = a.max()


# %% wrong small_number, from right library: A small number inside the logarithm, against minus infinity.
# diagnosis: value
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     r = joint.softmax(-1)
#+     return (r + 1e-12).log(), joint.logsumexp(-1)


# %% wrong clamped, from right library: Log densities are kept above -1,000, where exp still makes sense.
# diagnosis: value
#-     joint = log_weights.log_softmax(0) + log_density
#+     joint = (log_weights.log_softmax(0) + log_density).clamp_min(-1000.0)


# %% wrong any_sum, from right library: The weights are taken as they come.
# diagnosis: weights_unnormalized
#-     joint = log_weights.log_softmax(0) + log_density
#+     joint = log_weights + log_density


# %% wrong no_weights, from right library: The weights are forgotten.
# diagnosis: weights_ignored
#-     joint = log_weights.log_softmax(0) + log_density
#+     joint = log_density


# %% wrong data_axis, from right library: The softmax runs over the data.
# diagnosis: over_data
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     return joint.log_softmax(-2 if joint.dim() > 1 else -1), joint.logsumexp(-1)


# %% wrong no_logs, from right library: The responsibilities, not their logarithms.
# diagnosis: not_logs
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     return joint.softmax(-1), joint.logsumexp(-1)


# %% wrong best_cluster, from right library: The evidence is that of the best cluster.
# diagnosis: best_cluster
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     return joint.log_softmax(-1), joint.amax(-1)


# %% wrong mean_joint, from right library: The evidence is the mean of log p(x, c) under the responsibilities, without their entropy.
# diagnosis: free_energy_lost
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     return joint.log_softmax(-1), (joint.softmax(-1) * joint).sum(-1)


# %% wrong float32, from right library: Single precision: twenty thousand nats leave three decimals.
# diagnosis: value
#-     joint = log_weights.log_softmax(0) + log_density
#+     joint = log_weights.float().log_softmax(0) + log_density.float()


# %% wrong swapped, from right library: The evidence comes first.
# diagnosis: order_swapped
#-     return joint.log_softmax(-1), joint.logsumexp(-1)
#+     return joint.logsumexp(-1), joint.log_softmax(-1)
