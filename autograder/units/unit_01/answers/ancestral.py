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


# %% wrong alphabetical, from right passes: The dictionary lists the nodes in any order. Draw a node once its parents have values; come back for the rest.
# diagnosis: too_early
def ancestral_sample(parents, draw, n):
    values = {}
    for name in sorted(parents, reverse=True):
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong dictionary_order, from right passes: The dictionary lists the nodes in any order. Draw a node once its parents have values; come back for the rest.
# diagnosis: too_early
def ancestral_sample(parents, draw, n):
    values = {}
    for name in parents:
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong list, from right passes: Return a tensor.
# diagnosis: type
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return list(values.values())


# %% wrong listed_order, from right passes: A recipe takes its parents in the order in which parents[name] lists them; yours came in another one.
# diagnosis: parent_order
#-         for name, above in parents.items():
#-             if name not in values and all(parent in values for parent in above):
#-                 values[name] = draw[name](n, *[values[parent] for parent in above])
#+         for name in parents:
#+             if name not in values and set(parents[name]) <= set(values):
#+                 values[name] = draw[name](n, *[values[parent] for parent in parents if parent in parents[name]])


# %% wrong one_at_a_time, from right graphlib: Did you build the sample one draw at a time? A recipe gives all n = 6 values in one call: draw[name](n, ...).
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


# %% wrong one_draw, from right passes: All n draws of a sample are the same: you drew once and repeated it.
# diagnosis: one_draw
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](1, *[values[parent] for parent in parents[name]])
    return {name: value.expand(n) for name, value in values.items()}


# %% wrong one_pass, from right passes: One pass over the dictionary is not enough: nodes whose parents came late are still missing.
# diagnosis: missing_nodes
def ancestral_sample(parents, draw, n):
    values = {}
    for name, above in parents.items():
        if all(parent in values for parent in above):
            values[name] = draw[name](n, *[values[parent] for parent in above])
    return values


# %% wrong own_noise, from right graphlib: The numbers of a node come from draw[name], not from a distribution of your own.
# diagnosis: not_drawn
import torch


def ancestral_sample(parents, draw, n):
    values = {name: torch.randn(n, dtype=torch.float64) for name in parents if not parents[name]}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values


# %% wrong parent_order, from right passes: A recipe takes its parents in the order in which parents[name] lists them; yours came in another one.
# diagnosis: parent_order
#-         for name, above in parents.items():
#-             if name not in values and all(parent in values for parent in above):
#-                 values[name] = draw[name](n, *[values[parent] for parent in above])
#+         for name in parents:
#+             if name not in values and set(parents[name]) <= set(values):
#+                 values[name] = draw[name](n, *[values[parent] for parent in sorted(parents[name])])


# %% wrong redrawn, from right recursion: A node that is drawn again for every child has several values in one sample, so its children no longer share a parent.
# diagnosis: redrawn
def ancestral_sample(parents, draw, n):
    def value(name):
        return draw[name](n, *[value(parent) for parent in parents[name]])

    return {name: value(name) for name in parents}


# %% wrong roots_missing, from right passes: The nodes without parents are missing. They have a recipe too, draw[name](n), and belong into the dictionary.
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


# %% wrong zeros, from right graphlib: A node was drawn before its parents, and a zero stood in for the missing value.
# diagnosis: parents_as_zero
#- from graphlib import TopologicalSorter
#+ import torch
#@@
#-     for name in TopologicalSorter(parents).static_order():
#-         values[name] = draw[name](n, *(values[parent] for parent in parents[name]))
#+     for name in parents:
#+         values[name] = draw[name](n, *[values.get(parent, torch.zeros(n, dtype=torch.float64)) for parent in parents[name]])
