"""Idiom: the standard library sorts the graph."""
from graphlib import TopologicalSorter


def ancestral_sample(parents, draw, n):
    values = {}
    for name in TopologicalSorter(parents).static_order():
        values[name] = draw[name](n, *(values[parent] for parent in parents[name]))
    return values
