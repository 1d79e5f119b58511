# %% right moral_graph: The neighbours in the moral graph.
from itertools import combinations


def markov_blanket(parents, name):
    edges = set()
    for child, above in parents.items():
        for pair in combinations([child, *above], 2):
            edges.add(frozenset(pair))
    return {next(iter(edge - {name})) for edge in edges if name in edge and len(edge) == 2}


# %% right frozenset: A frozenset is a set.
def markov_blanket(parents, name):
    families = [{child, *above} for child, above in parents.items() if name in (child, *above)]
    return frozenset().union(*families) - {name}


# %% wrong destroys: The node is popped from the caller's graph.
def markov_blanket(parents, name):
    above = parents.pop(name)
    children = {child for child, others in parents.items() if name in others}
    return (set(above) | children | {p for child in children for p in parents[child]}) - {name}


# %% wrong destroys_tuples: The node's name is struck from its children's parents, in the caller's graph.
def markov_blanket(parents, name):
    found = set(parents[name])
    for child, above in list(parents.items()):
        if name in above:
            parents[child] = tuple(p for p in above if p != name)
            found |= {child, *parents[child]}
    return found


# %% wrong letters: A tuple of names is joined to one string, and taken apart into letters.
def markov_blanket(parents, name):
    children = {child for child, above in parents.items() if name in "".join(above)}
    coparents = {letter for child in children for letter in "".join(parents[child])}
    return (set("".join(parents[name])) | children | coparents) - {name}


# %% wrong substring: A child is found by a search for the name in a string: "x1" is found in "x10".
def markov_blanket(parents, name):
    children = {child for child, above in parents.items() if name in " ".join(above)}
    return (set(parents[name]) | children | {p for child in children for p in parents[child]}) - {
        name
    }


# %% wrong first_coparent: Only the first two parents of each child are taken.
def markov_blanket(parents, name):
    children = {child for child, above in parents.items() if name in above}
    return (
        set(parents[name]) | children | {p for child in children for p in parents[child][:2]}
    ) - {name}


# %% wrong one_child: Only the first child is found.
def markov_blanket(parents, name):
    children = set([child for child, above in parents.items() if name in above][:1])
    return (set(parents[name]) | children | {p for child in children for p in parents[child]}) - {
        name
    }
