import torch
from torch import Tensor


# %% right recursive: asks for the parents first, and remembers what was drawn
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}

    def value(name):
        if name not in seen:
            seen[name] = draw[name](n, *[value(p) for p in parents[name]])
        return seen[name]

    return {name: value(name) for name in parents}


# %% right library_order: the topological sorter of the standard library
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    from graphlib import TopologicalSorter

    values = {}
    for name in TopologicalSorter({k: list(v) for k, v in parents.items()}).static_order():
        values[name] = draw[name](n, *map(values.__getitem__, parents[name]))
    return values


# %% right waiting_list: a queue; who is not ready goes to its end
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    waiting, out = list(parents), {}
    while waiting:
        name = waiting.pop(0)
        if all(p in out for p in parents[name]):
            out[name] = draw[name](n, *(out[p] for p in parents[name]))
        else:
            waiting.append(name)
    return out


# %% wrong dictionary_order_of_parents: hands the parents over in the order of the dictionary
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p] for p in parents if p in parents[name]])
    return out


# %% wrong order_of_drawing: hands the parents over in the order in which they were drawn
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and set(parents[name]) <= set(out):
                out[name] = draw[name](n, *[v for k, v in out.items() if k in parents[name]])
    return out


# %% wrong sorted_parents: hands the parents over in alphabetical order
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p] for p in sorted(parents[name])])
    return out


# %% wrong redraws_ancestors: draws the ancestors anew for every node, so that two children see different parents
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    def value(name):
        return draw[name](n, *[value(p) for p in parents[name]])

    return {name: value(name) for name in parents}


# %% wrong fresh_roots: inner nodes are kept, but a root is drawn again for each child that asks
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    kept = {}

    def value(name):
        if name in kept and parents[name]:
            return kept[name]
        kept[name] = draw[name](n, *[value(p) for p in parents[name]])
        return kept[name]

    for name in parents:
        value(name)
    return kept


# %% wrong leaves_out_the_isolated: starts from the children, and forgets nodes without edges
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}

    def value(name):
        if name not in out:
            out[name] = draw[name](n, *[value(p) for p in parents[name]])
        return out[name]

    for name, above in parents.items():
        if above:
            value(name)
    return out


# %% wrong one_by_one: draws n times one value, so that draw is called n times for each node
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    rows = []
    for _ in range(n):
        out = {}
        while len(out) < len(parents):
            for name in parents:
                if name not in out and all(p in out for p in parents[name]):
                    out[name] = draw[name](1, *[out[p] for p in parents[name]])
        rows.append(out)
    return {name: torch.cat([row[name] for row in rows]) for name in parents}


# %% wrong parents_shuffled: permutes the draws of a parent before handing them over: right margins, no dependence
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p].flip(0) for p in parents[name]])
    return out


# %% wrong mean_parents: hands over the mean of each parent, n times
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p].mean().expand(n) for p in parents[name]])
    return out


# %% wrong two_passes: roots, then twice round the dictionary: too few for a long chain in reverse order, the rest is left out
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {name: draw[name](n) for name in parents if not parents[name]}
    for _ in range(2):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p] for p in parents[name]])
    return out


# %% wrong eats_the_graph: pops the nodes off the caller's dictionary
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while parents:
        for name in list(parents):
            if all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p] for p in parents.pop(name)])
    return out


# %% wrong single_precision: stores what was drawn as float32, so that children see rounded parents
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    out = {}
    while len(out) < len(parents):
        for name in parents:
            if name not in out and all(p in out for p in parents[name]):
                out[name] = draw[name](n, *[out[p] for p in parents[name]]).float()
    return out
