# %% right formula: Blocks of the precision, inverted; half a difference of log-determinants.
import torch


def block_fit(precision, blocks):
    kept = torch.zeros_like(precision)
    for block in blocks:
        at = torch.tensor(block)
        kept[at[:, None], at] = precision[at[:, None], at]
    gap = 0.5 * (torch.logdet(kept) - torch.logdet(precision))
    return torch.linalg.inv(kept), gap


# %% right loops: Block by block, entry by entry, in NumPy.
import numpy as np


def block_fit(precision, blocks):
    precision = np.asarray(precision)
    covariance, total = np.zeros_like(precision), -np.linalg.slogdet(precision)[1]
    for block in blocks:
        own = np.array([[precision[i, j] for j in block] for i in block])
        inverse = np.linalg.inv(own)
        total += np.linalg.slogdet(own)[1]
        for a, i in enumerate(block):
            for b, j in enumerate(block):
                covariance[i, j] = inverse[a, b]
    return [covariance, total / 2]


# %% right masked: A mask of pairs in one block; the gap as a KL of two normals, by torch.
import torch
from torch.distributions import MultivariateNormal, kl_divergence


def block_fit(precision, blocks):
    label = torch.zeros(len(precision), dtype=torch.long)
    for number, block in enumerate(blocks):
        label[list(block)] = number
    mask = label[:, None] == label[None, :]
    zero = torch.zeros(len(precision), dtype=precision.dtype)
    q = MultivariateNormal(zero, precision_matrix=precision * mask)
    p = MultivariateNormal(zero, precision_matrix=precision)
    return q.covariance_matrix, kl_divergence(q, p)


# %% right conditionals: A block's covariance is that given all other latents, from the posterior's covariance.
import torch


def block_fit(precision, blocks):
    full = torch.linalg.inv(precision)
    covariance, gap = torch.zeros_like(full), 0.5 * torch.logdet(full)
    for block in blocks:
        rest = [i for i in range(len(full)) if i not in block]
        own = full[block][:, block]
        if rest:
            cross = full[block][:, rest]
            own = own - cross @ torch.linalg.solve(full[rest][:, rest], cross.T)
        for row, i in enumerate(block):
            covariance[i, block] = own[row]
        gap = gap - 0.5 * torch.logdet(own)
    return covariance, gap


# %% wrong marginals, from right formula: The posterior's covariance is cut into blocks.
# diagnosis: marginals
#-     kept = torch.zeros_like(precision)
#+     full, kept = precision, torch.zeros_like(precision)
#+     precision = torch.linalg.inv(full)
#@@
#-     gap = 0.5 * (torch.logdet(kept) - torch.logdet(precision))
#-     return torch.linalg.inv(kept), gap
#+     gap = 0.5 * (torch.logdet(kept) - torch.logdet(precision))
#+     return kept, gap


# %% wrong mean_field, from right masked: Every latent stands alone: blocks are ignored.
# diagnosis: blocks_ignored
#-     for number, block in enumerate(blocks):
#-         label[list(block)] = number
#+     label = torch.arange(len(precision))


# %% wrong precision_blocks, from right formula: The precision of q is returned.
# diagnosis: precision_returned
#-     return torch.linalg.inv(kept), gap
#+     return kept, gap


# %% wrong runs, from right formula: Blocks are taken for runs of neighbours.
# diagnosis: blocks_in_order
#-     for block in blocks:
#-         at = torch.tensor(block)
#+     start = 0
#+     for block in blocks:
#+         at = torch.arange(start, start + len(block))
#+         start += len(block)


# %% wrong other_kl, from right masked: The other divergence.
# diagnosis: other_kl
#-     return q.covariance_matrix, kl_divergence(q, p)
#+     other = MultivariateNormal(zero, torch.linalg.inv(precision) * mask)
#+     return q.covariance_matrix, kl_divergence(p, other)


# %% wrong marginal_gap, from right masked: The gap belongs to the q with the right marginals.
# diagnosis: gap_of_marginals
#-     return q.covariance_matrix, kl_divergence(q, p)
#+     other = MultivariateNormal(zero, torch.linalg.inv(precision) * mask)
#+     return q.covariance_matrix, kl_divergence(other, p)


# %% wrong no_half, from right formula: The half is lost.
# diagnosis: half_lost
#-     gap = 0.5 * (torch.logdet(kept) - torch.logdet(precision))
#+     gap = torch.logdet(kept) - torch.logdet(precision)


# %% wrong in_bits, from right loops: Base two.
# diagnosis: bits
#-     return [covariance, total / 2]
#+     return [covariance, total / 2 / np.log(2)]


# %% wrong turned, from right formula: The difference is taken the other way round.
# diagnosis: negative
#-     gap = 0.5 * (torch.logdet(kept) - torch.logdet(precision))
#+     gap = 0.5 * (torch.logdet(precision) - torch.logdet(kept))


# %% wrong forward_term, from right masked: KL(p || q) with the right q: it is not the gap of the ELBO.
# diagnosis: value
#-     return q.covariance_matrix, kl_divergence(q, p)
#+     return q.covariance_matrix, kl_divergence(p, q)
