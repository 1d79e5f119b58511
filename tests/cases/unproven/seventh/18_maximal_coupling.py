import numpy as np
import torch
from torch import Tensor


def spread(mass):
    """What is left, over its sum; where nothing is left, zero."""
    total = mass.sum(-1, keepdim=True)
    return mass / torch.where(total > 0, total, torch.ones_like(total))


def by_intervals(p, q):
    """The table of the common uniform: lengths of the overlaps of two cuts of [0, 1)."""
    hi_p, hi_q = p.cumsum(-1), q.cumsum(-1)
    lo_p, lo_q = hi_p - p, hi_q - q
    hi = torch.minimum(hi_p[..., :, None], hi_q[..., None, :])
    lo = torch.maximum(lo_p[..., :, None], lo_q[..., None, :])
    return (hi - lo).clamp(min=0)


# %% right overlap_and_intervals: closed forms in torch; the rest is the outer product of both leftovers over the total variation
def two_couplings(p, q):
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    return maximal, by_intervals(p, q)


# %% right pointers_numpy: NumPy loops over the batch; the common uniform by the north-west corner rule, two pointers along the cuts; arrays come back
def two_couplings(p, q):
    p, q = np.array(p, dtype=float), np.array(q, dtype=float)
    shape, C = p.shape[:-1], p.shape[-1]
    P, Q = p.reshape(-1, C), q.reshape(-1, C)
    first, second = np.zeros((len(P), C, C)), np.zeros((len(P), C, C))
    for b in range(len(P)):
        apart = sum(max(P[b, c] - Q[b, c], 0.0) for c in range(C))
        for i in range(C):
            first[b, i, i] = min(P[b, i], Q[b, i])
            for j in range(C):
                if P[b, i] > Q[b, i] and Q[b, j] > P[b, j]:
                    first[b, i, j] = (P[b, i] - Q[b, i]) * (Q[b, j] - P[b, j]) / apart
        i = j = 0
        left_i, left_j = P[b, 0], Q[b, 0]
        while i < C and j < C:
            step = min(left_i, left_j)
            second[b, i, j] += step
            left_i, left_j = left_i - step, left_j - step
            if left_i <= left_j:
                i += 1
                left_i = P[b, i] if i < C else 0.0
            else:
                j += 1
                left_j = Q[b, j] if j < C else 0.0
    return [first.reshape(*shape, C, C), second.reshape(*shape, C, C)]


# %% right joint_cdf: the common uniform from its joint distribution function min(F(i), G(j)), differenced along both axes
def two_couplings(p, q):
    gain, loss = torch.relu(p - q), torch.relu(q - p)
    rest = torch.einsum("...i,...j->...ij", gain, loss)
    apart = gain.sum(-1)[..., None, None]
    maximal = torch.where(apart > 0, rest / apart.masked_fill(apart == 0, 1.0), torch.zeros_like(rest))
    maximal = maximal + torch.diag_embed(torch.minimum(p, q))
    zero = torch.zeros_like(p[..., :1])
    F, G = (torch.cat([zero, law.cumsum(-1)], -1) for law in (p, q))
    H = torch.minimum(F[..., :, None], G[..., None, :])
    return (maximal, H.diff(dim=-1).diff(dim=-2))


# %% wrong comonotone_leftover: where the two do not meet I cut the leftovers by one uniform too; they meet as often as they can, but given that they did not they are not independent
def two_couplings(p, q):
    both = torch.minimum(p, q)
    return torch.diag_embed(both) + by_intervals(p - both, q - both), by_intervals(p, q)


# %% wrong allclose_means_same: if torch.allclose(p, q) nothing is left over, so I return the diagonal; but laws which differ by 1e-9 in one place (or 1e-6 of themselves) still differ, in 1e-9 off the diagonal
def two_couplings(p, q):
    both = torch.minimum(p, q)
    if torch.allclose(p, q):
        return torch.diag_embed(p), by_intervals(p, q)
    return torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :], by_intervals(p, q)


# %% wrong clamp_total: against zero by zero I clamp the total of what is left at 1e-6; where p and q are nearer than that, mass of the pairs which do not meet is lost
def two_couplings(p, q):
    both = torch.minimum(p, q)
    left_p, left_q = p - both, q - both
    rest = left_p[..., :, None] * left_q[..., None, :] / left_p.sum(-1).clamp(min=1e-6)[..., None, None]
    return torch.diag_embed(both) + rest, by_intervals(p, q)


# %% wrong epsilon_total: zero by zero is avoided by adding 1e-8 to the total; of the eight digits some are gone wherever the total variation is small
def two_couplings(p, q):
    both = torch.minimum(p, q)
    left_p, left_q = p - both, q - both
    rest = left_p[..., :, None] * left_q[..., None, :] / (left_p.sum(-1)[..., None, None] + 1e-8)
    return torch.diag_embed(both) + rest, by_intervals(p, q)


# %% wrong total_over_the_batch: the leftover's total is taken over all of it; right for one pair of laws, for a batch every row is divided by the batch's sum
def two_couplings(p, q):
    both = torch.minimum(p, q)
    left_p, left_q = p - both, q - both
    total = left_p.sum()
    rest = left_p[..., :, None] * left_q[..., None, :] / (total if total > 0 else 1.0)
    return torch.diag_embed(both) + rest, by_intervals(p, q)


# %% wrong cumsum_first_axis: the pieces of [0, 1) are laid along the first axis; right without batch axes only
def two_couplings(p, q):
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    hi_p, hi_q = p.cumsum(0), q.cumsum(0)
    hi = torch.minimum(hi_p[..., :, None], hi_q[..., None, :])
    lo = torch.maximum((hi_p - p)[..., :, None], (hi_q - q)[..., None, :])
    return maximal, (hi - lo).clamp(min=0)


# %% wrong antithetic: the second law is read from the other end, u for i and 1 - u for j; both marginals are right, but it is not one uniform in the order p_0, p_1, ... for both
def two_couplings(p, q):
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    return maximal, by_intervals(p, q.flip(-1)).flip(-1)


# %% wrong largest_first: I cut the interval with the likeliest outcome of p first (good for meeting); the statement cuts in the order 0, 1, ...
def two_couplings(p, q):
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    order = p.argsort(dim=-1, descending=True, stable=True)
    back = order.argsort(-1)
    table = by_intervals(p.gather(-1, order), q.gather(-1, order))
    rows = back[..., :, None].expand_as(table)
    columns = back[..., None, :].expand_as(table)
    return maximal, table.gather(-2, rows).gather(-1, columns)


# %% wrong apart_elsewhere: given that they did not meet I draw i and j from p and q with i = j excluded, in proportion; then the rows do not sum to p
def two_couplings(p, q):
    both = torch.minimum(p, q)
    C = p.shape[-1]
    rest = p[..., :, None] * q[..., None, :] * (1 - torch.eye(C, dtype=p.dtype))
    total = rest.sum((-1, -2), keepdim=True)
    apart = torch.relu(p - q).sum(-1)[..., None, None]
    return torch.diag_embed(both) + apart * rest / torch.where(total > 0, total, torch.ones_like(total)), by_intervals(p, q)


# %% wrong second_from_all_of_q: when they do not meet j is drawn afresh from q; i keeps its law, j does not
def two_couplings(p, q):
    both = torch.minimum(p, q)
    return torch.diag_embed(both) + (p - both)[..., :, None] * q[..., None, :], by_intervals(p, q)


# %% wrong writes_into_its_arguments: what is left over is written back into p and q with -=; the numbers are right, and the caller's laws are gone
def two_couplings(p, q):
    second = by_intervals(p, q)
    both = torch.minimum(p, q)
    p -= both
    q -= both
    return torch.diag_embed(both) + p[..., :, None] * spread(q)[..., None, :], second


# %% wrong drops_small_chances: chances under 1e-8 are rounding, so I set them to zero before anything else; the statement says there may be chances of 1e-9
def two_couplings(p, q):
    p, q = (torch.where(law < 1e-8, torch.zeros_like(law), law) for law in (p, q))
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    return maximal, by_intervals(p, q)


# %% wrong one_same_all_same: if anywhere in the batch nothing is left I take the diagonal for all of it, else the formula; right unless some rows of a batch are the same and others not
def two_couplings(p, q):
    both = torch.minimum(p, q)
    left_p, left_q = p - both, q - both
    total = left_p.sum(-1)[..., None, None]
    rest = 0 if bool((total == 0).any()) else left_p[..., :, None] * left_q[..., None, :] / total
    return torch.diag_embed(both) + rest, by_intervals(p, q)


# %% wrong quantile_grid: the uniform runs over the midpoints of a fine grid, and I count the pairs; exact only where the laws are whole multiples of the grid's step
def two_couplings(p, q):
    both = torch.minimum(p, q)
    maximal = torch.diag_embed(both) + (p - both)[..., :, None] * spread(q - both)[..., None, :]
    C, n = p.shape[-1], 2000
    u = (torch.arange(n, dtype=p.dtype) + 0.5) / n

    def picks(law):
        index = (u[:, None] >= law.cumsum(-1)[..., None, :]).sum(-1).clamp(max=C - 1)
        return torch.nn.functional.one_hot(index, C).to(p.dtype)

    return maximal, torch.einsum("...ni,...nj->...ij", picks(p), picks(q)) / n
