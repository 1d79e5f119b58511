import torch
from torch import Tensor


def pairs(P: Tensor) -> Tensor:
    """Moves of pairs that are apart to pairs that are apart, maximally coupled, (S * S, S * S)."""
    size = len(P)
    both = torch.minimum(P[:, None], P[None, :])
    left, below = P[:, None] - both, P[None, :] - both
    rest = left.sum(-1)[..., None, None]
    table = left[..., :, None] * below[..., None, :] / torch.where(rest > 0, rest, torch.ones_like(rest))
    off = ~torch.eye(size, dtype=torch.bool)
    return (table * off * off[:, :, None, None]).reshape(size**2, size**2)


def follow(Q: Tensor, begin: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The tail from the law of the first pair, (S, S), and the mean."""
    size = len(begin)
    now = (begin * ~torch.eye(size, dtype=torch.bool)).reshape(-1)
    mean = 1 + now @ torch.linalg.solve(torch.eye(size**2, dtype=Q.dtype) - Q, torch.ones(size**2, dtype=Q.dtype))
    tail = [torch.ones((), dtype=Q.dtype)]
    for _ in range(steps):
        tail.append(now.sum())
        now = now @ Q
    return torch.stack(tail), mean


def slowest(Q: Tensor) -> Tensor:
    if not torch.linalg.matrix_power((Q > 0).to(Q.dtype), len(Q)).any():
        return torch.zeros((), dtype=Q.dtype)
    return torch.linalg.eigvals(Q).abs().max()

# %% wrong one_start_for_both: X_0 and Y_0 are drawn from the start once, so that X_1 is a move from where Y is; they are independent draws, which is the same if the start is a single state
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    Q = pairs(P)
    tail, mean = follow(Q, (start[:, None] * P).T, steps)
    return tail, slowest(Q), mean

# %% wrong power_iteration: the rate is the growth in the last of two hundred rounds of power iteration; where pairs move in cycles the growth goes up and down for ever, and where two rates are near it has not come to rest
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    Q = pairs(P)
    tail, mean = follow(Q, (start @ P)[:, None] * start, steps)
    v, rate = torch.ones(len(Q), dtype=Q.dtype), torch.zeros((), dtype=Q.dtype)
    for _ in range(200):
        w = Q @ v
        rate = w.sum() / v.sum()
        if w.sum() == 0:
            break
        v = w / w.sum()
    return tail, rate, mean

# %% wrong seen_from_the_start: the rate is that of the pairs which can be reached from this start; the statement asks for the pairs from which the tail falls slowest, wherever the two begin
def meeting_tail(P: Tensor, start: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    Q, begin = pairs(P), (start @ P)[:, None] * start
    tail, mean = follow(Q, begin, steps)
    reached = (begin * ~torch.eye(len(P), dtype=torch.bool)).reshape(-1) > 0
    for _ in range(len(Q)):
        reached = reached | ((reached.to(Q.dtype) @ Q) > 0)
    return tail, slowest(Q * reached[:, None] * reached), mean
