import torch
from torch import Tensor

# %% wrong empties_the_graph: takes each node out of the caller's dictionary as it becomes ready, so the graph is gone afterwards
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    todo = parents
    values = {}
    while todo:
        for name in list(todo):
            if all(p in values for p in todo[name]):
                values[name] = draw[name](n, *[values[p] for p in todo.pop(name)])
    return values


# %% wrong missing_parents_are_zero: orders nodes by the number of their parents and grandparents and takes zero for a parent that has no value yet; right for shallow graphs
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    def above(name):
        near = set(parents[name])
        return len(near.union(*[parents[p] for p in near]))

    values = {}
    for name in sorted(parents, key=above):
        values[name] = draw[name](n, *[values.get(p, torch.zeros(n, dtype=torch.float64)) for p in parents[name]])
    return values


# %% wrong single_precision_table: writes the draws into a table made by torch.empty, which is single precision, so children see rounded parents and the result has seven digits
def ancestral_sample(parents: dict, draw: dict, n: int) -> dict[str, Tensor]:
    table = {name: torch.empty(n) for name in parents}
    done = set()
    while len(done) < len(parents):
        for name in parents:
            if name not in done and all(p in done for p in parents[name]):
                table[name][:] = draw[name](n, *[table[p] for p in parents[name]])
                done.add(name)
    return table
