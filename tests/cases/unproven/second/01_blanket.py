import math

import torch
from torch import Tensor


# %% right moral_graph: neighbours in the graph whose parents are married
def markov_blanket(parents: dict, name: str) -> set[str]:
    edges = set()
    for child, above in parents.items():
        family = [child, *above]
        edges |= {frozenset((a, b)) for a in family for b in family if a != b}
    return {other for other in parents if frozenset((name, other)) in edges}


# %% right families: the union of all families (a node and its parents) in which the node is
def markov_blanket(parents: dict, name: str) -> set[str]:
    families = [{child, *above} for child, above in parents.items()]
    return set().union(*[f for f in families if name in f]) - {name}


# %% right list_and_sort: lists and loops, a set only at the end
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = list(parents[name])
    for child in parents:
        if name in parents[child]:
            found.append(child)
            for other in parents[child]:
                if other != name:
                    found.append(other)
    return set(found)


# %% wrong no_co_parents: parents and children only
def markov_blanket(parents: dict, name: str) -> set[str]:
    return set(parents[name]) | {c for c, above in parents.items() if name in above}


# %% wrong itself_included: the node is a parent of its children, and stays in
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for child, above in parents.items():
        if name in above:
            found |= {child, *above}
    return found


# %% wrong siblings: other children of the parents are taken in as well
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for child, above in parents.items():
        if name in above or set(above) & set(parents[name]):
            found |= {child, *above}
    return found - {name}


# %% wrong grandparents: of the first two generations above
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for p in parents[name]:
        found |= set(parents[p])
    for child, above in parents.items():
        if name in above:
            found |= {child, *above}
    return found - {name}


# %% wrong substring: finds a node in a name by "in" on a joined string, so that x is found in x1
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for child, above in parents.items():
        if name in ",".join(above):
            found |= {child, *above}
    return found - {name}


# %% wrong last_child: keeps the co-parents of the last child only
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = [c for c, above in parents.items() if name in above]
    co = set()
    for c in children:
        co = set(parents[c])
    return (set(parents[name]) | set(children) | co) - {name}


# %% wrong first_parent: looks at the first parent of each node to find the children
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for child, above in parents.items():
        if above and above[0] == name:
            found |= {child, *above}
    return found - {name}


# %% wrong two_parents_at_most: takes one co-parent of each child, right if no child has three parents
def markov_blanket(parents: dict, name: str) -> set[str]:
    found = set(parents[name])
    for child, above in parents.items():
        if name in above:
            others = [p for p in above if p != name]
            found |= {child, *others[:1]}
    return found


# %% wrong leaf_is_shielded_by_parents_only: stops at once for a root and returns its children
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = {c for c, above in parents.items() if name in above}
    if not parents[name]:
        return children
    return (set(parents[name]) | children | {p for c in children for p in parents[c]}) - {name}


# %% wrong parent_who_is_co_parent: takes the co-parents out if they are parents as well
def markov_blanket(parents: dict, name: str) -> set[str]:
    above = set(parents[name])
    children = {c for c, p in parents.items() if name in p}
    co = {p for c in children for p in parents[c]} - {name}
    return (above ^ co) | children


# %% wrong children_who_are_co_parents: a child that is also a parent of another child is thrown out
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = {c for c, p in parents.items() if name in p}
    co = {p for c in children for p in parents[c]} - {name}
    return set(parents[name]) | (children ^ co)


# %% wrong order_of_listing: looks for children among the nodes listed later than the node
def markov_blanket(parents: dict, name: str) -> set[str]:
    names = list(parents)
    later = names[names.index(name) + 1 :]
    found = set(parents[name])
    for child in later:
        if name in parents[child]:
            found |= {child, *parents[child]}
    return found - {name}


# %% wrong grandchildren: children of the children belong to it, too
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = {c for c, p in parents.items() if name in p}
    more = {c for c, p in parents.items() if children & set(p)}
    found = set(parents[name]) | children | more
    for c in children:
        found |= set(parents[c])
    return found - {name}
