import torch
from torch import Tensor

# %% right moral_matrix: the nonzero off-diagonal entries of one row of A + A' + A'A, with A the matrix of families
def markov_blanket(parents: dict, name: str) -> set[str]:
    nodes = list(parents)
    place = {node: i for i, node in enumerate(nodes)}
    A = torch.zeros(len(nodes), len(nodes), dtype=torch.float64)       # A[child, parent]
    for child, mothers in parents.items():
        for mother in mothers:
            A[place[child], place[mother]] = 1.0
    i = place[name]
    row = A[i] + A[:, i] + torch.einsum("c,cj->j", A[:, i], A)
    row[i] = 0.0
    return {nodes[j] for j in row.nonzero().flatten().tolist()}

# %% wrong relatives_removed: "brothers, sisters, grandparents and grandchildren do not belong", so it subtracts them at the end, even one that is a parent, a child or a co-parent at the same time
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = {c for c, mothers in parents.items() if name in mothers}
    blanket = set(parents[name]) | children
    for c in children:
        blanket |= set(parents[c])
    grandparents = {g for p in parents[name] for g in parents[p]}
    grandchildren = {g for g, mothers in parents.items() if children & set(mothers)}
    siblings = {s for s, mothers in parents.items() if set(parents[name]) & set(mothers)}
    return blanket - grandparents - grandchildren - siblings - {name}

# %% wrong children_come_later: looks for children only behind the node in the dictionary, as if parents were always listed first
def markov_blanket(parents: dict, name: str) -> set[str]:
    nodes = list(parents)
    blanket = set(parents[name])
    for child in nodes[nodes.index(name) + 1:]:
        if name in parents[child]:
            blanket.add(child)
            blanket.update(parents[child])
    return blanket - {name}

# %% wrong name_inside_text: tests parenthood in the printed tuple, so "x1" is taken for a parent wherever "x10" is one
def markov_blanket(parents: dict, name: str) -> set[str]:
    blanket = set(parents[name])
    for child, mothers in parents.items():
        if name in ", ".join(mothers):
            blanket |= {child, *mothers}
    return blanket - {name}

# %% wrong the_other_parent: takes "the other parent" of every child, one of them only; a child with three parents has two others
def markov_blanket(parents: dict, name: str) -> set[str]:
    blanket = set(parents[name])
    for child, mothers in parents.items():
        if name in mothers:
            blanket |= {child, mothers[mothers.index(name) - 1]}
    return blanket - {name}
