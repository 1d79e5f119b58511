import math

import torch
from torch import Tensor

# %% right pseudo_inverse_in_numpy: the last row is one large number, and the pseudo-inverse of the other coordinates with a column of ones takes it off every sample
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    import numpy as np

    noise = eps.detach().cpu().numpy().astype(np.float64)
    K, D = noise.shape
    large = math.exp(log_det)
    seen = np.concatenate([noise[:, :-1], np.ones((K, 1))], 1)
    take = np.linalg.pinv(seen) @ (-large * noise[:, -1])
    take += np.linalg.pinv(seen) @ (-large * noise[:, -1] - seen @ take)        # one step of refinement
    loc, root = np.zeros(D), np.eye(D)
    root[-1, :-1], root[-1, -1], loc[-1] = take[:-1], large, take[-1]
    return torch.as_tensor(loc).to(eps), torch.as_tensor(root).to(eps)

# %% wrong truncated: cuts small singular values off at a tenth of the largest "for stability", so samples that are nearly dependent are not cancelled
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    K, D = eps.shape
    large = math.exp(log_det)
    seen = torch.cat([eps[:, :-1], eps.new_ones(K, 1)], -1)
    take = torch.linalg.pinv(seen, rcond=0.1) @ (-large * eps[:, -1])
    loc, root = eps.new_zeros(D), torch.eye(D, dtype=eps.dtype)
    root[-1, :-1], root[-1, -1], loc[-1] = take[:-1], large, take[-1]
    return loc, root

# %% wrong a_share_for_every_row: spreads log det evenly over the diagonal and cancels row by row; the first rows have fewer free entries than there are samples, and run away
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    K, D = eps.shape
    each = math.exp(log_det / D)
    loc, root = eps.new_zeros(D), each * torch.eye(D, dtype=eps.dtype)
    for i in range(D):
        seen = torch.cat([eps[:, :i], eps.new_ones(K, 1)], -1)
        take = torch.linalg.pinv(seen) @ (-each * eps[:, i])
        root[i, :i], loc[i] = take[:-1], take[-1]
    return loc, root

# %% wrong lower_half_of_a_symmetric_root: stretches along the direction that no sample shows, by I + (c - 1) v v', and keeps the lower triangle of it, which is another matrix
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    D = eps.shape[1]
    centred = eps - eps.mean(0)
    v = torch.linalg.svd(centred, full_matrices=True).Vh[-1]
    root = (torch.eye(D, dtype=eps.dtype) + (math.exp(log_det) - 1) * v.outer(v)).tril()
    root = root * torch.exp((log_det - root.diagonal().log().sum()) / D)
    return -root @ eps.mean(0), root

# %% wrong log_det_of_the_covariance: takes log_det for that of the covariance C C', so the large entry is the square root of what it should be; right at zero
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    K, D = eps.shape
    large = math.exp(log_det / 2)
    seen = torch.cat([eps[:, :-1], eps.new_ones(K, 1)], -1)
    take = torch.linalg.pinv(seen) @ (-large * eps[:, -1])
    loc, root = eps.new_zeros(D), torch.eye(D, dtype=eps.dtype)
    root[-1, :-1], root[-1, -1], loc[-1] = take[:-1], large, take[-1]
    return loc, root
