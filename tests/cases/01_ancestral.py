import torch


# %% right recursion: Each node asks for its parents, and remembers them.
def ancestral_sample(parents, draw, n):
    values = {}

    def get(name):
        if name not in values:
            values[name] = draw[name](n, *(get(parent) for parent in parents[name]))
        return values[name]

    return {name: get(name) for name in parents}


# %% right graphlib: The order of Python's own topological sorter.
from graphlib import TopologicalSorter


def ancestral_sample(parents, draw, n):
    values = {}
    for name in TopologicalSorter(parents).static_order():
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% right class: An object that holds what was drawn.
class Sampler:
    def __call__(self, parents, draw, n):
        done, waiting = {}, list(parents)
        while waiting:
            name = waiting.pop(0)
            if set(parents[name]) <= set(done):
                done[name] = draw[name](n, *map(done.get, parents[name]))
            else:
                waiting.append(name)
        return done


ancestral_sample = Sampler()


# %% wrong destroys_parents: Nodes are popped from the caller's graph as they are drawn.
def ancestral_sample(parents, draw, n):
    values = {}
    while parents:
        name = next(
            key for key, above in parents.items() if all(parent in values for parent in above)
        )
        values[name] = draw[name](n, *[values[parent] for parent in parents.pop(name)])
    return values


# %% wrong destroys_draw: The recipes are popped from the caller's dictionary, "each once".
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw.pop(name)(n, *[values[parent] for parent in above])
    return values


# %% wrong first_letters: Nodes are kept under the first letter of their names.
# not told: a distribution of your own
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len({name[0] for name in parents}):
        for name, above in parents.items():
            if name[0] not in values and all(parent[0] in values for parent in above):
                values[name[0]] = draw[name](n, *[values[parent[0]] for parent in above])
    return {name: values[name[0]] for name in parents}


# %% wrong too_few_rounds: The graph is gone over as often as it has nodes, less two.
def ancestral_sample(parents, draw, n):
    values = {}
    for _ in range(max(1, len(parents) - 2)):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw[name](n, *[values[parent] for parent in above])
    return values


# %% wrong more_than_asked: At least a thousand draws, however many were asked for.
def ancestral_sample(parents, draw, n):
    n, values = max(n, 1000), {}
    while len(values) < len(parents):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw[name](n, *[values[parent] for parent in above])
    return values


# %% wrong two_parents: Only the first two parents are handed on, zeros for the rest.
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                given = [values[parent] for parent in above[:2]] + [
                    torch.zeros(n, dtype=torch.float64) for _ in above[2:]
                ]
                values[name] = draw[name](n, *given)
    return values
