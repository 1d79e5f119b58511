# %% right graphlib: The standard library sorts the graph.
from graphlib import TopologicalSorter


def ancestral_sample(parents, draw, n):
    values = {}
    for name in TopologicalSorter(parents).static_order():
        values[name] = draw[name](n, *(values[parent] for parent in parents[name]))
    return values


# %% right kahn: Count the parents still missing; a node is ready when none is.
from collections import deque


def ancestral_sample(parents, draw, n):
    missing = {name: len(above) for name, above in parents.items()}
    ready, values = deque(name for name, count in missing.items() if count == 0), {}
    while ready:
        name = ready.popleft()
        values[name] = draw[name](n, *[values[p] for p in parents[name]])
        for child, above in parents.items():
            if name in above:
                missing[child] -= 1
                if missing[child] == 0:
                    ready.append(child)
    return values


# %% right passes: Rounds over the dictionary; in each, every node whose parents are there.
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw[name](n, *[values[parent] for parent in above])
    return values


# %% right recursion: Ask the parents first, and remember what was drawn.
def ancestral_sample(parents, draw, n):
    values = {}

    def value(name):
        if name not in values:
            values[name] = draw[name](n, *map(value, parents[name]))
        return values[name]

    return {name: value(name) for name in parents}


# %% wrong alphabetical, from right passes: Nodes are drawn in the order of the alphabet, read backwards: a parent looked up too early is not there, and names say nothing about arrows.
# diagnosis: too_early
def ancestral_sample(parents, draw, n):
    values = {}
    for name in sorted(parents, reverse=True):
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong dictionary_order, from right passes: Nodes are drawn as the dictionary lists them. It works on every example written from causes to effects, and only there.
# diagnosis: too_early
def ancestral_sample(parents, draw, n):
    values = {}
    for name in parents:
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong list, from right passes: The values come back as a list. Nobody can tell which node is which: the order of the passes is not that of the dictionary.
# diagnosis: type
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return list(values.values())


# %% wrong listed_order, from right passes: Parents are handed over in the order of the dictionary, because a comprehension runs over it. A recipe that is symmetric hides the slip.
# diagnosis: parent_order
#-         for name, above in parents.items():
#-             if name not in values and all(parent in values for parent in above):
#-                 values[name] = draw[name](n, *[values[parent] for parent in above])
#+         for name in parents:
#+             if name not in values and set(parents[name]) <= set(values):
#+                 values[name] = draw[name](n, *[values[parent] for parent in parents if parent in parents[name]])


# %% wrong one_at_a_time, from right graphlib: The graph is walked n times with n = 1, as one would describe it in words. A recipe gives all n values in one call.
# diagnosis: one_at_a_time
import torch


def ancestral_sample(parents, draw, n):
    rows = []
    for _ in range(n):
        values = {}
        while len(values) < len(parents):
            for name, above in parents.items():
                if name not in values and all(parent in values for parent in above):
                    values[name] = draw[name](1, *[values[parent] for parent in above])
        rows.append(values)
    return {name: torch.cat([values[name] for values in rows]) for name in parents}


# %% wrong one_draw, from right passes: One draw of the graph is stretched to n rows: the shapes are right, and the sample holds a single point.
# diagnosis: one_draw
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](1, *[values[parent] for parent in parents[name]])
    return {name: value.expand(n) for name, value in values.items()}


# %% wrong one_pass, from right passes: A single pass over the dictionary draws what happens to be ready. Children that are listed before their parents never get a value.
# diagnosis: missing_nodes
def ancestral_sample(parents, draw, n):
    values = {}
    for name, above in parents.items():
        if all(parent in values for parent in above):
            values[name] = draw[name](n, *[values[parent] for parent in above])
    return values


# %% wrong own_noise, from right graphlib: Roots are drawn from N(0, 1) without asking their recipes, since in the lecture's examples that is what roots were.
# diagnosis: not_drawn
import torch


def ancestral_sample(parents, draw, n):
    values = {name: torch.randn(n, dtype=torch.float64) for name in parents if not parents[name]}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong parent_order, from right passes: Parents are sorted by name before they are handed on. Recipes take them by position, so slope and intercept may change places.
# diagnosis: parent_order
#-         for name, above in parents.items():
#-             if name not in values and all(parent in values for parent in above):
#-                 values[name] = draw[name](n, *[values[parent] for parent in above])
#+         for name in parents:
#+             if name not in values and set(parents[name]) <= set(values):
#+                 values[name] = draw[name](n, *[values[parent] for parent in sorted(parents[name])])


# %% wrong redrawn, from right recursion: Recursion without a memory: each child draws its parents anew. All marginals are right, and what made the children alike is gone.
# diagnosis: redrawn
def ancestral_sample(parents, draw, n):
    def value(name):
        return draw[name](n, *[value(parent) for parent in parents[name]])

    return {name: value(name) for name in parents}


# %% wrong roots_missing, from right passes: Causes and effects are kept in two dictionaries, and only the effects are returned.
# diagnosis: roots_missing
def ancestral_sample(parents, draw, n):
    causes = {name: draw[name](n) for name, above in parents.items() if not above}
    effects = {}
    while len(causes) + len(effects) < len(parents):
        for name, above in parents.items():
            known = {**causes, **effects}
            if name not in known and all(parent in known for parent in above):
                effects[name] = draw[name](n, *[known[parent] for parent in above])
    return effects


# %% wrong zeros, from right graphlib: A parent that is not there yet is replaced by zeros through dict.get: no error is raised, and the numbers are quietly wrong.
# diagnosis: parents_as_zero
#- from graphlib import TopologicalSorter
#+ import torch
#@@
#-     for name in TopologicalSorter(parents).static_order():
#-         values[name] = draw[name](n, *(values[parent] for parent in parents[name]))
#+     for name in parents:
#+         values[name] = draw[name](n, *[values.get(parent, torch.zeros(n, dtype=torch.float64)) for parent in parents[name]])


# %% wrong destroys_graph, from right passes: Nodes are popped from the caller's graph once they are drawn, as a queue would be: the second call finds it empty.
# diagnosis: argument_changed
def ancestral_sample(parents, draw, n):
    values = {}
    while parents:
        name = next(key for key, above in parents.items() if all(p in values for p in above))
        values[name] = draw[name](n, *[values[p] for p in parents.pop(name)])
    return values


# %% wrong too_few_passes, from right passes: Three passes over the dictionary, which is enough for every graph that was tried. A chain listed backwards takes as many as it has nodes.
# diagnosis: missing_nodes
#-     while len(values) < len(parents):
#+     for _ in range(3):
