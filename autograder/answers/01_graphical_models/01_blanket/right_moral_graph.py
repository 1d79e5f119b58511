"""Idiom: neighbours in the moral graph: marry the parents, forget the arrows."""
import itertools


def markov_blanket(parents, name):
    near = {node: set() for node in parents}
    for child, above in parents.items():
        for a, b in itertools.combinations((child, *above), 2):
            near[a].add(b)
            near[b].add(a)
    return near[name]
