# %% right both_directions: Walks along open roads, and remembers at each node whether it came from above or from below.
def may_depend(parents, name, given):
    children = {node: [] for node in parents}
    for child, above in parents.items():
        for parent in above:
            children[parent].append(child)
    news, todo = set(), list(given)
    while todo:
        node = todo.pop()
        if node not in news:
            news.add(node)
            todo += parents[node]
    seen, todo = set(), [(name, "up")]
    while todo:
        node, way = todo.pop()
        if (node, way) in seen:
            continue
        seen.add((node, way))
        if way == "up" and node not in given:
            todo += [(p, "up") for p in parents[node]]
        if node not in given:
            todo += [(c, "down") for c in children[node]]
        if way == "down" and node in news:
            todo += [(p, "up") for p in parents[node]]
    return {node for node, _ in seen} - set(given) - {name}


# %% right ancestral_moral_graph: For each other node: the graph of the ancestors, its parents married, arrows forgotten, what is known taken out.
import itertools


def may_depend(parents, name, given):
    found = set()
    for other in parents:
        if other == name or other in given:
            continue
        kept, todo = set(), [name, other, *given]
        while todo:
            node = todo.pop()
            if node not in kept:
                kept.add(node)
                todo.extend(parents[node])
        near = {node: set() for node in kept}
        for child in kept:
            for a, b in itertools.combinations((child, *parents[child]), 2):
                near[a].add(b)
                near[b].add(a)
        reached, todo = {name}, [name]
        while todo:
            for node in near[todo.pop()] - reached - set(given):
                reached.add(node)
                todo.append(node)
        if other in reached:
            found.add(other)
    return found


# %% right every_road: Lists every road without a node twice, and looks at each three in a row on it.
def may_depend(parents, name, given):
    def below(node):
        found = set()
        for child, above in parents.items():
            if node in above:
                found |= {child} | below(child)
        return found

    def open_at(a, node, b):
        if a in parents[node] and b in parents[node]:
            return bool(({node} | below(node)) & set(given))
        return node not in given

    found = []

    def walk(road):
        for node in parents:
            joined = node in parents[road[-1]] or road[-1] in parents[node]
            if node in road or not joined:
                continue
            if len(road) > 1 and not open_at(road[-2], road[-1], node):
                continue
            if node not in given and node not in found:
                found.append(node)
            walk(road + [node])

    walk([name])
    return found


# %% wrong arrows_ignored, from right both_directions: Arrows are forgotten: a road is closed where a node is known, and nowhere else.
# diagnosis: arrows_ignored
#-         if way == "down" and node in news:
#+         if way == "down" and node not in given:


# %% wrong effects_closed, from right both_directions: A known node closes every road through it, also that between two causes.
# diagnosis: effects_closed
#-         if way == "down" and node in news:
#-             todo += [(p, "up") for p in parents[node]]
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return {node for node, _ in seen} - set(given) - {name}


# %% wrong descendants_forgotten, from right every_road: Two causes are joined by their known effect, and not by what is known below it.
# diagnosis: descendants_forgotten
#-             return bool(({node} | below(node)) & set(given))
#+             return node in given


# %% wrong effects_open, from right both_directions: Two causes of one effect are always joined.
# diagnosis: effects_open
#-         if way == "down" and node in news:
#+         if way == "down":


# %% wrong moral_of_all, from right ancestral_moral_graph: Parents are married in the whole graph, and not among ancestors alone.
# diagnosis: effects_open
#-         kept, todo = set(), [name, other, *given]
#+         kept, todo = set(), list(parents)


# %% wrong known_pass, from right both_directions: What is known opens roads where arrows meet, and closes none.
# diagnosis: known_pass
#-         if way == "up" and node not in given:
#+         if way == "up":
#@@
#-         if node not in given:
#-             todo += [(c, "down") for c in children[node]]
#+         todo += [(c, "down") for c in children[node]]


# %% wrong given_ignored, from right both_directions: The third argument is not used.
# diagnosis: given_ignored
#-     children = {node: [] for node in parents}
#+     children, known, given = {node: [] for node in parents}, given, set()
#@@
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return {node for node, _ in seen} - set(known) - {name}


# %% wrong descendants, from right both_directions: What depends on a variable is taken for what is below it.
# diagnosis: descendants_alone
#-     seen, todo = set(), [(name, "up")]
#+     seen, todo = set(), [(name, "down")]
#@@
#-         if way == "down" and node in news:
#-             todo += [(p, "up") for p in parents[node]]
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return {node for node, _ in seen} - set(given) - {name}


# %% wrong independent, from right both_directions: The set of those that are independent is returned.
# diagnosis: complement
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return set(parents) - {node for node, _ in seen} - set(given) - {name}


# %% wrong known_too, from right both_directions: What is known stays in the set.
# diagnosis: given_included
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return ({node for node, _ in seen} | set(given)) - {name}


# %% wrong itself, from right both_directions: The variable depends on itself.
# diagnosis: self_included
#-     return {node for node, _ in seen} - set(given) - {name}
#+     return {node for node, _ in seen} - set(given)


# %% wrong blanket, from right ancestral_moral_graph: The Markov blanket less what is known: it shields, and it is not all that depends.
# diagnosis: value
#-     found = set()
#-     for other in parents:
#-         if other == name or other in given:
#-             continue
#+     found = {c for c in parents if name in parents[c]} | set(parents[name])
#+     found |= {p for c in parents if name in parents[c] for p in parents[c]}
#+     return found - {name} - set(given)
#+     for other in parents:
#+         if other == name or other in given:
#+             continue
