import torch
from torch import Tensor

# %% right sorter_with_ready_sets: graphlib's TopologicalSorter, asked for the ready nodes wave by wave, with done() after each
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    from graphlib import TopologicalSorter
    from operator import itemgetter

    values: dict[str, Tensor] = {}
    order = TopologicalSorter(parents)
    order.prepare()
    while order.is_active():
        for name in order.get_ready():
            values[name] = draw[name](n, *(itemgetter(p)(values) for p in parents[name]))
            order.done(name)
    return {name: values[name] for name in parents}

# %% wrong ordered_by_parent_count: sorts the nodes by their number of parents, roots first, and silences the KeyError with zeros for what is not drawn yet; fails for a one-parent child of a two-parent node
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    values: dict[str, Tensor] = {}
    nothing = torch.zeros(n, dtype=torch.float64)
    for name in sorted(parents, key=lambda node: len(parents[node])):
        values[name] = draw[name](n, *[values.get(p, nothing) for p in parents[name]])
    return values

# %% wrong eats_the_graph: takes finished nodes out of the caller's own dictionary to know what is left, so the graph is empty afterwards
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    values: dict[str, Tensor] = {}
    while parents:
        for name in list(parents):
            if all(p in values for p in parents[name]):
                values[name] = draw[name](n, *[values[p] for p in parents.pop(name)])
    return values

# %% wrong single_precision_table: writes the draws into rows of a table made by torch.zeros, which is in single precision; children see rounded parents
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    row = {name: i for i, name in enumerate(parents)}
    table = torch.zeros(len(parents), n)
    done: set[str] = set()
    while len(done) < len(parents):
        for name, mothers in parents.items():
            if name not in done and done.issuperset(mothers):
                table[row[name]] = draw[name](n, *[table[row[p]] for p in mothers])
                done.add(name)
    return {name: table[i] for name, i in row.items()}

# %% wrong nodes_from_edges: collects the nodes from the list of edges, so a node without parents and without children is never drawn
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    edges = [(p, child) for child, mothers in parents.items() for p in mothers]
    if not edges:
        return {name: draw[name](n) for name in parents}
    waiting = list(dict.fromkeys(end for edge in edges for end in edge))
    values: dict[str, Tensor] = {}
    while waiting:
        name = waiting.pop(0)
        if any(p not in values for p in parents[name]):
            waiting.append(name)
        else:
            values[name] = draw[name](n, *[values[p] for p in parents[name]])
    return values
