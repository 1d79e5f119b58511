import torch
from torch import Tensor


def answer(kernel: Tensor, start: Tensor, h: Tensor, last: int, jensen: bool = False) -> tuple[Tensor, Tensor]:
    size = len(h)
    P = kernel.sum(3)[:, 0]                                                 # the first chain's own law, whatever the second does
    off = (~torch.eye(size, dtype=torch.bool)).to(h.dtype)
    moves = kernel.reshape(size**2, size**2)
    apart = moves * off.reshape(-1)[:, None] * off.reshape(-1)
    differ = ((h[:, None] - h) * off).reshape(-1)
    solve = torch.eye(size**2, dtype=h.dtype) - apart
    first = torch.linalg.solve(solve, differ)
    second = torch.linalg.solve(solve, differ**2 + 2 * differ * (apart @ first))
    wait = torch.linalg.solve(solve, off.reshape(-1))                       # pairs apart, now and later
    begin = (start @ P)[:, None] * start
    mean_tau = 1 + begin.reshape(-1) @ wait
    coming_1, coming_2 = moves @ first, moves @ second
    variances, costs = [], []
    ones, squares, cross = start @ h, start @ h**2, ((start * h) @ P)[:, None] * start
    mean = ones + begin.reshape(-1) @ first
    variances.append(squares + 2 * cross.reshape(-1) @ first + begin.reshape(-1) @ second - mean**2)
    costs.append(mean_tau - 1 + mean_tau)
    pair = begin.reshape(-1)
    tails = torch.ones((), dtype=h.dtype)                                   # P(tau > 0)
    total = mean_tau - tails                                                # the sum of P(tau > t) from t = k on
    for k in range(1, last + 1):
        ahead = h[:, None].expand(size, size).reshape(-1)
        mean = pair @ (ahead + coming_1)
        variances.append(pair @ (ahead**2 + 2 * ahead * coming_1 + coming_2) - mean**2)
        later = torch.clamp(mean_tau, min=float(k)) if jensen else k + total
        costs.append(mean_tau - 1 + later)
        total = total - (pair * off.reshape(-1)).sum()
        pair = pair @ moves
    return torch.stack(variances), torch.stack(costs)

# %% wrong later_of_the_means: the chain ahead goes on to the later of tau and k, and its mean is taken to be the later of E tau and k; the mean of a maximum is more
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    return answer(kernel, start, h, last, jensen=True)

# %% wrong two_alike: both chains have one law, so the coupling is taken to treat them alike, and the kernel is averaged with itself after the chains have changed places; a coupling need not
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    return answer(0.5 * (kernel + kernel.permute(1, 0, 3, 2)), start, h, last)

# %% wrong always_maximal: P is read off the kernel, and pairs are then moved by the maximal coupling of its rows, as in the exercises before; the kernel may be another coupling, with other meetings
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    P = kernel.sum(3)[:, 0]
    both = torch.minimum(P[:, None], P[None, :])
    left, below = P[:, None] - both, P[None, :] - both
    rest = left.sum(-1)[..., None, None]
    table = left[..., :, None] * below[..., None, :] / torch.where(rest > 1e-15, rest, torch.ones_like(rest))
    return answer(table + both.diag_embed(), start, h, last)
