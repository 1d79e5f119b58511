import itertools
import math

import numpy as np
import torch
from torch import Tensor


def partitions(items):
    if not items:
        yield []
        return
    first, *rest = items
    for part in partitions(rest):
        yield [[first], *part]
        for k in range(len(part)):
            yield part[:k] + [[first, *part[k]]] + part[k + 1 :]


def pairs(blocks):
    return sum(len(b) * (len(b) - 1) // 2 for b in blocks)


def loss(precision, blocks):
    total = 0.0
    for b in blocks:
        at = torch.tensor(b)
        total += float(torch.linalg.slogdet(precision[at[:, None], at]).logabsdet)
    return total


# %% right all_partitions: every way to part the latents within the budget, the least sum of the blocks' log-determinants
def best_blocks(precision, budget):
    size = len(precision)
    return min((p for p in partitions(list(range(size))) if pairs(p) <= budget), key=lambda p: loss(precision, p))


# %% right subset_dynamic: dynamic programming over sets (bit masks) and what is left of the budget, each block's log-determinant once, in NumPy
def best_blocks(precision, budget):
    p = np.asarray(precision)
    size = len(p)
    p = p / np.sqrt(np.outer(p.diagonal(), p.diagonal()))
    members = [[k for k in range(size) if s >> k & 1] for s in range(1 << size)]
    value = [0.0] + [np.linalg.slogdet(p[np.ix_(m, m)])[1] for m in members[1:]]
    memo = {}

    def solve(left, room):
        if not left:
            return 0.0, []
        if (left, room) not in memo:
            low, best = left & -left, (math.inf, None)
            rest = left ^ low
            sub = rest
            while True:
                block = sub | low
                n = len(members[block])
                cost = n * (n - 1) // 2
                if cost <= room:
                    total, tail = solve(left ^ block, room - cost)
                    if value[block] + total < best[0]:
                        best = (value[block] + total, [members[block], *tail])
                if not sub:
                    break
                sub = (sub - 1) & rest
            memo[left, room] = best
        return memo[left, room]

    return solve((1 << size) - 1, min(int(budget), size * size))[1]


# %% right labels_branch_and_bound: latents get labels one by one (restricted growth); a branch is cut if its loss plus the least conditional variances left is no better
def best_blocks(precision, budget):
    size = len(precision)
    order = list(range(size))
    best = [math.inf, None]
    rows = precision.tolist()

    def logdet(at):
        m = [[rows[i][j] for j in at] for i in at]
        total = 0.0
        for k in range(len(m)):
            total += math.log(m[k][k])
            for i in range(k + 1, len(m)):
                f = m[i][k] / m[k][k]
                m[i] = [a - f * b for a, b in zip(m[i], m[k])]
        return total

    least = [logdet(order[:k] + order[k + 1 :] + [k]) - (logdet(order[:k] + order[k + 1 :]) if size > 1 else 0.0) for k in order]

    def grow(k, blocks, room, lost):
        if lost + sum(least[k:]) >= best[0] + 1e-9:
            return
        if k == size:
            if lost < best[0]:
                best[0], best[1] = lost, [list(b) for b in blocks]
            return
        for b in range(len(blocks)):
            if len(blocks[b]) <= room:
                grown = blocks[b] + [k]
                grow(k + 1, blocks[:b] + [grown] + blocks[b + 1 :], room - len(blocks[b]), lost + logdet(grown) - logdet(blocks[b]))
        grow(k + 1, [*blocks, [k]], room, lost + math.log(rows[k][k]))

    grow(0, [], budget, 0.0)
    return best[1]


# %% wrong greedy_per_coupling: join again and again the two blocks whose union saves most for each coupling that it costs
def best_blocks(precision, budget):
    blocks = [[k] for k in range(len(precision))]
    while True:
        best = None
        for a, b in itertools.combinations(blocks, 2):
            if pairs(blocks) + len(a) * len(b) <= budget:
                saved = (loss(precision, [a, b]) - loss(precision, [a + b])) / (len(a) * len(b))
                if best is None or saved > best[0]:
                    best = (saved, a, b)
        if best is None:
            return blocks
        blocks = [c for c in blocks if c is not best[1] and c is not best[2]] + [best[1] + best[2]]


# %% wrong two_greedies: the better of two greedy runs, one by what a union saves and one by what it saves for each coupling
def best_blocks(precision, budget):
    def run(power):
        blocks = [[k] for k in range(len(precision))]
        while True:
            fits = [(a, b) for a, b in itertools.combinations(blocks, 2) if pairs(blocks) + len(a) * len(b) <= budget]
            if not fits:
                return blocks
            a, b = max(fits, key=lambda ab: (loss(precision, ab) - loss(precision, [ab[0] + ab[1]])) / (len(ab[0]) * len(ab[1])) ** power)
            blocks = [c for c in blocks if c is not a and c is not b] + [a + b]

    return min((run(0), run(1)), key=lambda p: loss(precision, p))


# %% wrong neighbours_only: all ways to cut the latents, in the order of z, into runs; right where what couples stands together
def best_blocks(precision, budget):
    size, best = len(precision), None
    for cuts in itertools.product((False, True), repeat=size - 1):
        blocks = [[0]]
        for k, cut in enumerate(cuts, 1):
            if cut:
                blocks.append([k])
            else:
                blocks[-1].append(k)
        if pairs(blocks) <= budget and (best is None or loss(precision, blocks) < loss(precision, best)):
            best = blocks
    return best


# %% wrong whole_budget: only partitions that use up as much of the budget as any can, as if more couplings were always better
def best_blocks(precision, budget):
    fits = [p for p in partitions(list(range(len(precision)))) if pairs(p) <= budget]
    most = max(map(pairs, fits))
    return min((p for p in fits if pairs(p) == most), key=lambda p: loss(precision, p))


# %% wrong marginal_score: all partitions, scored by the total correlation between blocks of the posterior's covariance: best for the other KL
def best_blocks(precision, budget):
    cov = torch.linalg.inv(precision)
    return min((p for p in partitions(list(range(len(precision)))) if pairs(p) <= budget), key=lambda p: loss(cov, p))


# %% wrong sum_of_pairs: all partitions, a block's saving taken as the sum of its pairs' -log(1 - r^2) / 2; right with blocks of two at most
def best_blocks(precision, budget):
    d = precision.diagonal().sqrt()
    r = precision / d / d[:, None]
    saved = lambda p: sum(-math.log1p(-min(float(r[i, j]) ** 2, 1 - 1e-15)) for b in p for i, j in itertools.combinations(b, 2))
    return max((p for p in partitions(list(range(len(precision)))) if pairs(p) <= budget), key=saved)


# %% wrong swaps_of_two: local search from the best greedy: a latent moves, or two change places, as long as that loses less; stuck now and then
def best_blocks(precision, budget):
    size = len(precision)
    label = list(range(size))

    def blocks_of(label):
        return [[k for k in range(size) if label[k] == c] for c in sorted(set(label))]

    while True:
        now, best = loss(precision, blocks_of(label)), None
        for k in range(size):
            for c in range(size):
                trial = label[:k] + [c] + label[k + 1 :]
                if pairs(blocks_of(trial)) <= budget:
                    value = loss(precision, blocks_of(trial))
                    if value < now - 1e-12 and (best is None or value < best[0]):
                        best = (value, trial)
        for i, j in itertools.combinations(range(size), 2):
            trial = list(label)
            trial[i], trial[j] = trial[j], trial[i]
            value = loss(precision, blocks_of(trial))
            if value < now - 1e-12 and (best is None or value < best[0]):
                best = (value, trial)
        if best is None:
            return blocks_of(label)
        label = best[1]


# %% wrong one_block_and_pairs: one block of any size and the others in pairs or alone; forgets two blocks of three, the best for a budget of 6 now and then
def best_blocks(precision, budget):
    fits = [p for p in partitions(list(range(len(precision)))) if pairs(p) <= budget and sum(len(b) > 2 for b in p) <= 1]
    return min(fits, key=lambda p: loss(precision, p))


# %% wrong matching_misses_one: partitions by a recursion that joins the latent taken out only to the first two blocks of the rest, so that some of the 203 ways are missing
def best_blocks(precision, budget):
    def some(items):
        if not items:
            yield []
            return
        first, *rest = items
        for part in some(rest):
            yield [[first], *part]
            for k in range(min(2, len(part))):
                yield part[:k] + [[first, *part[k]]] + part[k + 1 :]

    return min((p for p in some(list(range(len(precision)))) if pairs(p) <= budget), key=lambda p: loss(precision, p))


# %% wrong threshold_components: connected components of the partial correlations above a threshold, the lowest threshold that the budget allows
def best_blocks(precision, budget):
    size = len(precision)
    d = precision.diagonal().sqrt()
    r = (precision / d / d[:, None]).abs()
    best = [[k] for k in range(size)]
    for i, j in sorted(itertools.combinations(range(size), 2), key=lambda ij: -float(r[ij])):
        a, b = (next(c for c in best if k in c) for k in (i, j))
        if a is not b:
            joined = [c for c in best if c is not a and c is not b] + [a + b]
            if pairs(joined) > budget:
                break
            best = joined
    return best
