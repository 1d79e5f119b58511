import torch
from torch import Tensor

# %% right topological_sorter: the standard library's graphlib gives the order
from graphlib import TopologicalSorter
def ancestral_sample(parents, draw, n):
    values = {}
    for name in TopologicalSorter(parents).static_order():
        values[name] = draw[name](n, *map(values.__getitem__, parents[name]))
    return values

# %% right recursion: recursion with a memory
def ancestral_sample(parents, draw, n):
    values = {}
    def get(name):
        if name not in values:
            args = [get(p) for p in parents[name]]
            values[name] = draw[name](n, *args)
        return values[name]
    return {name: get(name) for name in parents}

# %% wrong three_passes: goes round the dictionary three times only, so long chains in a bad order are left unfinished
def ancestral_sample(parents, draw, n):
    values = {}
    for _ in range(3):
        for name, ps in parents.items():
            if name not in values and all(p in values for p in ps):
                values[name] = draw[name](n, *(values[p] for p in ps))
    return values

# %% wrong from_edges: builds its order from the edges, so a node without parents and children is missing
def ancestral_sample(parents, draw, n):
    nodes = {p for ps in parents.values() for p in ps} | {c for c, ps in parents.items() if ps}
    values = {}
    while len(values) < len(nodes):
        for name in parents:
            if name in nodes and name not in values and all(p in values for p in parents[name]):
                values[name] = draw[name](n, *(values[p] for p in parents[name]))
    return values

# %% wrong eats_the_graph: removes what is drawn from the caller's dictionary
# not told: the draws are wrong
def ancestral_sample(parents, draw, n):
    values = {}
    while parents:
        for name in list(parents):
            if all(p in values for p in parents[name]):
                values[name] = draw[name](n, *(values[p] for p in parents.pop(name)))
    return values

# %% wrong by_parent_count: takes nodes in the order of their numbers of parents, which is no topological order
def ancestral_sample(parents, draw, n):
    values = {}
    for name in sorted(parents, key=lambda k: len(parents[k])):
        values[name] = draw[name](n, *(values[p] for p in parents[name]))
    return values

# %% wrong shortest_depth: goes by the shortest distance from a root, which fails where a short and a long way lead to one node
def ancestral_sample(parents, draw, n):
    depth, frontier = {k: 0 for k, ps in parents.items() if not ps}, [k for k, ps in parents.items() if not ps]
    while frontier:
        node = frontier.pop(0)
        for child, ps in parents.items():
            if node in ps and child not in depth:
                depth[child] = depth[node] + 1
                frontier.append(child)
    values = {}
    for name in sorted(depth, key=depth.get):
        values[name] = draw[name](n, *(values[p] for p in parents[name]))
    return values

# %% wrong repeated_draw: draws one value and repeats it n times
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, ps in parents.items():
            if name not in values and all(p in values for p in ps):
                values[name] = draw[name](1, *(values[p][:1] for p in ps)).expand(n)
    return values

# %% wrong one_by_one: calls each draw n times for one value each
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, ps in parents.items():
            if name not in values and all(p in values for p in ps):
                values[name] = torch.cat([draw[name](1, *(values[p][i:i + 1] for p in ps)) for i in range(n)])
    return values

# %% wrong draw_order: hands over the parents in the order in which they were drawn
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, ps in parents.items():
            if name not in values and all(p in values for p in ps):
                values[name] = draw[name](n, *[v for k, v in values.items() if k in ps])
    return values

# %% wrong cached: keeps the values of the last call for the same graph in a mutable default, so a second call gives the same numbers
def ancestral_sample(parents, draw, n, values={}):
    for _ in parents:
        for name, ps in parents.items():
            if name not in values and all(p in values for p in ps):
                values[name] = draw[name](n, *(values[p] for p in ps))
    return {name: values[name] for name in parents}
