import itertools
import math

import torch
from torch import Tensor

# %% right likelihood_of_the_meetings: the multinomial log-likelihood of how many pairs met at each step, and the likeliest of the six orders
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    names = ("maximal", "common uniform", "wrong marginal")

    def joint(name: str, p: list[float], q: list[float]) -> list[list[float]]:
        size = range(len(p))
        both = [min(a, b) for a, b in zip(p, q, strict=True)]
        if name == "common uniform":
            P, Q = ([0.0, *itertools.accumulate(law)] for law in (p, q))
            return [[max(0.0, min(P[i + 1], Q[j + 1]) - max(P[i], Q[j])) for j in size] for i in size]
        missing = 1 - sum(both)
        other = q if name == "wrong marginal" else [(b - o) / missing if missing > 1e-12 else 0.0 for b, o in zip(q, both, strict=True)]
        return [[(p[i] - both[i]) * other[j] + (both[i] if i == j else 0.0) for j in size] for i in size]

    def fits(person: int, name: str) -> float:
        rows = moves[person].double().tolist()
        counts = [10_000.0, *map(float, apart[person])]
        law, left, score = {tuple(int(s) for s in pair[person]): 1.0}, 1.0, 0.0
        for before, after in itertools.pairwise(counts):
            new: dict[tuple[int, int], float] = {}
            for (x, y), chance in law.items():
                for i, row in enumerate(joint(name, rows[x], rows[y])):
                    for j, value in enumerate(row):
                        if i != j:
                            new[i, j] = new.get((i, j), 0.0) + chance * value
            stay = sum(new.values())
            score += (before - after) * math.log(max(left - stay, 1e-300))
            law, left = new, stay
        return score + counts[-1] * math.log(max(left, 1e-300))

    table = [{name: fits(person, name) for name in names} for person in range(3)]
    return list(max(itertools.permutations(names), key=lambda order: sum(row[name] for row, name in zip(table, order, strict=True))))

# %% wrong ranked_by_speed: ranks the persons by how many met in the first step beyond what the overlap of their rows would give
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    rows = [(moves[i][int(pair[i, 0])], moves[i][int(pair[i, 1])]) for i in range(3)]
    total = torch.stack([0.5 * (p - q).abs().sum() for p, q in rows])
    order = (apart.double().sum(1) / total).argsort().tolist()
    names = [""] * 3
    for name, person in zip(("wrong marginal", "maximal", "common uniform"), order, strict=True):
        names[person] = name
    return names

# %% wrong power_of_the_first_step: predicts all six steps as powers of the chance to stay apart in the first, as if the pair that is left were the pair that began
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    cost = torch.zeros(3, 3, dtype=torch.float64)
    for i in range(3):
        p, q = moves[i][int(pair[i, 0])].double(), moves[i][int(pair[i, 1])].double()
        both = torch.minimum(p, q)
        P, Q = p.cumsum(0), q.cumsum(0)
        stay = (
            1 - both.sum(),
            1 - (torch.minimum(P, Q) - torch.maximum(P - p, Q - q)).clamp(min=0).sum(),
            1 - both.sum() - ((p - both) * q).sum(),
        )
        for j, s in enumerate(stay):
            expected = s ** torch.arange(1, 7, dtype=torch.float64)
            cost[i, j] = ((apart[i] - 1e4 * expected) ** 2 / (1e4 * expected * (1 - expected) + 1)).sum()
    names = ("maximal", "common uniform", "wrong marginal")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong one_move_ahead: lets the first chain make a move of its own before the pair begins, as in the rest of this set; here both begin at once, without a lag
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    cost = torch.zeros(3, 3, dtype=torch.float64)
    for i in range(3):
        P, S = moves[i].double(), moves.shape[-1]
        off = 1 - torch.eye(S, dtype=torch.float64)
        p, q = P[:, None], P[None]
        both = torch.minimum(p, q)
        missing = 1 - both.sum(-1)
        safe = torch.where(missing > 1e-12, missing, torch.ones_like(missing))[..., None]
        F, G = p.cumsum(-1), q.cumsum(-1)
        tables = (
            torch.diag_embed(both) + (p - both)[..., None] * ((q - both) / safe)[..., None, :],
            (torch.minimum(F[..., None], G[..., None, :]) - torch.maximum((F - p)[..., None], (G - q)[..., None, :])).clamp(min=0),
            torch.diag_embed(both) + (p - both)[..., None] * q[..., None, :],
        )
        for j, table in enumerate(tables):
            law = torch.zeros(S, S, dtype=torch.float64)
            law[:, int(pair[i, 1])] = P[int(pair[i, 0])]
            law = law * off
            for step in range(6):
                s = law.sum()
                cost[i, j] += (apart[i, step] - 1e4 * s) ** 2 / (1e4 * s * (1 - s) + 1)
                law = torch.einsum("xy,xyab->ab", law, table) * off
    names = ("maximal", "common uniform", "wrong marginal")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong within_one_error: calls a person maximal if all six counts lie within one standard error of that prediction, and decides by more or fewer apart if not
def name_them(moves: Tensor, pair: Tensor, apart: Tensor) -> list[str]:
    names = []
    for i in range(3):
        P, S = moves[i].double(), moves.shape[-1]
        off = 1 - torch.eye(S, dtype=torch.float64)
        p, q = P[:, None], P[None]
        both = torch.minimum(p, q)
        missing = 1 - both.sum(-1)
        safe = torch.where(missing > 1e-12, missing, torch.ones_like(missing))[..., None]
        table = (p - both)[..., None] * ((q - both) / safe)[..., None, :]
        law = torch.zeros(S, S, dtype=torch.float64)
        law[int(pair[i, 0]), int(pair[i, 1])] = 1
        miss = []
        for step in range(6):
            law = torch.einsum("xy,xyab->ab", law, table) * off
            s = law.sum()
            miss.append((apart[i, step] - 1e4 * s) / (1e4 * s * (1 - s) + 1).sqrt())
        miss = torch.stack(miss)
        names.append("maximal" if bool((miss.abs() <= 1).all()) else "common uniform" if miss.mean() > 0 else "wrong marginal")
    return names
