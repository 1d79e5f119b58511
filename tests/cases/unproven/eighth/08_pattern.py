import itertools

import torch
from torch import Tensor


def moral(parents, order, cliques=None):
    """The neighbours of each latent, by place; cliques says which latents a node joins."""
    place = {name: i for i, name in enumerate(order)}
    near = {i: set() for i in range(len(order))}
    for node, above in parents.items():
        for one, other in (cliques or (lambda node, above: itertools.combinations((node, *above), 2)))(node, above):
            if one in place and other in place and one != other:
                near[place[one]].add(place[other])
                near[place[other]].add(place[one])
    return near


def eliminate(near):
    near = {i: set(js) for i, js in near.items()}
    pairs = set()
    for j in sorted(near):
        later = {i for i in near[j] if i > j}
        pairs |= {(i, j) for i in later}
        for i in later:
            near[i] |= later - {i}
    return pairs

# %% right by_paths: no elimination at all; an entry (i, j) is filled exactly if a path leads from j to i through latents that come before j, which a recursion walks
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    place = {name: i for i, name in enumerate(order)}
    scopes = [{place[n] for n in (node, *above) if n in place} for node, above in parents.items()]

    def reached(j: int, at: int, seen: set) -> set:
        found = set()
        for near in set().union(*(scope for scope in scopes if at in scope)) - seen - {at}:
            if near in seen:
                continue
            if near > j:
                found.add(near)
            elif near < j:
                seen.add(near)
                found |= reached(j, near, seen)
        return found

    return {(i, j) for j in range(len(order)) for i in reached(j, j, {j})}

# %% wrong neighbouring_parents: marries parents that stand side by side in the tuple, so the first and the third of three parents stay strangers
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    def cliques(node, above):
        return [(node, parent) for parent in above] + list(zip(above, above[1:]))

    return eliminate(moral(parents, order, cliques))

# %% wrong filled_once: joins the later neighbours of every latent in the moral graph, and forgets that what was filled in fills in more
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    near = moral(parents, order)
    pairs = {(max(i, j), min(i, j)) for i in near for j in near[i]}
    for j in near:
        later = sorted(i for i in near[j] if i > j)
        pairs |= {(b, a) for a, b in itertools.combinations(later, 2)}
    return pairs

# %% wrong through_the_row: lets the path from j to i go through all latents before i, where only those before j are gone when column j is made; sufficient, and not minimal
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    near = moral(parents, order)
    pairs = set()
    for i in near:
        reached, todo = set(), [i]
        while todo:
            for k in near[todo.pop()]:
                if k < i and k not in reached:
                    reached.add(k)
                    todo.append(k)
        pairs |= {(i, j) for j in reached}
    return pairs

# %% wrong siblings_too: couples the children of a common parent, because a common cause makes them dependent, though the parent stands between them in the precision
def posterior_pattern(parents: dict[str, tuple[str, ...]], order: list[str]) -> set[tuple[int, int]]:
    children = {}
    for node, above in parents.items():
        for parent in above:
            children.setdefault(parent, []).append(node)

    def cliques(node, above):
        return list(itertools.combinations((node, *above), 2)) + list(itertools.combinations(children.get(node, []), 2))

    return eliminate(moral(parents, order, cliques))
