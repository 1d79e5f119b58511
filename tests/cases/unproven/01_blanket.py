import torch

# %% right moral_matrix: the row of a node in the adjacency matrix of the moral graph
import numpy as np
def markov_blanket(parents, name):
    names = list(parents)
    index = {k: i for i, k in enumerate(names)}
    a = np.zeros((len(names), len(names)), dtype=int)          # a[i, j]: j is a parent of i
    for k, ps in parents.items():
        for p in ps:
            a[index[k], index[p]] = 1
    moral = a + a.T + a.T @ a
    i = index[name]
    return {names[j] for j in np.flatnonzero(moral[i]) if j != i}

# %% right factors: whoever stands in a factor together with the node
def markov_blanket(parents, name):
    blanket = set()
    for child, ps in parents.items():
        factor = {child, *ps}
        if name in factor:
            blanket |= factor
    blanket.discard(name)
    return blanket

# %% wrong inverted_dict: inverts the dictionary, which keeps one child for each parent
def markov_blanket(parents, name):
    child_of = {p: c for c, ps in parents.items() for p in ps}
    blanket = set(parents[name])
    if name in child_of:
        blanket |= {child_of[name], *parents[child_of[name]]}
    return blanket - {name}

# %% wrong minus_relatives: takes away grandparents, grandchildren and siblings, though one may be a parent, a child or a co-parent as well
def markov_blanket(parents, name):
    children = {c for c, ps in parents.items() if name in ps}
    blanket = set(parents[name]) | children | {p for c in children for p in parents[c]}
    grandparents = {g for p in parents[name] for g in parents[p]}
    grandchildren = {g for g, ps in parents.items() if children & set(ps)}
    siblings = {s for s, ps in parents.items() if set(ps) & set(parents[name])}
    return blanket - grandparents - grandchildren - siblings - {name}

# %% wrong minus_siblings: takes away brothers and sisters at the end, though one may be a parent or a child
def markov_blanket(parents, name):
    children = {c for c, ps in parents.items() if name in ps}
    blanket = set(parents[name]) | children | {p for c in children for p in parents[c]}
    siblings = {s for s, ps in parents.items() if set(ps) & set(parents[name])}
    return blanket - siblings - {name}

# %% wrong substring: looks for the name inside the names of parents, so x is taken for a parent where x1 is one
def markov_blanket(parents, name):
    children = {c for c, ps in parents.items() if any(name in p for p in ps)}
    return (set(parents[name]) | children | {p for c in children for p in parents[c]}) - {name}

# %% wrong later_coparents: only those co-parents that a child names after the node
def markov_blanket(parents, name):
    blanket = set(parents[name])
    for c, ps in parents.items():
        if name in ps:
            blanket |= {c, *ps[ps.index(name) + 1:]}
    return blanket - {name}

# %% wrong two_parents_only: co-parents only of children that have exactly two parents
def markov_blanket(parents, name):
    blanket = set(parents[name])
    for c, ps in parents.items():
        if name in ps:
            blanket.add(c)
            if len(ps) == 2:
                blanket |= set(ps)
    return blanket - {name}

# %% wrong growing: adds the parents of every node that is already in the blanket, so grandparents come in
def markov_blanket(parents, name):
    blanket = set(parents[name]) | {c for c, ps in parents.items() if name in ps}
    for member in list(blanket):
        blanket |= set(parents[member])
    return blanket - {name}

# %% wrong first_child: stops at the first child
def markov_blanket(parents, name):
    blanket = set(parents[name])
    for c, ps in parents.items():
        if name in ps:
            blanket |= {c, *ps}
            break
    return blanket - {name}

# %% wrong no_married_parents: leaves out co-parents that have parents themselves, as only "independent causes" are explained away
def markov_blanket(parents, name):
    children = {c for c, ps in parents.items() if name in ps}
    co = {p for c in children for p in parents[c] if not parents[p]}
    return (set(parents[name]) | children | co) - {name}
