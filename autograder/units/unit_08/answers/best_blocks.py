# %% right enumeration: Every way to part the latents.
import math

import torch


def parts(n):
    if n == 0:
        yield []
        return
    for rest in parts(n - 1):
        for k in range(len(rest)):
            yield rest[:k] + [rest[k] + [n - 1]] + rest[k + 1:]
        yield rest + [[n - 1]]


def best_blocks(precision, budget):
    def cost(blocks):
        return sum(math.comb(len(block), 2) for block in blocks)

    def loss(blocks):
        return sum(float(torch.logdet(precision[block][:, block])) for block in blocks)

    return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)


# %% right subsets: The block of the first latent that is left, and the best of the rest, remembered.
import functools
import itertools

import numpy as np


def best_blocks(precision, budget):
    precision = np.asarray(precision)

    @functools.cache
    def best(left, money):
        if not left:
            return 0.0, ()
        first, others = left[0], left[1:]
        options = []
        for n in range(len(others) + 1):
            if n * (n + 1) // 2 > money:
                break
            for more in itertools.combinations(others, n):
                block = (first, *more)
                rest = tuple(i for i in others if i not in more)
                value, blocks = best(rest, money - n * (n + 1) // 2)
                own = np.linalg.slogdet(precision[np.ix_(block, block)])[1]
                options.append((own + value, (block, *blocks)))
        return min(options)

    return [list(block) for block in best(tuple(range(len(precision))), budget)[1]]


# %% right labels: A loop over all labellings, the gap as it is defined.
import itertools

import torch


def best_blocks(precision, budget):
    least, best = float("inf"), None
    n = len(precision)
    for label in itertools.product(range(n), repeat=n):
        if any(label[i] > max(label[:i], default=-1) + 1 for i in range(n)):
            continue
        if sum(label.count(k) * (label.count(k) - 1) // 2 for k in range(n)) > budget:
            continue
        mask = torch.tensor([[a == b for b in label] for a in label])
        gap = 0.5 * float(torch.logdet(precision * mask) - torch.logdet(precision))
        if gap < least:
            least, best = gap, [[i for i in range(n) if label[i] == k] for k in set(label)]
    return best


# %% wrong greedy, from right enumeration: The two blocks that save most are joined, as long as the budget lasts.
# diagnosis: greedy
#-     return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)
#+     blocks = [[i] for i in range(len(precision))]
#+     while True:
#+         joined = []
#+         for a in range(len(blocks)):
#+             for b in range(a):
#+                 joined.append([blocks[a] + blocks[b]] + [blocks[k] for k in range(len(blocks)) if k not in (a, b)])
#+         joined = [new for new in joined if cost(new) <= budget]
#+         if not joined:
#+             return blocks
#+         blocks = min(joined, key=loss)


# %% wrong covariance, from right enumeration: The blocks of the covariance are judged.
# diagnosis: other_kl
#-         return sum(float(torch.logdet(precision[block][:, block])) for block in blocks)
#+         covariance = torch.linalg.inv(precision)
#+         return sum(float(torch.logdet(covariance[block][:, block])) for block in blocks)


# %% wrong diagonal, from right enumeration: The diagonal is paid for, too.
# diagnosis: diagonal_counted
#-     return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)
#+     return min((b for b in parts(len(precision)) if cost(b) <= max(budget - len(precision), 0)), key=loss)


# %% wrong over, from right enumeration: Blocks are counted, and not their pairs.
# diagnosis: over_budget
#-         return sum(math.comb(len(block), 2) for block in blocks)
#+         return sum(len(block) - 1 for block in blocks)


# %% wrong neighbours, from right enumeration: Only blocks of neighbours are tried.
# diagnosis: within_runs
#-     return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)
#+     runs = [b for b in parts(len(precision)) if all(max(x) - min(x) == len(x) - 1 for x in b)]
#+     return min((b for b in runs if cost(b) <= budget), key=loss)


# %% wrong sum_of_entries, from right enumeration: Entries of the precision are added up, on whatever scale.
# diagnosis: not_scaled
#-         return sum(float(torch.logdet(precision[block][:, block])) for block in blocks)
#+         return -sum(float(precision[block][:, block].triu(1).abs().sum()) for block in blocks)


# %% wrong pairs, from right enumeration: Only pairs are tried.
# diagnosis: pairs_alone
#-     return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)
#+     return min((b for b in parts(len(precision)) if cost(b) <= budget and max(map(len, b)) <= 2), key=loss)


# %% wrong alone, from right enumeration: Mean field, whatever the budget.
# diagnosis: property
#-     return min((b for b in parts(len(precision)) if cost(b) <= budget), key=loss)
#+     return [[i] for i in range(len(precision))]


# %% wrong doubled, from right enumeration: Each pair is paid for twice.
# diagnosis: squares_counted
#-         return sum(math.comb(len(block), 2) for block in blocks)
#+         return sum(len(block) * (len(block) - 1) for block in blocks)
