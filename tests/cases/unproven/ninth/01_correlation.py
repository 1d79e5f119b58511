import math

import torch
from torch import Tensor

# %% wrong one_minus_the_head: takes the chance of tails as one minus that of heads, which keeps no digit of tails when an intercept is 35 or more
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-8.5, 8.5, 17001, dtype=torch.float64)
    weight = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)                                # (coin, outcome, z)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], weight)
    p_one, p_two = (p * weight).sum(-1)
    cov = table[1, 1] - p_one * p_two
    return table, cov / (p_one * (1 - p_one) * p_two * (1 - p_two)).sqrt()


# %% wrong equal_mass_points: puts a thousand points at the middle quantiles of the normal, each with the same weight; dense in the middle, but the tails are cut and four digits are what one gets
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    u = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    z = math.sqrt(2) * torch.erfinv(2 * u - 1)
    logits = intercepts[:, None] + slopes[:, None] * z
    both = torch.stack([torch.sigmoid(-logits), torch.sigmoid(logits)], 1)
    table = torch.einsum("iz,jz->ij", both[0], both[1]) / 1000
    p_one, p_two = table[1].sum(), table[:, 1].sum()
    cov = table[1, 1] - p_one * p_two
    return table, cov / (p_one * table[0].sum() * p_two * table[:, 0].sum()).sqrt()


# %% wrong correlation_from_chi_square: the phi coefficient as the root of chi-square over n, which has lost the sign when the slopes point in opposite directions
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-9, 9, 18001, dtype=torch.float64)
    weight = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    logits = intercepts[:, None] + slopes[:, None] * z
    both = torch.stack([torch.sigmoid(-logits), torch.sigmoid(logits)], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], weight)
    independent = torch.outer(table.sum(1), table.sum(0))
    return table, ((table - independent).square() / independent).sum().sqrt()
