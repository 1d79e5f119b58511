# %% right residuals: The overlap on the diagonal, and the product of what is left.
import torch


def two_couplings(p, q):
    overlap = torch.minimum(p, q)
    rest_p = p - overlap
    rest_q = q - overlap
    left = rest_p.sum(-1)[..., None, None]
    safe = torch.where(left > 0, left, torch.ones_like(left))
    outer = rest_p.unsqueeze(-1) * rest_q.unsqueeze(-2)
    maximal = torch.diag_embed(overlap) + outer / safe
    F = torch.cumsum(p, -1)
    G = torch.cumsum(q, -1)
    top = torch.minimum(F.unsqueeze(-1), G.unsqueeze(-2))
    bottom = torch.maximum((F - p).unsqueeze(-1), (G - q).unsqueeze(-2))
    common = (top - bottom).clamp_min(0)
    return maximal, common


# %% right loops: Entry by entry, in plain Python; the common uniform by walking along the cuts.
import numpy as np


def one(p, q):
    C = len(p)
    maximal, common = np.zeros((C, C)), np.zeros((C, C))
    tv = sum(max(a - b, 0.0) for a, b in zip(p, q))
    for c in range(C):
        maximal[c, c] = min(p[c], q[c])
    if tv > 0:
        for i in range(C):
            for j in range(C):
                maximal[i, j] += max(p[i] - q[i], 0.0) * max(q[j] - p[j], 0.0) / tv
    i = j = 0
    left_i, left_j = p[0], q[0]
    while i < C and j < C:
        piece = min(left_i, left_j)
        common[i, j] += piece
        left_i, left_j = left_i - piece, left_j - piece
        if left_i <= left_j:
            i += 1
            left_i = p[i] if i < C else 0.0
        else:
            j += 1
            left_j = q[j] if j < C else 0.0
    return maximal, common


def two_couplings(p, q):
    C = p.shape[-1]
    rows = [one(a, b) for a, b in zip(p.reshape(-1, C).numpy(), q.reshape(-1, C).numpy())]
    return tuple(np.stack([row[k] for row in rows]).reshape(*p.shape, C) for k in (0, 1))


# %% right hinges: Positive parts; the common table as a mixed difference of the joint distribution function min(F, G).
import torch


def two_couplings(p, q):
    plus, minus = (p - q).relu(), (q - p).relu()
    tv = plus.sum(-1, keepdim=True).unsqueeze(-1)
    meet = torch.eye(p.shape[-1], dtype=p.dtype) * (p - plus).unsqueeze(-1)
    maximal = meet + torch.where(tv > 0, torch.einsum("...i,...j->...ij", plus, minus) / tv, 0.0)
    zero = torch.zeros_like(p[..., :1])
    F, G = torch.cat([zero, p.cumsum(-1)], -1), torch.cat([zero, q.cumsum(-1)], -1)
    H = torch.minimum(F.unsqueeze(-1), G.unsqueeze(-2))
    return maximal, H.diff(dim=-1).diff(dim=-2)


# %% wrong independent_both, from right residuals: Two independent draws.
# diagnosis: independent
#-     return maximal, common
#+     return p.unsqueeze(-1) * q.unsqueeze(-2), common


# %% wrong unnormalized, from right residuals: What is left over is not made a law.
# diagnosis: not_normalized
#-     maximal = torch.diag_embed(overlap) + outer / safe
#+     maximal = torch.diag_embed(overlap) + outer


# %% wrong twice_normalized, from right residuals: Both laws are divided by the total variation, and nothing is multiplied back.
# diagnosis: value
#-     maximal = torch.diag_embed(overlap) + outer / safe
#+     maximal = torch.diag_embed(overlap) + outer / safe**2


# %% wrong from_all, from right residuals: Off the overlap both are drawn afresh from p and q.
# diagnosis: rest_from_all
#-     maximal = torch.diag_embed(overlap) + outer / safe
#+     maximal = torch.diag_embed(overlap) + left * p.unsqueeze(-1) * q.unsqueeze(-2)


# %% wrong second_from_all, from right residuals: The second is drawn from q, as in rejection sampling without rejection.
# diagnosis: rest_of_one
#-     maximal = torch.diag_embed(overlap) + outer / safe
#+     maximal = torch.diag_embed(overlap) + rest_p.unsqueeze(-1) * q.unsqueeze(-2)


# %% wrong diagonal, from right residuals: The overlap alone.
# diagnosis: only_the_overlap
#-     maximal = torch.diag_embed(overlap) + outer / safe
#+     maximal = torch.diag_embed(overlap)


# %% wrong swapped, from right residuals: The two tables exchanged.
# diagnosis: another_row
#-     return maximal, common
#+     return common, maximal


# %% wrong turned, from right residuals: j in the rows.
# diagnosis: transposed
#-     return maximal, common
#+     return maximal.mT, common.mT


# %% wrong antithetic, from right residuals: The second reads one minus the uniform.
# diagnosis: value
#-     top = torch.minimum(F.unsqueeze(-1), G.unsqueeze(-2))
#-     bottom = torch.maximum((F - p).unsqueeze(-1), (G - q).unsqueeze(-2))
#+     top = torch.minimum(F.unsqueeze(-1), (1 - G + q).unsqueeze(-2))
#+     bottom = torch.maximum((F - p).unsqueeze(-1), (1 - G).unsqueeze(-2))


# %% wrong nan_when_same, from right residuals: Zero by zero where the laws are the same.
# diagnosis: not_finite
#-     safe = torch.where(left > 0, left, torch.ones_like(left))
#+     safe = left


# %% wrong first_row_normalizes, from right residuals: One total variation for the whole batch.
# diagnosis: value
#-     left = rest_p.sum(-1)[..., None, None]
#+     left = rest_p.sum(-1).mean()


# %% wrong floored, from right residuals: A constant against zero that is too large.
# diagnosis: value
#-     safe = torch.where(left > 0, left, torch.ones_like(left))
#+     safe = left + 1e-3
