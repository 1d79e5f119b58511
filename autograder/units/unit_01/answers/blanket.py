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


# %% wrong children_missing, from right sets: The parents of the children are collected, and the children themselves forgotten: the loop over families takes the upper half only.
# diagnosis: children_missing
def markov_blanket(parents, name):
    blanket = set(parents[name])
    for above in parents.values():
        if name in above:
            blanket |= set(above)
    return blanket - {name}


# %% wrong children_only, from right sets: Influence is taken to flow downwards only, so the parents are left out, and with them the co-parents.
# diagnosis: children_only
def markov_blanket(parents, name):
    return {child for child in parents if name in parents[child]}


# %% wrong descendants, from right sets: The search goes on below the children. Given the children and their other parents, nothing further down tells anything new.
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


# %% wrong everyone, from right sets: All other nodes: they do shield, but they are no blanket, which is the smallest set that does so in every model of this graph.
# diagnosis: connected
def markov_blanket(parents, name):
    return set(parents) - {name}


# %% wrong no_coparents, from right sets: Parents and children, as in an undirected graph. Causes of one effect explain each other away once it is known.
# diagnosis: no_coparents
def markov_blanket(parents, name):
    return set(parents[name]) | {child for child in parents if name in parents[child]}


# %% wrong parents_missing, from right sets: Children and their parents are found in one loop over the graph; the node's own parents need a line that is missing.
# diagnosis: parents_missing
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    return (children | {parent for child in children for parent in parents[child]}) - {name}


# %% wrong parents_only, from right sets: Parents alone, as if the blanket were what the node is drawn from. That predicts it from the past; its effects speak about it as well.
# diagnosis: parents_only
def markov_blanket(parents, name):
    return set(parents[name])


# %% wrong self_included, from right sets: The node is one of the parents of its children, and nobody took it out of the union.
# diagnosis: self_included
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    return set(parents[name]) | children | {parent for child in children for parent in parents[child]}


# %% wrong siblings, from right sets: Siblings stand in for co-parents: families are walked in the wrong direction, up and down where down and up is asked.
# diagnosis: siblings
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | siblings) - {name}


# %% wrong siblings_added, from right sets: Siblings are added to a blanket that was complete. Given the parents, they say nothing about the node.
# diagnosis: siblings
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    coparents = {parent for child in children for parent in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | coparents | siblings) - {name}


# %% wrong substring, from right sets: Children are found by looking for the name in a string, and x1 is found in x12.
# diagnosis: value
#-     children = {child for child, above in parents.items() if name in above}
#+     children = {child for child, above in parents.items() if name in " ".join(above)}


# %% wrong first_child, from right sets: The search for children stops at the first one: right in every chain.
# diagnosis: value
#-     children = {child for child, above in parents.items() if name in above}
#+     children = {child for child, above in list(parents.items()) if name in above}
#+     children = set(sorted(children)[:1])
