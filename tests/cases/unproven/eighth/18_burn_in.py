import math

import torch
from torch import Tensor

# %% right second_derivative_of_a_logarithm: the cumulant generating function of H_k by one linear system, and its second derivative at zero by torch.func
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    from torch.func import jacfwd, jacrev

    kernel, start, h = kernel.detach().double(), start.detach().double(), h.detach().double()
    size = len(h)
    P = kernel.diagonal(dim1=0, dim2=1).sum(1).mT
    K = kernel.reshape(size**2, size**2)
    apart = (1 - torch.eye(size, dtype=torch.float64)).flatten()
    T, meets = K * apart * apart[:, None], (K * (1 - apart)).sum(1) * apart
    eye = torch.eye(size**2, dtype=torch.float64)
    h = h - torch.linalg.matrix_power(P, 64)[0] @ h
    off, here = (h[:, None] - h).flatten(), h.repeat_interleave(size)

    laws = [torch.outer(start @ P, start).flatten()]
    for _ in range(last):
        laws.append(laws[-1] @ K)
    laws = torch.stack(laws)

    def cumulants(s: Tensor) -> Tensor:
        lift = torch.exp(s * off) * apart
        still = torch.linalg.solve(eye - lift[:, None] * T, lift * meets)
        still = still + (1 - apart)
        first = torch.einsum("x,y,xa,ay->", start * torch.exp(s * h), start, P, still.view(size, size))
        later = laws[:last] @ (torch.exp(s * here) * (K @ still))
        return torch.cat([first.reshape(1), later]).log()

    variance = jacfwd(jacrev(cumulants))(torch.zeros((), dtype=torch.float64))
    tails = laws @ torch.linalg.solve(eye - T, apart)
    mean = 1 + tails[0]
    left = torch.cat([mean.reshape(1), tails[:last]])
    return variance, mean - 1 + torch.arange(last + 1) + left

# %% wrong uncorrelated_differences: adds the squares of the differences to come, without the products of two of them
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    S = len(h)
    K, apart = kernel.reshape(S * S, S * S), (1 - torch.eye(S, dtype=h.dtype)).flatten()
    P = torch.stack([kernel[x, x].sum(1) for x in range(S)])
    inverse = torch.linalg.inv(torch.eye(S * S, dtype=h.dtype) - K * apart * apart[:, None])
    d, left = (h[:, None] - h).flatten(), h.repeat_interleave(S)
    M = inverse @ (d * apart)
    W = inverse @ (d**2 * apart)
    law, first = torch.outer(start @ P, start).flatten(), start @ P
    ones = inverse @ apart
    tau = 1 + law @ ones
    pair = torch.einsum("x,y,xa->xay", start, start, P)
    Mm, Wm = M.view(S, S), W.view(S, S)
    mean = (pair * (h[:, None, None] + Mm)).sum()
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * Mm + Wm)).sum()
    variance, cost = [second - mean**2], [2 * tau - 1]
    for k in range(1, last + 1):
        m, w = K @ M, K @ W
        variance.append(law @ (left**2 + 2 * left * m + w) - (law @ (left + m)) ** 2)
        cost.append(tau - 1 + k + law @ ones)
        law = law @ K
    return torch.stack(variance), torch.stack(cost)

# %% wrong larger_of_two_means: puts the mean of tau into the formula for the cost, the larger of 2 tau - 1 and tau + k - 1; the mean of a maximum is more
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    S = len(h)
    K, apart = kernel.reshape(S * S, S * S), (1 - torch.eye(S, dtype=h.dtype)).flatten()
    P = torch.stack([kernel[x, x].sum(1) for x in range(S)])
    inverse = torch.linalg.inv(torch.eye(S * S, dtype=h.dtype) - K * apart * apart[:, None])
    d, left = (h[:, None] - h).flatten(), h.repeat_interleave(S)
    M = inverse @ (d * apart)
    W = inverse @ ((d**2 + 2 * d * ((K * apart) @ M)) * apart)
    law = torch.outer(start @ P, start).flatten()
    tau = 1 + law @ inverse @ apart
    pair = torch.einsum("x,y,xa->xay", start, start, P)
    Mm, Wm = M.view(S, S), W.view(S, S)
    mean = (pair * (h[:, None, None] + Mm)).sum()
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * Mm + Wm)).sum()
    variance = [second - mean**2]
    for _ in range(last):
        m, w = K @ M, K @ W
        variance.append(law @ (left**2 + 2 * left * m + w) - (law @ (left + m)) ** 2)
        law = law @ K
    return torch.stack(variance), torch.maximum(2 * tau - 1, tau + torch.arange(last + 1) - 1)

# %% wrong one_start: begins both chains in one and the same draw from the start, the same thing only where the start is a single state
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    S = len(h)
    K, apart = kernel.reshape(S * S, S * S), (1 - torch.eye(S, dtype=h.dtype)).flatten()
    P = torch.stack([kernel[x, x].sum(1) for x in range(S)])
    inverse = torch.linalg.inv(torch.eye(S * S, dtype=h.dtype) - K * apart * apart[:, None])
    d, left = (h[:, None] - h).flatten(), h.repeat_interleave(S)
    M = inverse @ (d * apart)
    W = inverse @ ((d**2 + 2 * d * ((K * apart) @ M)) * apart)
    ones = inverse @ apart
    law = (start[:, None] * P).T.flatten()
    tau = 1 + law @ ones
    pair = start[:, None] * P
    Mm, Wm = M.view(S, S).T, W.view(S, S).T
    mean = (pair * (h[:, None] + Mm)).sum()
    second = (pair * (h[:, None] ** 2 + 2 * h[:, None] * Mm + Wm)).sum()
    variance, cost = [second - mean**2], [2 * tau - 1]
    for k in range(1, last + 1):
        m, w = K @ M, K @ W
        variance.append(law @ (left**2 + 2 * left * m + w) - (law @ (left + m)) ** 2)
        cost.append(tau - 1 + k + law @ ones)
        law = law @ K
    return torch.stack(variance), torch.stack(cost)

# %% wrong about_the_plain_mean: subtracts the square of the mean of h at time k, the plain chain's, from the mean square of H_k, whose mean is the stationary one
def variance_and_cost(kernel: Tensor, start: Tensor, h: Tensor, last: int) -> tuple[Tensor, Tensor]:
    S = len(h)
    K, apart = kernel.reshape(S * S, S * S), (1 - torch.eye(S, dtype=h.dtype)).flatten()
    P = torch.stack([kernel[x, x].sum(1) for x in range(S)])
    inverse = torch.linalg.inv(torch.eye(S * S, dtype=h.dtype) - K * apart * apart[:, None])
    d, left = (h[:, None] - h).flatten(), h.repeat_interleave(S)
    M = inverse @ (d * apart)
    W = inverse @ ((d**2 + 2 * d * ((K * apart) @ M)) * apart)
    ones = inverse @ apart
    law = torch.outer(start @ P, start).flatten()
    tau = 1 + law @ ones
    pair = torch.einsum("x,y,xa->xay", start, start, P)
    Mm, Wm = M.view(S, S), W.view(S, S)
    second = (pair * (h[:, None, None] ** 2 + 2 * h[:, None, None] * Mm + Wm)).sum()
    variance, cost = [second - (start @ h) ** 2], [2 * tau - 1]
    for k in range(1, last + 1):
        m, w = K @ M, K @ W
        variance.append(law @ (left**2 + 2 * left * m + w) - (law @ left) ** 2)
        cost.append(tau - 1 + k + law @ ones)
        law = law @ K
    return torch.stack(variance), torch.stack(cost)
