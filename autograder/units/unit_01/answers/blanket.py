# %% right families: Every family (a child with its parents) that the node belongs to.
def markov_blanket(parents, name):
    blanket = set()
    for child, above in parents.items():
        family = {child, *above}
        if name in family and (child == name or name in above):
            blanket |= family
    blanket.discard(name)
    return blanket


# %% right list: A list in the order of the graph.
def markov_blanket(parents, name):
    children = [child for child in parents if name in parents[child]]
    found = []
    for other in parents:
        if other == name:
            continue
        if other in parents[name] or other in children or any(other in parents[child] for child in children):
            found.append(other)
    return found


# %% right moral_graph: Neighbours in the moral graph: marry the parents, forget the arrows.
import itertools


def markov_blanket(parents, name):
    near = {node: set() for node in parents}
    for child, above in parents.items():
        for a, b in itertools.combinations((child, *above), 2):
            near[a].add(b)
            near[b].add(a)
    return near[name]


# %% right sets: Three unions, and the node taken out.
def markov_blanket(parents, name):
    children = {child for child, above in parents.items() if name in above}
    coparents = {parent for child in children for parent in parents[child]}
    return (set(parents[name]) | children | coparents) - {name}


# %% wrong children_missing, from right sets: Parents and co-parents are there; the children themselves are missing.
# diagnosis: children_missing
def markov_blanket(parents, name):
    blanket = set(parents[name])
    for above in parents.values():
        if name in above:
            blanket |= set(above)
    return blanket - {name}


# %% wrong children_only, from right sets: Only the children are there. Add the parents, and the other parents of the children.
# diagnosis: children_only
def markov_blanket(parents, name):
    return {child for child in parents if name in parents[child]}


# %% wrong descendants, from right sets: You went on to grandchildren and beyond. Given the children and their parents, those say nothing new.
# diagnosis: descendants
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    coparents = {parent for child in children for parent in parents[child]}
    below = set(children)
    while True:
        more = {node for node in parents if set(parents[node]) & below} - below
        if not more:
            break
        below |= more
    return (set(parents[name]) | below | coparents) - {name}


# %% wrong everyone, from right sets: This is every other node. It does shield, but it is not the smallest set that the graph promises.
# diagnosis: connected
def markov_blanket(parents, name):
    return set(parents) - {name}


# %% wrong no_coparents, from right sets: Parents and children are there; the other parents of the children are missing.
# diagnosis: no_coparents
def markov_blanket(parents, name):
    return set(parents[name]) | {child for child in parents if name in parents[child]}


# %% wrong parents_missing, from right sets: The parents are missing.
# diagnosis: parents_missing
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    return (children | {parent for child in children for parent in parents[child]}) - {name}


# %% wrong parents_only, from right sets: Only the parents are there. Children tell about a node too, and with them their other parents.
# diagnosis: parents_only
def markov_blanket(parents, name):
    return set(parents[name])


# %% wrong self_included, from right sets: A node is a parent of its own children, so it slipped into its own blanket: take it out.
# diagnosis: self_included
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    return set(parents[name]) | children | {parent for child in children for parent in parents[child]}


# %% wrong siblings, from right sets: You added the other children of the parents. Given the parents they say nothing new.
# diagnosis: siblings
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | siblings) - {name}


# %% wrong siblings_added, from right sets: The other children of the parents do not belong: given the parents they say nothing new.
# diagnosis: siblings
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    coparents = {parent for child in children for parent in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | coparents | siblings) - {name}
