# %% right chi_square: Exact survival under each coupling, squared distances in standard errors, the best of six orders.
import itertools

import torch


def table(p, q, name):
    both = torch.minimum(p, q)
    if name == "common uniform":
        F, G = p.cumsum(0), q.cumsum(0)
        return (torch.minimum(F[:, None], G) - torch.maximum((F - p)[:, None], G - q)).clamp_min(0)
    left = (p - both).sum()
    if name == "maximal" and left > 0:
        return torch.diag(both) + torch.outer(p - both, q - both) / left
    return torch.diag(both) + torch.outer(p - both, q)


def survival(P, pair, name, steps):
    S = len(P)
    law = torch.zeros(S, S, dtype=torch.float64)
    law[int(pair[0]), int(pair[1])] = 1
    found = []
    for _ in range(steps):
        new = torch.zeros_like(law)
        for a in range(S):
            for b in range(S):
                if a != b:
                    new += law[a, b] * table(P[a], P[b], name)
        law = new * (1 - torch.eye(S, dtype=torch.float64))
        found.append(law.sum())
    return torch.stack(found)


def name_them(moves, pair, apart):
    names = ["maximal", "common uniform", "wrong marginal"]
    off = {}
    for i in range(3):
        for name in names:
            chance = survival(moves[i], pair[i], name, apart.shape[1])
            spread = (chance * (1 - chance) / 10_000).clamp_min(1e-9)
            off[i, name] = float(((apart[i] / 10_000 - chance) ** 2 / spread).sum())
    return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))


# %% right likelihood: Log-likelihoods of the meeting times, in NumPy.
import itertools

import numpy as np


def kernel(P, name):
    S = len(P)
    K = np.zeros((S, S, S, S))
    for a in range(S):
        for b in range(S):
            p, q = P[a], P[b]
            if name == "common uniform":
                cuts = np.unique(np.concatenate([[0.0], p.cumsum(), q.cumsum()]).clip(0, 1))
                for low, high in zip(cuts, cuts[1:]):
                    middle = (low + high) / 2
                    i = min(np.searchsorted(p.cumsum(), middle), S - 1)
                    j = min(np.searchsorted(q.cumsum(), middle), S - 1)
                    K[a, b, i, j] += high - low
            else:
                rest_p, rest_q = np.maximum(p - q, 0), np.maximum(q - p, 0)
                last = q if name == "wrong marginal" else rest_q / max(rest_q.sum(), 1e-300)
                K[a, b] = np.diag(np.minimum(p, q)) + np.outer(rest_p, last)
    return K


def name_them(moves, pair, apart):
    names = ("maximal", "common uniform", "wrong marginal")
    moves, pair, apart = (np.asarray(part) for part in (moves, pair, apart))
    score = np.zeros((3, 3))
    for i in range(3):
        S = moves.shape[-1]
        left = np.concatenate([[10_000], apart[i]])
        counts = np.append(left[:-1] - left[1:], left[-1])
        for n, name in enumerate(names):
            K = kernel(moves[i], name)
            law = np.zeros((S, S))
            law[pair[i, 0], pair[i, 1]] = 1
            tail = [1.0]
            for _ in range(apart.shape[1]):
                law = np.einsum("ab,abcd->cd", law, K) * (1 - np.eye(S))
                tail.append(law.sum())
            chances = np.append(-np.diff(tail), tail[-1]).clip(1e-12)
            score[i, n] = counts @ np.log(chances)
    best = max(itertools.permutations(range(3)), key=lambda order: sum(score[i, n] for i, n in enumerate(order)))
    return [names[n] for n in best]


# %% right worst_step: The largest deviation over the steps, in standard errors.
import itertools

import torch


def laws(p, q):
    low = torch.minimum(p, q)
    up, down = p - low, q - low
    tv = up.sum(-1)[..., None, None].clamp_min(1e-300)
    F, G = p.cumsum(-1), q.cumsum(-1)
    common = (torch.minimum(F[..., :, None], G[..., None, :]) - torch.maximum((F - p)[..., :, None], (G - q)[..., None, :])).relu()
    diagonal = torch.diag_embed(low)
    return {
        "maximal": diagonal + up[..., :, None] * down[..., None, :] / tv,
        "common uniform": common,
        "wrong marginal": diagonal + up[..., :, None] * q[..., None, :],
    }


def name_them(moves, pair, apart):
    S = moves.shape[-1]
    off = 1 - torch.eye(S, dtype=moves.dtype)
    distance = []
    for P, (x, y), counts in zip(moves, pair.tolist(), apart):
        row = {}
        for name, K in laws(P[:, None].expand(S, S, S), P[None].expand(S, S, S)).items():
            law = torch.zeros(S, S, dtype=moves.dtype)
            law[x, y] = 1
            worst = 0.0
            for count in counts.tolist():
                law = torch.einsum("ab,abcd->cd", law, K) * off
                chance = float(law.sum())
                worst = max(worst, abs(count - 10_000 * chance) / (10_000 * chance * (1 - chance) + 1) ** 0.5)
            row[name] = worst
        distance.append(row)
    names = list(distance[0])
    return list(min(itertools.permutations(names), key=lambda order: sum(distance[i][name] ** 2 for i, name in enumerate(order))))


# %% wrong soonest, from right chi_square: Who meets soonest is wrong, who meets last has the common uniform.
# diagnosis: property or maximal_for_wrong_marginal or common_uniform_for_wrong_marginal or common_uniform_for_maximal
#-     return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))
#+     order = apart[:, -1].argsort().tolist()
#+     found = [""] * 3
#+     for place, name in zip(order, ["wrong marginal", "maximal", "common uniform"]):
#+         found[place] = name
#+     return found


# %% wrong first_soonest, from right chi_square: The same by the first step.
# diagnosis: property or maximal_for_wrong_marginal or common_uniform_for_wrong_marginal or common_uniform_for_maximal
#-     return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))
#+     order = apart[:, 0].argsort().tolist()
#+     found = [""] * 3
#+     for place, name in zip(order, ["wrong marginal", "maximal", "common uniform"]):
#+         found[place] = name
#+     return found


# %% wrong one_order, from right chi_square: Always the same order.
# diagnosis: always_the_same
#-     return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))
#+     return names


# %% wrong not_sticking, from right chi_square: Maximal survival from the first pair's chance, raised to powers.
# diagnosis: property or maximal_for_wrong_marginal or common_uniform_for_wrong_marginal or common_uniform_for_maximal
#-     return torch.stack(found)
#+     return found[0] ** torch.arange(1, steps + 1)


# %% wrong nearest_alone, from right chi_square: A name for each person, with no regard to the others.
# diagnosis: form
#-     return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))
#+     return [min(names, key=lambda name: off[i, name]) if i else "maximal" for i in range(3)]


# %% wrong two_confused, from right chi_square: Maximal and wrong exchanged.
# diagnosis: maximal_for_wrong_marginal
#-     names = ["maximal", "common uniform", "wrong marginal"]
#+     names = ["wrong marginal", "common uniform", "maximal"]
#@@
#-             chance = survival(moves[i], pair[i], name, apart.shape[1])
#+             chance = survival(moves[i], pair[i], {"maximal": "wrong marginal", "wrong marginal": "maximal"}.get(name, name), apart.shape[1])


# %% wrong relaxation, from right chi_square: The person with the slowest chain has the common uniform, the one with the fastest the fault.
# diagnosis: property or maximal_for_wrong_marginal or common_uniform_for_wrong_marginal or common_uniform_for_maximal
#-     return list(min(itertools.permutations(names), key=lambda order: sum(off[i, name] for i, name in enumerate(order))))
#+     second = torch.stack([torch.linalg.eigvals(P).abs().sort().values[-2] for P in moves])
#+     found = [""] * 3
#+     for place, name in zip(second.argsort().tolist(), ["wrong marginal", "maximal", "common uniform"]):
#+         found[place] = name
#+     return found
