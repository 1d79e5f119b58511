import math

import torch
from torch import Tensor

# %% right one_cholesky: one factor of the covariance of context and targets; the rows within a block's columns are all that is left of the block
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    inputs = torch.cat([context, targets]).double()
    kernel = torch.exp(-0.5 * torch.cdist(inputs[:, None], inputs[:, None], compute_mode="donot_use_mm_for_euclid_dist").square() / lengthscale**2)
    kernel.diagonal().add_((noise / scale) ** 2)
    factor = torch.linalg.cholesky(kernel)[len(context):, len(context):]
    turn = torch.arange(len(targets)) // block
    left = factor.masked_fill(turn[:, None] != turn, 0)
    variances = torch.einsum("ij,ij->i", left, left)
    short = 0.5 * variances.log().sum() - factor.diagonal().log().sum()
    return variances * scale**2, short

# %% wrong equal_chunks: cuts the targets into the right number of blocks of nearly equal size, instead of full blocks and a smaller last one
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    def k(u: Tensor, v: Tensor) -> Tensor:
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    known, variances, short = context, [], torch.zeros((), dtype=targets.dtype)
    for part in torch.tensor_split(targets, math.ceil(len(targets) / block)):
        noisy = k(known, known) + noise**2 * torch.eye(len(known), dtype=targets.dtype)
        left = k(part, part) + noise**2 * torch.eye(len(part), dtype=targets.dtype)
        if len(known):
            left = left - k(part, known) @ torch.linalg.solve(noisy, k(known, part))
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.linalg.slogdet(left)[1])
        known = torch.cat([known, part])
    return torch.cat(variances), short

# %% wrong log_of_determinant: computes determinants and then takes logarithms, which underflows for many targets on a small scale
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    def k(u: Tensor, v: Tensor) -> Tensor:
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    known, variances, short = context, [], torch.zeros((), dtype=targets.dtype)
    for part in targets.split(block):
        noisy = k(known, known) + noise**2 * torch.eye(len(known), dtype=targets.dtype)
        left = k(part, part) + noise**2 * torch.eye(len(part), dtype=targets.dtype)
        if len(known):
            left = left - k(part, known) @ torch.linalg.solve(noisy, k(known, part))
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().prod() / torch.linalg.det(left)).log()
        known = torch.cat([known, part])
    return torch.cat(variances), short

# %% wrong from_left_to_right: sorts the targets by their inputs before cutting blocks, and unsorts the variances; the blocks go in the order given
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    def k(u: Tensor, v: Tensor) -> Tensor:
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    ordered, order = targets.sort()
    known, variances, short = context, [], torch.zeros((), dtype=targets.dtype)
    for part in ordered.split(block):
        noisy = k(known, known) + noise**2 * torch.eye(len(known), dtype=targets.dtype)
        left = k(part, part) + noise**2 * torch.eye(len(part), dtype=targets.dtype)
        if len(known):
            left = left - k(part, known) @ torch.linalg.solve(noisy, k(known, part))
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.linalg.slogdet(left)[1])
        known = torch.cat([known, part])
    return torch.cat(variances)[order.argsort()], short

# %% wrong shown_without_noise: treats targets that were shown as the function's own values, though what is shown is seen with noise like the context
def shortfall(context: Tensor, targets: Tensor, lengthscale: float, scale: float, noise: float, block: int) -> tuple[Tensor, Tensor]:
    def k(u: Tensor, v: Tensor) -> Tensor:
        return scale**2 * torch.exp(-0.5 * ((u[:, None] - v) / lengthscale) ** 2)

    variances, short = [], torch.zeros((), dtype=targets.dtype)
    for begin in range(0, len(targets), block):
        part, known = targets[begin : begin + block], torch.cat([context, targets[:begin]])
        extra = torch.cat([torch.full_like(context, noise**2), torch.full_like(targets[:begin], 1e-8 * scale**2)])
        left = k(part, part) + noise**2 * torch.eye(len(part), dtype=targets.dtype)
        if len(known):
            left = left - k(part, known) @ torch.linalg.solve(k(known, known) + torch.diag(extra), k(known, part))
        variances.append(left.diagonal())
        short = short + 0.5 * (left.diagonal().log().sum() - torch.linalg.slogdet(left)[1])
    return torch.cat(variances), short
