import itertools

import torch
from torch import Tensor


def partitions(items):
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for others in partitions(rest):
        yield [[first], *others]
        for k in range(len(others)):
            yield [*others[:k], [first, *others[k]], *others[k + 1:]]


def couplings(blocks):
    return sum(len(b) * (len(b) - 1) // 2 for b in blocks)


def loss(matrix, blocks):
    return sum(float(torch.logdet(matrix[torch.tensor(b)[:, None], torch.tensor(b)])) for b in blocks)

# %% right subsets_with_memory: dynamic programming over subsets as bit masks and what is left of the budget, where the block of the lowest latent is chosen first
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    import functools

    D = len(precision)

    def members(mask: int) -> list[int]:
        return [i for i in range(D) if mask >> i & 1]

    @functools.cache
    def cost(mask: int) -> float:
        at = torch.tensor(members(mask))
        return float(torch.linalg.slogdet(precision[at][:, at]).logabsdet)

    @functools.cache
    def best(mask: int, left: int) -> tuple:
        if not mask:
            return 0.0, ()
        low = mask & -mask
        rest, found = mask ^ low, []
        sub = rest
        while True:
            block = sub | low
            n = bin(block).count("1")
            if n * (n - 1) // 2 <= left:
                total, blocks = best(mask ^ block, left - n * (n - 1) // 2)
                found.append((cost(block) + total, (block, *blocks)))
            if not sub:
                return min(found)
            sub = (sub - 1) & rest

    return [members(block) for block in best((1 << D) - 1, min(int(budget), D * D))[1]]

# %% wrong all_of_the_budget: looks among the blocks that use the whole budget only, as more couplings can only help; but blocks that use less need not be a refinement of any that use it all
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    ways = list(partitions(list(range(len(precision)))))
    for use in range(min(budget, 15), -1, -1):
        exact = [blocks for blocks in ways if couplings(blocks) == use]
        if exact:
            return min(exact, key=lambda blocks: loss(precision, blocks))

# %% wrong neighbours_only: cuts the row of latents into runs, as for a chain, and tries all cuts; latents that are far apart never share a block
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    D, best = len(precision), None
    for cuts in itertools.product((False, True), repeat=D - 1):
        blocks = [[0]]
        for i, cut in enumerate(cuts, 1):
            blocks.append([i]) if cut else blocks[-1].append(i)
        if couplings(blocks) <= budget and (best is None or loss(precision, blocks) < loss(precision, best)):
            best = blocks
    return best

# %% wrong the_other_divergence: tries all ways, and measures each by the determinants of the posterior's covariance in its blocks, the loss of keeping marginals
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    covariance = torch.linalg.inv(precision)
    ways = [blocks for blocks in partitions(list(range(len(precision)))) if couplings(blocks) <= budget]
    return min(ways, key=lambda blocks: loss(covariance, blocks))

# %% wrong splitting_from_the_top: begins with one block of all and splits the block that loses least for each coupling saved, until the budget is kept: greedy from the other end
def best_blocks(precision: Tensor, budget: int) -> list[list[int]]:
    blocks = [list(range(len(precision)))]
    while couplings(blocks) > budget:
        options = []
        for k, block in enumerate(blocks):
            for size in range(1, len(block) // 2 + 1):
                for part in itertools.combinations(block, size):
                    rest = [i for i in block if i not in part]
                    new = [*blocks[:k], list(part), rest, *blocks[k + 1:]]
                    saved = couplings(blocks) - couplings(new)
                    options.append(((loss(precision, new) - loss(precision, blocks)) / saved, new))
        blocks = min(options, key=lambda option: option[0])[1]
    return blocks
