import torch
from torch import Tensor


def inside(precision, blocks, jitter=0.0):
    """The covariance of the best q, block by block at its places."""
    covariance = torch.zeros_like(precision)
    for block in blocks:
        at = torch.tensor(block)
        own = precision[at[:, None], at]
        covariance[at[:, None], at] = torch.linalg.inv(own + jitter * torch.eye(len(at), dtype=own.dtype))
    return covariance

# %% right masked_precision: the precision times a mask of equal blocks is the precision of the best q, so the gap is a difference of two log-determinants
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    member = precision.new_zeros(len(precision), len(blocks))
    for number, block in enumerate(blocks):
        member[list(block), number] = 1.0
    mask = torch.einsum("ib,jb->ij", member, member)
    own = precision * mask
    gap = 0.5 * (torch.linalg.slogdet(own).logabsdet - torch.linalg.slogdet(precision).logabsdet)
    return torch.linalg.inv(own) * mask, gap

# %% wrong the_other_divergence: the covariance is that of the best q, and the gap is KL(p || q) of it, with the roles of the two exchanged
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    best = inside(precision, blocks)
    posterior = torch.linalg.inv(precision)
    ratio = torch.linalg.solve(best, posterior)
    return best, 0.5 * (ratio.diagonal().sum() - len(precision) - torch.logdet(ratio))

# %% wrong blocks_in_a_row: sets the blocks side by side on the diagonal, in the order of the list, and forgets where their latents stand; right for neighbours in order
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    parts = [precision[torch.tensor(block)[:, None], torch.tensor(block)] for block in blocks]
    covariance = torch.block_diag(*(torch.linalg.inv(part) for part in parts))
    gap = 0.5 * (sum(torch.logdet(part) for part in parts) - torch.logdet(precision))
    return covariance, gap

# %% wrong a_jitter: adds 1e-5 to the diagonal of each block before it inverts, a habit from Gaussian processes: nothing for large precisions, and a lot for small ones
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    best = inside(precision, blocks, jitter=1e-5)
    return best, 0.5 * (-torch.logdet(best) - torch.logdet(precision))

# %% wrong posterior_correlations: takes mean field's variances, one over the diagonal of the precision, and the posterior's own correlations inside each block; right for blocks of one
def block_fit(precision: Tensor, blocks: list[list[int]]) -> tuple[Tensor, Tensor]:
    posterior = torch.linalg.inv(precision)
    scale = (precision.diagonal() * posterior.diagonal()).rsqrt()
    covariance = torch.zeros_like(precision)
    for block in blocks:
        at = torch.tensor(block)
        covariance[at[:, None], at] = (posterior * scale.outer(scale))[at[:, None], at]
    trace = (precision * covariance).sum()
    return covariance, 0.5 * (trace - len(precision) - torch.logdet(covariance) - torch.logdet(precision))
