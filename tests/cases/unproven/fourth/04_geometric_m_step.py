import numpy as np
import torch
from torch import Tensor

# %% right loops: plain sums in Python
def geometric_m_step(r, x, over):
    N, C = r.shape
    weights, p = [], []
    for c in range(C):
        total = heads = tries = 0.0
        for n in range(N):
            rho = float(r[n, c])
            total += rho
            heads += rho * float(over[n])
            tries += rho * (float(over[n]) + float(x[n]))
        weights.append(total / N)
        p.append(heads / tries)
    return torch.tensor(weights, dtype=torch.float64), torch.tensor(p, dtype=torch.float64)


# %% right numpy: einsum, a list of arrays
def geometric_m_step(r, x, over):
    r, x, over = (np.asarray(v, dtype=float) for v in (r, x, over))
    return [r.sum(0) / r.sum(), np.einsum("nc,n->c", r, over) / np.einsum("nc,n->c", r, over + x)]


# %% right odd_odds: by the odds of failure, 1 / (1 + tails / heads), with the end p = 0 told apart
def geometric_m_step(r, x, over):
    normed = r / r.sum(0).clamp_min(1e-300)
    heads, tails = (normed * over[:, None]).sum(0), (normed * x[:, None]).sum(0)
    p = torch.where(heads > 0, 1 / (1 + tails / torch.where(heads > 0, heads, torch.ones_like(heads))), torch.zeros_like(heads))
    return r.sum(0) / len(r), p


# %% wrong next_try_counted: a run cut off is charged with one more failed try
def geometric_m_step(r, x, over):
    return r.mean(0), (over @ r) / ((x + 1) @ r)


# %% wrong finished_alone: p from the finished runs alone, weights from all
def geometric_m_step(r, x, over):
    heads = over @ r
    return r.mean(0), heads / (heads + (x * over) @ r).clamp_min(1e-300)


# %% wrong weights_of_finished: the weights leave out the runs that are cut off
def geometric_m_step(r, x, over):
    heads = over @ r
    weights = heads / heads.sum() if heads.sum() > 0 else r.mean(0)
    return weights, heads / (heads + x @ r)


# %% wrong weights_without_empty: runs of which nothing is known, x = 0 and not over, are left out of the weights
def geometric_m_step(r, x, over):
    heads, tails = over @ r, x @ r
    known = (x + over) > 0
    return r[known].mean(0), heads / (heads + tails)


# %% wrong weights_by_tries: each run counts in the weights as often as it was tried
def geometric_m_step(r, x, over):
    tries = (x + over) @ r
    return tries / tries.sum(), (over @ r) / tries


# %% wrong small_number: 1e-10 in the denominator, seen only where a cluster has next to nothing
def geometric_m_step(r, x, over):
    heads, tails = over @ r, x @ r
    return r.mean(0), heads / (heads + tails + 1e-10)


# %% wrong clamped: p is kept off the ends, by 1e-6
def geometric_m_step(r, x, over):
    heads, tails = over @ r, x @ r
    return r.mean(0), (heads / (heads + tails)).clamp(1e-6, 1 - 1e-6)


# %% wrong fallback: a cluster with less than 1e-8 of responsibility is given p = 1/2
def geometric_m_step(r, x, over):
    heads, tails = over @ r, x @ r
    return r.mean(0), torch.where(heads + tails < 1e-8, torch.full_like(heads, 0.5), heads / (heads + tails))


# %% wrong cut_from_x: which runs are over is read off from the largest x, the argument is ignored
def geometric_m_step(r, x, over):
    done = (x < x.max()).double() if len(x) > 1 else over.double()
    heads, tails = done @ r, x @ r
    return r.mean(0), heads / (heads + tails)


# %% wrong squeezed: squeeze() drops the axis of one run or of one cluster
def geometric_m_step(r, x, over):
    r = r.squeeze()
    heads, tails = (over[:, None] * r).sum(0), (x[:, None] * r).sum(0)
    return r.mean(0), heads / (heads + tails)


# %% wrong single_precision: in float32, cast back
def geometric_m_step(r, x, over):
    r, x, over = r.float(), x.float(), over.float()
    heads, tails = over @ r, x @ r
    return r.mean(0).double(), (heads / (heads + tails)).double()


# %% wrong in_place: right numbers, but r comes back with its columns normalized
def geometric_m_step(r, x, over):
    weights = r.mean(0)
    r /= r.sum(0)
    heads, tails = over @ r, x @ r
    return weights, heads / (heads + tails)
