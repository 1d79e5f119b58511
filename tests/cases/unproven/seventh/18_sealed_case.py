import itertools
import math

import numpy as np
import torch
from torch import Tensor

NAMES = ["maximal", "common uniform", "wrong marginal"]


def table(p, q, name):
    both = np.minimum(p, q)
    left, right = p - both, q - both
    if name == "common uniform":
        hi_p, hi_q = np.cumsum(p), np.cumsum(q)
        return np.clip(np.minimum(hi_p[:, None], hi_q[None]) - np.maximum((hi_p - p)[:, None], (hi_q - q)[None]), 0, None)
    if name == "wrong marginal":
        return np.diag(both) + np.outer(left, q)
    total = left.sum()
    return np.diag(both) + (np.outer(left, right) / total if total > 0 else 0)


def predicted(P, pair, name, steps=6, draw=table):
    """The chance to be apart after 1, ..., steps moves."""
    S = len(P)
    law = np.zeros((S, S))
    law[int(pair[0]), int(pair[1])] = 1
    found = []
    for _ in range(steps):
        new = np.zeros((S, S))
        for x in range(S):
            for y in range(S):
                if x != y and law[x, y] > 0:
                    new += law[x, y] * draw(P[x], P[y], name)
        np.fill_diagonal(new, 0)
        law = new
        found.append(law.sum())
    return np.array(found)


def fit(counts, tail, runs=10000):
    """Log likelihood of when the runs met: multinomial over the steps."""
    cells = np.append(-np.diff(np.append(1.0, tail)), tail[-1])
    seen = np.append(-np.diff(np.append(runs, counts)), counts[-1])
    return float((seen * np.log(np.clip(cells, 1e-12, 1))).sum())


def best_order(score):
    """The order of names with the greatest total; score[person, name]."""
    order = max(itertools.permutations(range(3)), key=lambda o: sum(score[n, o[n]] for n in range(3)))
    return [NAMES[n] for n in order]


def arrays(moves, pair, apart):
    return np.array(moves, dtype=float), np.array(pair), np.array(apart, dtype=float)


# %% right multinomial_likelihood: the likelihood of all seven outcomes (met at step 1, ..., 6, or later) under each coupling of each person's own chain; the best of six orders
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[n], pair[n], name)) for name in NAMES] for n in range(3)])
    return best_order(score)


# %% right standard_errors_torch: torch, kernels with four axes; the greatest distance in standard errors over the six steps, summed over persons, least over the orders
def name_them(moves, pair, apart):
    moves, apart = moves.double(), apart.double()
    S = moves.shape[-1]
    off = 1 - torch.eye(S, dtype=torch.float64)
    p, q = moves[:, :, None, :], moves[:, None, :, :]
    both = torch.minimum(p, q)
    left, right = p - both, q - both
    total = left.sum(-1, keepdim=True)
    overlap = torch.diag_embed(both)
    F, G = (torch.nn.functional.pad(part.cumsum(-1), (1, 0)) for part in (p.expand_as(both), q.expand_as(both)))
    kernels = {
        "maximal": overlap + left[..., :, None] * (right / torch.where(total > 0, total, torch.ones_like(total)))[..., None, :],
        "common uniform": torch.minimum(F[..., :, None], G[..., None, :]).diff(dim=-1).diff(dim=-2),
        "wrong marginal": overlap + left[..., :, None] * q.expand_as(both)[..., None, :],
    }
    far = {}
    for name, kernel in kernels.items():
        law = torch.zeros(3, S, S, dtype=torch.float64)
        law[torch.arange(3), pair[:, 0].long(), pair[:, 1].long()] = 1
        z = torch.zeros(3, dtype=torch.float64)
        for t in range(6):
            law = torch.einsum("nxy,nxyab->nab", law, kernel) * off
            chance = law.sum((1, 2)).clamp(0, 1)
            error = (10000 * chance * (1 - chance)).clamp(min=1).sqrt()
            z = torch.maximum(z, (apart[:, t] - 10000 * chance).abs() / error)
        far[name] = z
    orders = list(itertools.permutations(far))
    return list(min(orders, key=lambda order: sum(float(far[name][n]) for n, name in enumerate(order))))


# %% right conditional_steps: step by step, of those still apart how many stay apart is binomial; a sum of six binomial log likelihoods; a tuple comes back
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.zeros((3, 3))
    for n in range(3):
        for m, name in enumerate(NAMES):
            before, chance = 10000.0, 1.0
            for count, now in zip(apart[n], predicted(moves[n], pair[n], name)):
                stay = min(max(now / chance if chance > 0 else 0.0, 1e-12), 1 - 1e-12)
                score[n, m] += count * math.log(stay) + (before - count) * math.log1p(-stay)
                before, chance = count, now
    return tuple(best_order(score))


# %% wrong soonest_is_wrong: sorts the persons by how many are apart at the end: soonest the wrong marginal, then the maximal one, then the common uniform; each has another chain
def name_them(moves, pair, apart):
    order = apart[:, -1].argsort().tolist()
    names = [""] * 3
    for place, name in zip(order, ("wrong marginal", "maximal", "common uniform")):
        names[place] = name
    return names


# %% wrong power_of_the_first_step: the tail is the first step's chance to the power t; the pair that is left is another one
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[n], pair[n], name, 1)[0] ** np.arange(1, 7)) for name in NAMES] for n in range(3)])
    return best_order(score)


# %% wrong wrong_marginal_never_meets_otherwise: j from all of q, but cells with i = j are struck off, since "they did not meet"; drawn from all of q, j may well be i
def name_them(moves, pair, apart):
    def draw(p, q, name):
        found = table(p, q, name)
        if name == "wrong marginal":
            both = np.minimum(p, q)
            rest = np.outer(p - both, q)
            np.fill_diagonal(rest, 0)
            found = np.diag(both) + rest * (1 - both.sum()) / max(rest.sum(), 1e-300)
        return found

    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[n], pair[n], name, draw=draw)) for name in NAMES] for n in range(3)])
    return best_order(score)


# %% wrong person_of_each_name: finds the right order, and returns for each *name* whose it is, as names; right for four of the six orders only
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[n], pair[n], name)) for name in NAMES] for n in range(3)])
    order = [NAMES.index(name) for name in best_order(score)]
    return [NAMES[order.index(n)] for n in range(3)]


# %% wrong columns_for_rows: takes column x of the matrix for the law of the next state
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.zeros((3, 3))
    for n in range(3):
        P = moves[n].T / moves[n].T.sum(1, keepdims=True)
        score[n] = [fit(apart[n], predicted(P, pair[n], name)) for name in NAMES]
    return best_order(score)


# %% wrong one_chain_for_all: predicts with the first person's chain for all three; "a chain of their own"
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[0], pair[n], name)) for name in NAMES] for n in range(3)])
    return best_order(score)


# %% wrong one_move_ahead: X makes a move of its own before the pairs go on together, as in exercise 4; here both begin at once, without a lag
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.zeros((3, 3))
    for n in range(3):
        for m, name in enumerate(NAMES):
            tail = sum(moves[n][pair[n, 0], a] * np.append(1.0, predicted(moves[n], (a, pair[n, 1]), name, 5))
                       for a in range(len(moves[n])) if a != pair[n, 1])
            score[n, m] = fit(apart[n], tail)
    return best_order(score)


# %% wrong counts_as_meetings: reads the counts as those that *had* met by then
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[-np.abs(10000 * (1 - predicted(moves[n], pair[n], name)) - apart[n]).max() for name in NAMES] for n in range(3)])
    return best_order(score)


# %% wrong product_for_wrong: takes the wrong marginal for "j always from all of q", i from all of p, two independent draws; they have the right overlap on the diagonal
def name_them(moves, pair, apart):
    def draw(p, q, name):
        return np.outer(p, q) if name == "wrong marginal" else table(p, q, name)

    moves, pair, apart = arrays(moves, pair, apart)
    score = np.array([[fit(apart[n], predicted(moves[n], pair[n], name, draw=draw)) for name in NAMES] for n in range(3)])
    return best_order(score)


# %% wrong conditional_rate_at_the_end: fits the share that stays apart from step 5 to step 6 with the slowest rate of each coupling's pairs; six steps are not the long run, and the rates of two couplings are often alike
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    S, score = moves.shape[-1], np.zeros((3, 3))
    pairs = [(x, y) for x in range(S) for y in range(S) if x != y]
    for n in range(3):
        for m, name in enumerate(NAMES):
            Q = np.array([[table(moves[n][x], moves[n][y], name)[a, b] for a, b in pairs] for x, y in pairs])
            rate = np.abs(np.linalg.eigvals(Q)).max()
            score[n, m] = -abs(apart[n, 5] / max(apart[n, 4], 1) - rate)
    return best_order(score)


# %% wrong three_states_only: the pairs are followed over states 0, 1 and 2; right for chains of three, and of four if the last is left out by chance
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    score = np.zeros((3, 3))
    for n in range(3):
        for m, name in enumerate(NAMES):
            S = len(moves[n])
            law = np.zeros((S, S))
            law[pair[n, 0], pair[n, 1]] = 1
            tail = []
            for _ in range(6):
                new = np.zeros((S, S))
                for x in range(3):
                    for y in range(3):
                        if x != y:
                            new += law[x, y] * table(moves[n][x], moves[n][y], name)
                np.fill_diagonal(new, 0)
                law = new
                tail.append(law.sum())
            chance = np.clip(np.array(tail), 1e-6, 1 - 1e-6)
            score[n, m] = -((apart[n] - 10000 * chance) ** 2 / (10000 * chance * (1 - chance))).sum()
    return best_order(score)


# %% wrong from_the_uniform_pair: pairs begin anywhere, uniformly over the pairs that are apart; `pair` says where that person's began
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    S, score = moves.shape[-1], np.zeros((3, 3))
    for n in range(3):
        for m, name in enumerate(NAMES):
            score[n, m] = fit(apart[n], np.mean([predicted(moves[n], (x, y), name) for x in range(S) for y in range(S) if x != y], axis=0))
    return best_order(score)


# %% wrong all_pairs_may_part: those that have met go on as two chains with independent moves, so the predicted share of pairs apart does not only fall; runs that "had met by" a step count as met
def name_them(moves, pair, apart):
    moves, pair, apart = arrays(moves, pair, apart)
    S, score = moves.shape[-1], np.zeros((3, 3))
    for n in range(3):
        for m, name in enumerate(NAMES):
            law, tail = np.zeros((S, S)), []
            law[pair[n, 0], pair[n, 1]] = 1
            for _ in range(6):
                law = sum(law[x, y] * (np.outer(moves[n][x], moves[n][y]) if x == y else table(moves[n][x], moves[n][y], name))
                          for x in range(S) for y in range(S))
                tail.append(law.sum() - np.trace(law))
            chance = np.clip(np.array(tail), 1e-6, 1 - 1e-6)
            score[n, m] = -((apart[n] - 10000 * chance) ** 2 / (10000 * chance * (1 - chance))).sum()
    return best_order(score)
