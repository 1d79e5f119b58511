import itertools
import math

import numpy as np
import torch
from torch import Tensor


# %% right slogdet_blocks: the inverse of each block of the precision, the gap by log-determinants
def block_fit(precision, blocks):
    cov, twice = torch.zeros_like(precision), -torch.linalg.slogdet(precision).logabsdet
    for block in blocks:
        at = torch.tensor(block)
        own = precision[at[:, None], at]
        cov[at[:, None], at] = torch.linalg.inv(own)
        twice = twice + torch.linalg.slogdet(own).logabsdet
    return cov, twice / 2


# %% right masked_inverse: all entries of the precision between blocks set to zero, one inverse of the whole; the gap from the eigenvalues of S precision, in NumPy
def block_fit(precision, blocks):
    p = precision.detach().numpy()
    label = np.empty(len(p), dtype=int)
    for k, block in enumerate(blocks):
        label[list(block)] = k
    kept = np.where(label[:, None] == label, p, 0.0)
    scale = 1 / np.sqrt(np.diag(p))
    root = np.linalg.cholesky(kept * scale * scale[:, None])
    half = np.linalg.inv(root)
    inner = half @ (p * scale * scale[:, None]) @ half.T
    cov = (half.T @ half) * scale * scale[:, None]
    return cov, -0.5 * np.log(np.linalg.eigvalsh(inner)).sum()


# %% right chain_of_conditionals: loops: sweep each latent of a block out by Gauss-Jordan, pivots give the log-determinants
def block_fit(precision, blocks):
    def sweep(m):
        m = [row[:] for row in m]
        total = 0.0
        for k in range(len(m)):
            d = m[k][k]
            total += math.log(d)
            row = [v / d for v in m[k]]
            for i in range(len(m)):
                if i != k:
                    f = m[i][k]
                    m[i] = [m[i][j] - f * row[j] for j in range(len(m))]
                    m[i][k] = -f / d
            m[k] = row
            m[k][k] = 1 / d
        return m, total

    full = precision.tolist()
    out = [[0.0] * len(full) for _ in full]
    gap = -sweep(full)[1]
    for block in blocks:
        inverse, total = sweep([[full[i][j] for j in block] for i in block])
        gap += total
        for a, i in enumerate(block):
            for b, j in enumerate(block):
                out[i][j] = inverse[a][b]
    return torch.tensor(out, dtype=torch.float64), torch.tensor(gap / 2, dtype=torch.float64)


# %% wrong blocks_in_a_row: the blocks' covariances are set along the diagonal in the order of the list, right for blocks that stand in order
def block_fit(precision, blocks):
    own = [precision[torch.tensor(b)[:, None], torch.tensor(b)] for b in blocks]
    gap = 0.5 * (sum(torch.logdet(o) for o in own) - torch.logdet(precision))
    return torch.block_diag(*[torch.linalg.inv(o) for o in own]), gap


# %% wrong sorted_target: the block's precision is read in the order of the block, its inverse is written in sorted order; right for sorted blocks
def block_fit(precision, blocks):
    cov, gap = torch.zeros_like(precision), -torch.logdet(precision) / 2
    for b in blocks:
        at, into = torch.tensor(b), torch.tensor(sorted(b))
        own = precision[at[:, None], at]
        gap = gap + torch.logdet(own) / 2
        cov[into[:, None], into] = torch.linalg.inv(own)
    return cov, gap


# %% wrong mutual_informations: covariance right, the gap as a sum over pairs in different blocks of -log(1 - r^2) / 2 with partial correlations; right for two latents
def block_fit(precision, blocks):
    cov, gap = torch.zeros_like(precision), 0.0
    for b in blocks:
        at = torch.tensor(b)
        cov[at[:, None], at] = torch.linalg.inv(precision[at[:, None], at])
    for one, two in itertools.combinations(blocks, 2):
        for i, j in itertools.product(one, two):
            gap = gap - 0.5 * torch.log1p(-precision[i, j] ** 2 / (precision[i, i] * precision[j, j]))
    return cov, torch.as_tensor(gap, dtype=torch.float64)


# %% wrong trace_left_in: covariance right, the gap keeps half of the trace less the number of blocks in place of the number of latents; right where each block is one latent
def block_fit(precision, blocks):
    cov = torch.zeros_like(precision)
    for b in blocks:
        at = torch.tensor(b)
        cov[at[:, None], at] = torch.linalg.inv(precision[at[:, None], at])
    return cov, 0.5 * (torch.trace(precision @ cov) - len(blocks) - torch.logdet(cov) - torch.logdet(precision))


# %% wrong marginal_gap: covariance right, the gap is the total correlation between the blocks, of the posterior's own marginals; the same for two blocks
def block_fit(precision, blocks):
    cov, post = torch.zeros_like(precision), torch.linalg.inv(precision)
    gap = -torch.logdet(post) / 2
    for b in blocks:
        at = torch.tensor(b)
        cov[at[:, None], at] = torch.linalg.inv(precision[at[:, None], at])
        gap = gap + torch.logdet(post[at[:, None], at]) / 2
    return cov, gap


# %% wrong clipped_conditionals: the regression of a block on the rest is taken off the marginals, but with the rest's precision in place of its covariance inverse; right for two latents of unit scale
def block_fit(precision, blocks):
    post = torch.linalg.inv(precision)
    cov, gap = torch.zeros_like(post), -torch.logdet(precision) / 2
    for b in blocks:
        at = torch.tensor(b)
        rest = torch.tensor([k for k in range(len(post)) if k not in b], dtype=torch.long)
        cross = post[at[:, None], rest]
        inside = post[at[:, None], at] - cross @ precision[rest[:, None], rest] @ cross.mT
        cov[at[:, None], at] = inside
        gap = gap - torch.linalg.slogdet(inside).logabsdet / 2
    return cov, gap


# %% wrong one_sweep: coordinate ascent over the blocks from the identity by the wrong update: each latent's variance from its diagonal, its correlations from the posterior; right for blocks of one
def block_fit(precision, blocks):
    post = torch.linalg.inv(precision)
    spread = precision.diagonal().rsqrt()
    corr = post / (post.diagonal()[:, None] * post.diagonal()).sqrt()
    cov, gap = torch.zeros_like(post), -torch.logdet(precision) / 2
    for b in blocks:
        at = torch.tensor(b)
        own = corr[at[:, None], at] * spread[at][:, None] * spread[at]
        cov[at[:, None], at] = own
        gap = gap - torch.logdet(own) / 2
    return cov, gap


# %% wrong same_size_blocks: the blocks are stacked into one tensor for a batched inverse, those that are shorter filled up with their last index; right for blocks of one size
def block_fit(precision, blocks):
    longest = max(len(b) for b in blocks)
    at = torch.tensor([list(b) + [b[-1]] * (longest - len(b)) for b in blocks])
    own = precision[at[:, :, None], at[:, None, :]]
    own = own + 1e-9 * torch.eye(longest, dtype=torch.float64) * (at[:, :, None] == at[:, :1, None]).logical_not() * (longest > min(map(len, blocks)))
    inverse = torch.linalg.pinv(own)
    cov = torch.zeros_like(precision)
    for a, inv in zip(at, inverse):
        cov[a[:, None], a] = inv
    return cov, 0.5 * (torch.logdet(own).sum() - torch.logdet(precision))


# %% wrong zeroed_in_place: the precision between the blocks is zeroed in the caller's own matrix, after its log-determinant is taken
def block_fit(precision, blocks):
    gap = -torch.logdet(precision) / 2
    label = torch.empty(len(precision), dtype=torch.long)
    for k, b in enumerate(blocks):
        label[torch.tensor(b)] = k
    precision[label[:, None] != label] = 0
    return torch.linalg.inv(precision), gap + torch.logdet(precision) / 2


# %% wrong pairs_only: in a block the covariance is put together from its pairs, each by the two by two inverse; right for blocks of one or two
def block_fit(precision, blocks):
    cov, gap = torch.zeros_like(precision), -torch.logdet(precision) / 2
    for b in blocks:
        for i in b:
            cov[i, i] = 1 / precision[i, i] if len(b) == 1 else cov[i, i]
        for i, j in itertools.combinations(b, 2):
            at = torch.tensor([i, j])
            cov[at[:, None], at] = torch.linalg.inv(precision[at[:, None], at])
        at = torch.tensor(b)
        gap = gap + torch.logdet(precision[at[:, None], at]) / 2
    return cov, gap
