import math

import torch
from torch import Tensor

# %% right classes_of_pairs: pairs as a dictionary walked in plain Python; the rate is the largest over the classes of pairs that can come back to each other
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    P, start, size = P.double(), start.double(), len(P)
    pairs = [(x, y) for x in range(size) for y in range(size) if x != y]
    T = torch.zeros(len(pairs), len(pairs), dtype=torch.float64)
    for row, (x, y) in enumerate(pairs):
        over, under = (P[x] - P[y]).clamp_min(0), (P[y] - P[x]).clamp_min(0)
        missing = float(over.sum())
        if missing > 0:
            T[row] = torch.stack([over[a] * under[b] for a, b in pairs]) / missing
    first = start @ P
    law = torch.stack([first[a] * start[b] for a, b in pairs])

    tail, now = [torch.ones((), dtype=torch.float64)], law
    for _ in range(steps):
        tail.append(now.sum())
        now = now @ T
    mean = 1 + law @ torch.linalg.solve(torch.eye(len(pairs), dtype=torch.float64) - T, torch.ones(len(pairs), dtype=torch.float64))

    reach = (T > 0).double()
    for _ in range(max(1, math.ceil(math.log2(len(pairs) + 1))) + 1):
        reach = ((reach + reach @ reach) > 0).double()
    together = (reach * reach.mT) > 0
    rate = 0.0
    for row in range(len(pairs)):
        if together[row, row]:
            members = together[row].nonzero()[:, 0]
            rate = max(rate, float(torch.linalg.eigvals(T[members][:, members]).abs().max()))
    return torch.stack(tail), torch.tensor(rate, dtype=torch.float64), mean

# %% wrong last_ratio: reads the rate off the last two numbers of the tail, which need not be in the long run yet, and know only pairs that the start reaches
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    S = len(P)
    both = torch.minimum(P[:, None], P[None])
    left, right, missing = P[:, None] - both, P[None] - both, 1 - both.sum(-1)
    table = left.unsqueeze(-1) * right.unsqueeze(-2) / torch.where(missing > 1e-14, missing, torch.ones_like(missing))[..., None, None]
    apart = 1 - torch.eye(S, dtype=P.dtype).flatten()
    T = table.reshape(S * S, S * S) * apart * apart[:, None]
    law = torch.outer(start @ P, start).flatten() * apart
    tail, now = [torch.ones((), dtype=P.dtype)], law
    for _ in range(max(steps, 2)):
        tail.append(now.sum())
        now = now @ T
    mean = 1 + law @ torch.linalg.solve(torch.eye(S * S, dtype=P.dtype) - T, apart)
    rate = tail[-1] / tail[-2] if tail[-2] > 0 else torch.zeros((), dtype=P.dtype)
    return torch.stack(tail[: steps + 1]), rate, mean

# %% wrong reachable_pairs: takes the slowest rate among the pairs that can come up from this start, instead of among all pairs of states
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    S = len(P)
    both = torch.minimum(P[:, None], P[None])
    left, right, missing = P[:, None] - both, P[None] - both, 1 - both.sum(-1)
    table = left.unsqueeze(-1) * right.unsqueeze(-2) / torch.where(missing > 1e-14, missing, torch.ones_like(missing))[..., None, None]
    apart = 1 - torch.eye(S, dtype=P.dtype).flatten()
    T = table.reshape(S * S, S * S) * apart * apart[:, None]
    law = torch.outer(start @ P, start).flatten() * apart
    tail, now, reached = [torch.ones((), dtype=P.dtype)], law, law > 0
    for _ in range(steps):
        tail.append(now.sum())
        now = now @ T
    for _ in range(S * S):
        reached = reached | (reached.to(P.dtype) @ (T > 0).to(P.dtype) > 0)
    mean = 1 + law @ torch.linalg.solve(torch.eye(S * S, dtype=P.dtype) - T, apart)
    within = T[reached][:, reached]
    rate = torch.linalg.eigvals(within).abs().max() if len(within) else torch.zeros((), dtype=P.dtype)
    return torch.stack(tail), rate, mean

# %% wrong one_start: lets both chains begin in one draw from the start, X_1 being a move away from Y_0; the same if the start is a single state
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    S = len(P)
    both = torch.minimum(P[:, None], P[None])
    left, right, missing = P[:, None] - both, P[None] - both, 1 - both.sum(-1)
    table = left.unsqueeze(-1) * right.unsqueeze(-2) / torch.where(missing > 1e-14, missing, torch.ones_like(missing))[..., None, None]
    apart = 1 - torch.eye(S, dtype=P.dtype).flatten()
    T = table.reshape(S * S, S * S) * apart * apart[:, None]
    law = (start[:, None] * P).T.flatten() * apart
    tail, now = [torch.ones((), dtype=P.dtype)], law
    for _ in range(steps):
        tail.append(now.sum())
        now = now @ T
    mean = 1 + law @ torch.linalg.solve(torch.eye(S * S, dtype=P.dtype) - T, apart)
    return torch.stack(tail), torch.linalg.eigvals(T).abs().max(), mean

# %% wrong pairs_by_one_uniform: moves pairs that are apart by one uniform through both rows, which for two states is the maximal coupling and for more is not
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    S = len(P)
    F = P.cumsum(-1)
    top = torch.minimum(F[:, None, :, None], F[None, :, None, :])
    low = torch.maximum((F - P)[:, None, :, None], (F - P)[None, :, None, :])
    table = (top - low).clamp(min=0)
    apart = 1 - torch.eye(S, dtype=P.dtype).flatten()
    T = table.reshape(S * S, S * S) * apart * apart[:, None]
    law = torch.outer(start @ P, start).flatten() * apart
    tail, now = [torch.ones((), dtype=P.dtype)], law
    for _ in range(steps):
        tail.append(now.sum())
        now = now @ T
    mean = 1 + law @ torch.linalg.pinv(torch.eye(S * S, dtype=P.dtype) - T) @ apart
    return torch.stack(tail), torch.linalg.eigvals(T).abs().max(), mean
