import torch
import itertools

# %% right ball: pairs of a node and where one came from
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = set(given)
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if (node, came) in seen:
            continue
        seen.add((node, came))
        if node not in given:
            found.add(node)
        if came == "child" and node not in given:
            todo += [(p, "child") for p in parents[node]] + [(c, "parent") for c in children[node]]
        if came == "parent":
            if node not in given:
                todo += [(c, "parent") for c in children[node]]
            if node in news:
                todo += [(p, "child") for p in parents[node]]
    return found - {name}

# %% right moral: moral graph of the ancestors, for each other node
def may_depend(parents, name, given):
    answer = set()
    for other in parents:
        if other == name or other in given:
            continue
        keep, todo = set(), [name, other, *given]
        while todo:
            node = todo.pop()
            if node not in keep:
                keep.add(node)
                todo.extend(parents[node])
        edges = set()
        for node in keep:
            family = [node, *parents[node]]
            edges |= {frozenset(pair) for pair in itertools.combinations(family, 2)}
        reached, todo = {name}, [name]
        while todo:
            node = todo.pop()
            for edge in edges:
                if node in edge:
                    (far,) = edge - {node}
                    if far not in reached and far not in given:
                        reached.add(far)
                        todo.append(far)
        if other in reached:
            answer.add(other)
    return answer

# %% right all_roads: all roads without repeats, each inner node open or shut
def may_depend(parents, name, given):
    def below(node):
        out = {node}
        for child in parents:
            if node in parents[child]:
                out |= below(child)
        return out

    def open_at(a, m, b):
        if a in parents[m] and b in parents[m]:
            return bool(below(m) & set(given))
        return m not in given

    answer = set()

    def walk(road):
        for node in parents:
            if node in road or not (node in parents[road[-1]] or road[-1] in parents[node]):
                continue
            if len(road) > 1 and not open_at(road[-2], road[-1], node):
                continue
            answer.add(node)
            walk([*road, node])

    walk([name])
    return answer - set(given)

# %% wrong component: what is known is cut out of the graph and the rest of the component returned: no arrows that meet, in either case
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = set(given)
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if (node, came) in seen:
            continue
        seen.add((node, came))
        if node not in given:
            found.add(node)
        if node not in given:
            todo += [(other, "") for other in [*parents[node], *children[node]]]
    return found - {name}

# %% wrong no_colliders: chains and forks only: arrows that meet are never opened by what is known
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = set(given)
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if (node, came) in seen:
            continue
        seen.add((node, came))
        if node not in given:
            found.add(node)
        if came == "child" and node not in given:
            todo += [(p, "child") for p in parents[node]] + [(c, "parent") for c in children[node]]
        if came == "parent":
            if node not in given:
                todo += [(c, "parent") for c in children[node]]
            if False:
                todo += [(p, "child") for p in parents[node]]
    return found - {name}

# %% wrong only_itself: arrows that meet open only if the middle itself is known, not by a node below it
def may_depend(parents, name, given):
    def below(node):
        out = {node}
        for child in parents:
            if node in parents[child]:
                out |= below(child)
        return out

    def open_at(a, m, b):
        if a in parents[m] and b in parents[m]:
            return m in given
        return m not in given

    answer = set()

    def walk(road):
        for node in parents:
            if node in road or not (node in parents[road[-1]] or road[-1] in parents[node]):
                continue
            if len(road) > 1 and not open_at(road[-2], road[-1], node):
                continue
            answer.add(node)
            walk([*road, node])

    walk([name])
    return answer - set(given)

# %% wrong one_below: looks for news only in the middle and its children, not further down
def may_depend(parents, name, given):
    def below(node):
        out = {node}
        for child in parents:
            if node in parents[child]:
                out |= below(child)
        return out

    def open_at(a, m, b):
        if a in parents[m] and b in parents[m]:
            return bool(({m} | {c for c in parents if m in parents[c]}) & set(given))
        return m not in given

    answer = set()

    def walk(road):
        for node in parents:
            if node in road or not (node in parents[road[-1]] or road[-1] in parents[node]):
                continue
            if len(road) > 1 and not open_at(road[-2], road[-1], node):
                continue
            answer.add(node)
            walk([*road, node])

    walk([name])
    return answer - set(given)

# %% wrong node_once: each node is visited once, from whichever side one comes first: roads are missed
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = set(given)
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if node in {n for n, _ in seen}:
            continue
        seen.add((node, came))
        if node not in given:
            found.add(node)
        if came == "child" and node not in given:
            todo += [(p, "child") for p in parents[node]] + [(c, "parent") for c in children[node]]
        if came == "parent":
            if node not in given:
                todo += [(c, "parent") for c in children[node]]
            if node in news:
                todo += [(p, "child") for p in parents[node]]
    return found - {name}

# %% wrong blanket: the Markov blanket of exercise 3 without what is known
def may_depend(parents, name, given):
    children = [c for c in parents if name in parents[c]]
    blanket = set(parents[name]) | set(children) | {p for c in children for p in parents[c]}
    return blanket - {name} - set(given)

# %% wrong whole_moral: moral graph of the whole graph instead of the ancestors: parents are married though nothing below is known
def may_depend(parents, name, given):
    answer = set()
    for other in parents:
        if other == name or other in given:
            continue
        keep, todo = set(), list(parents)
        while todo:
            node = todo.pop()
            if node not in keep:
                keep.add(node)
                todo.extend(parents[node])
        edges = set()
        for node in keep:
            family = [node, *parents[node]]
            edges |= {frozenset(pair) for pair in itertools.combinations(family, 2)}
        reached, todo = {name}, [name]
        while todo:
            node = todo.pop()
            for edge in edges:
                if node in edge:
                    (far,) = edge - {node}
                    if far not in reached and far not in given:
                        reached.add(far)
                        todo.append(far)
        if other in reached:
            answer.add(other)
    return answer

# %% wrong ancestors_of_known: ancestors of the name and of what is known only, the other node is left out of the ancestral set: nodes below are never found
def may_depend(parents, name, given):
    answer = set()
    for other in parents:
        if other == name or other in given:
            continue
        keep, todo = set(), [name, *given]
        while todo:
            node = todo.pop()
            if node not in keep:
                keep.add(node)
                todo.extend(parents[node])
        edges = set()
        for node in keep:
            family = [node, *parents[node]]
            edges |= {frozenset(pair) for pair in itertools.combinations(family, 2)}
        reached, todo = {name}, [name]
        while todo:
            node = todo.pop()
            for edge in edges:
                if node in edge:
                    (far,) = edge - {node}
                    if far not in reached and far not in given:
                        reached.add(far)
                        todo.append(far)
        if other in reached:
            answer.add(other)
    return answer

# %% wrong with_known: a known node that a road ends at is counted too, though what is given is never in the set
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = set(given)
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if (node, came) in seen:
            continue
        seen.add((node, came))
        found.add(node)
        if came == "child" and node not in given:
            todo += [(p, "child") for p in parents[node]] + [(c, "parent") for c in children[node]]
        if came == "parent":
            if node not in given:
                todo += [(c, "parent") for c in children[node]]
            if node in news:
                todo += [(p, "child") for p in parents[node]]
    return found - {name}

# %% wrong mutates: the set of known names is grown in place to hold their ancestors (alias instead of a copy): the argument is changed, and ancestors count as known
def may_depend(parents, name, given):
    children = {node: [c for c in parents if node in parents[c]] for node in parents}
    news = given
    todo = list(given)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    found, seen = set(), set()
    todo = [(name, "child")]
    while todo:
        node, came = todo.pop()
        if (node, came) in seen:
            continue
        seen.add((node, came))
        if node not in given:
            found.add(node)
        if came == "child" and node not in given:
            todo += [(p, "child") for p in parents[node]] + [(c, "parent") for c in children[node]]
        if came == "parent":
            if node not in given:
                todo += [(c, "parent") for c in children[node]]
            if node in news:
                todo += [(p, "child") for p in parents[node]]
    return found - {name}

# %% wrong one_pass: nodes with news from below found in one pass over the dictionary, right only if it lists children before their parents
def may_depend(parents, name, given):
    def below(node):
        out = {node}
        for child in parents:
            if node in parents[child]:
                out |= below(child)
        return out

    news = set(given)
    for node in parents:
        if node in news:
            news |= set(parents[node])

    def open_at(a, m, b):
        if a in parents[m] and b in parents[m]:
            return m in news
        return m not in given

    answer = set()

    def walk(road):
        for node in parents:
            if node in road or not (node in parents[road[-1]] or road[-1] in parents[node]):
                continue
            if len(road) > 1 and not open_at(road[-2], road[-1], node):
                continue
            answer.add(node)
            walk([*road, node])

    walk([name])
    return answer - set(given)
