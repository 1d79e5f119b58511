import itertools

import torch
from torch import Tensor

NAMES = ("maximal", "common uniform", "wrong marginal")


def table(p: Tensor, q: Tensor, name: str, apart_only: bool = False) -> Tensor:
    both = torch.minimum(p, q)
    if name == "common uniform":
        a, b = p.cumsum(0), q.cumsum(0)
        return (torch.minimum(a[:, None], b) - torch.maximum((a - p)[:, None], b - q)).clamp(min=0)
    left, rest = p - both, (p - both).sum()
    if name == "maximal":
        return both.diag() + (left[:, None] * (q - both) / rest if rest > 0 else 0.0)
    if apart_only:
        other = q * (1 - torch.eye(len(q), dtype=q.dtype))
        return both.diag() + left[:, None] * other / other.sum(1, keepdim=True).clamp(min=1e-300)
    return both.diag() + left[:, None] * q


def predicted(P: Tensor, pair: Tensor, name: str, apart_only: bool = False) -> Tensor:
    """The chances not to have met by steps 1 to 6."""
    size = len(P)
    now, out = torch.zeros(size, size, dtype=P.dtype), []
    now[int(pair[0]), int(pair[1])] = 1.0
    for _ in range(6):
        after = torch.zeros_like(now)
        for x in range(size):
            for y in range(size):
                if x != y and now[x, y] > 0:
                    after += now[x, y] * table(P[x], P[y], name, apart_only)
        now = after * (1 - torch.eye(size, dtype=P.dtype))
        out.append(now.sum())
    return torch.stack(out)


def best_order(cost: list[list[float]]) -> list[str]:
    return list(min((order for order in itertools.permutations(NAMES)), key=lambda order: sum(cost[i][NAMES.index(n)] for i, n in enumerate(order))))


def squares(apart: Tensor, chance: Tensor) -> float:
    error = (1e4 * chance * (1 - chance)).sqrt() + 0.5
    return float(((apart.to(chance.dtype) - 1e4 * chance) / error).square().sum())

# %% wrong first_step: each person's first count is compared with what the three couplings predict for it; two of them may meet equally often in the first step and part later
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    return best_order([[squares(apart[i, :1], predicted(moves[i], pair[i], name)[:1]) for name in NAMES] for i in range(3)])

# %% wrong never_by_chance: in the wrong coupling j is drawn from all of q, but not at i, as the two did not meet; all of q has i in it, and the pairs that meet by that chance are what makes this coupling fast
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    return best_order([[squares(apart[i], predicted(moves[i], pair[i], name, True)) for name in NAMES] for i in range(3)])

# %% wrong one_pair_for_ever: the chance to meet is that of the pair they began from, at every step, so that the counts fall by one factor; pairs move
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    power = torch.arange(1, 7, dtype=moves.dtype)
    return best_order([[squares(apart[i], predicted(moves[i], pair[i], name)[0] ** power) for name in NAMES] for i in range(3)])
