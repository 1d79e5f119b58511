import math

import numpy as np
import torch
from torch import Tensor

# %% right loops: plain math, datum by datum, as a list of two tensors
def responsibilities(log_weights, log_density):
    def lse(v):
        top = max(v)
        return top + math.log(math.fsum(math.exp(u - top) for u in v))

    lw = log_weights.tolist()
    total = lse(lw)
    rows, evidence = [], []
    for row in log_density.reshape(-1, len(lw)).tolist():
        joint = [a - total + b for a, b in zip(lw, row)]
        p = lse(joint)
        evidence.append(p)
        rows.append([j - p for j in joint])
    return [
        torch.tensor(rows, dtype=torch.float64).reshape(log_density.shape),
        torch.tensor(evidence, dtype=torch.float64).reshape(log_density.shape[:-1]),
    ]


# %% right numpy: largest term of each datum out by hand, NumPy arrays returned
def responsibilities(log_weights, log_density):
    lw, ld = log_weights.detach().numpy(), log_density.detach().numpy()
    lw = lw - (lw.max() + np.log(np.exp(lw - lw.max()).sum()))
    joint = lw + ld
    top = joint.max(-1, keepdims=True)
    log_p = top + np.log(np.exp(joint - top).sum(-1, keepdims=True))
    return joint - log_p, log_p[..., 0]


# %% right odd_logaddexp: the sum built one cluster after another, the weights' constant taken from the evidence at the end
def responsibilities(log_weights, log_density):
    log_p, constant = torch.full(log_density.shape[:-1], -torch.inf, dtype=torch.float64), torch.tensor(-torch.inf, dtype=torch.float64)
    for c in range(len(log_weights)):
        log_p = torch.logaddexp(log_p, log_weights[c] + log_density[..., c])
        constant = torch.logaddexp(constant, log_weights[c])
    return torch.stack([log_weights[c] + log_density[..., c] - log_p for c in range(len(log_weights))], -1), log_p - constant


# %% wrong weights_exp: the weights are normalized outside logs, which fails where their constant is far from zero
def responsibilities(log_weights, log_density):
    joint = log_weights - log_weights.exp().sum().log() + log_density
    log_p = joint.logsumexp(-1)
    return joint - log_p[..., None], log_p


# %% wrong top_of_array: one largest term for the whole array, so that a datum far below the others underflows
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    top = joint.max()
    log_p = top + (joint - top).exp().sum(-1).log()
    return joint - log_p[..., None], log_p


# %% wrong top_of_density: takes out the largest density and not the largest joint, which underflows if the nearest cluster has no weight
def responsibilities(log_weights, log_density):
    lw = log_weights.log_softmax(0)
    top = log_density.max(-1, keepdim=True).values
    log_p = top + (lw + log_density - top).exp().sum(-1, keepdim=True).log()
    return lw + log_density - log_p, log_p[..., 0]


# %% wrong log_of_softmax: the evidence is right, log r is the logarithm of an underflown r
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    return joint.softmax(-1).log(), joint.logsumexp(-1)


# %% wrong small_number: 1e-300 is added before the logarithm of r, so that -inf becomes -690
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    return (joint.softmax(-1) + 1e-300).log(), joint.logsumexp(-1)


# %% wrong first_as_reference: everything is relative to the first cluster, which gives NaN where that one is impossible and overflows where it is far
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    first = joint[..., :1]
    log_p = first + (joint - first).exp().sum(-1, keepdim=True).log()
    return joint - log_p, log_p[..., 0]


# %% wrong clamped: log joint is clamped at -1e5 to be rid of infinities
def responsibilities(log_weights, log_density):
    joint = (log_weights.log_softmax(0) + log_density).clamp_min(-1e5)
    log_p = joint.logsumexp(-1)
    return joint - log_p[..., None], log_p


# %% wrong axis_one: the clusters are taken to be axis 1, right for (N, C) alone
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    dim = 1 if joint.dim() > 1 else 0
    log_p = joint.logsumexp(dim, keepdim=True)
    return joint - log_p, log_p.squeeze(dim)


# %% wrong squeezed: squeeze() without an axis loses batches of one
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    log_p = joint.logsumexp(-1, keepdim=True)
    return joint - log_p, log_p.squeeze()


# %% wrong single_precision: reckoned in float32 and cast back
def responsibilities(log_weights, log_density):
    joint = log_weights.float().log_softmax(0) + log_density.float()
    log_p = joint.logsumexp(-1)
    return (joint - log_p[..., None]).double(), log_p.double()


# %% wrong in_place: right numbers, but the caller's weights are normalized in place
def responsibilities(log_weights, log_density):
    log_weights -= log_weights.logsumexp(0)
    joint = log_weights + log_density
    log_p = joint.logsumexp(-1)
    return joint - log_p[..., None], log_p


# %% wrong nan_to_num: -inf in the answer is replaced by the most negative double
def responsibilities(log_weights, log_density):
    joint = log_weights.log_softmax(0) + log_density
    log_p = joint.logsumexp(-1)
    return torch.nan_to_num(joint - log_p[..., None]), log_p
