import random

from torch import Tensor


def _travel(parents: dict, name: str, known: frozenset, news: set, stop_at_news: bool = False) -> set[str]:
    """Nodes reached by walking over pairs (node, came from a parent?)."""
    children = {v: [c for c in parents if v in parents[c]] for v in parents}
    todo, seen = [(name, False)], set()
    while todo:
        node, from_parent = state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        if not from_parent:
            if node not in known:
                todo += [(p, False) for p in parents[node]] + [(c, True) for c in children[node]]
        else:
            if node in news:
                todo += [(p, False) for p in parents[node]]
            if node not in known and not (stop_at_news and node in news):
                todo += [(c, True) for c in children[node]]
    return {node for node, _ in seen} - known - {name}


# %% right random_gaussian_over_a_prime: a linear Gaussian graph with random coefficients modulo a large prime; a and b are separated exactly if the minor of rows {a, given} and columns {b, given} of its covariance vanishes
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    prime = 2 ** 61 - 1
    dice = random.Random(20)
    order: list[str] = []
    while len(order) < len(parents):
        order += [v for v in parents if v not in order and set(parents[v]) <= set(order)]
    load: dict[str, dict[str, int]] = {}                    # of each node on the independent noises
    for v in order:
        load[v] = dict.fromkeys(order, 0)
        load[v][v] = 1
        for p in parents[v]:
            weight = dice.randrange(1, prime)
            for k in order:
                load[v][k] = (load[v][k] + weight * load[p][k]) % prime
    power = {k: dice.randrange(1, prime) for k in order}

    def cov(a: str, b: str) -> int:
        return sum(load[a][k] * power[k] % prime * load[b][k] for k in order) % prime

    def regular(matrix: list[list[int]]) -> bool:
        if not matrix:
            return True
        pivot = next((row for row in matrix if row[0]), None)
        if pivot is None:
            return False
        inverse = pow(pivot[0], -1, prime)
        rest = [row for row in matrix if row is not pivot]
        return regular([[(x - row[0] * inverse * y) % prime for x, y in zip(row[1:], pivot[1:])] for row in rest])

    known = sorted(given)
    return {b for b in parents if b != name and b not in given
            and regular([[cov(r, c) for c in [b, *known]] for r in [name, *known]])}

# %% wrong news_from_children_only: lists all simple roads, and opens a meeting if it or one of its children is known, but not for a grandchild or anything further below
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    children = {v: {c for c in parents if v in parents[c]} for v in parents}

    def passes(a: str, m: str, b: str) -> bool:
        if a in parents[m] and b in parents[m]:
            return bool(({m} | children[m]) & set(given))
        return m not in given

    found: set[str] = set()
    roads = [[name]]
    while roads:
        road = roads.pop()
        if len(road) > 2 and not passes(*road[-3:]):
            continue
        found.add(road[-1])
        roads += [[*road, v] for v in (children[road[-1]] | set(parents[road[-1]])) - set(road)]
    return found - set(given) - {name}

# %% wrong news_closes_the_way_down: treats an unknown node with a known descendant like a known one when coming from a parent, so it goes on to the other parents but no longer to the children
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    known, news = frozenset(given), set(given)
    while True:
        more = {p for v in news for p in parents[v]} - news
        if not more:
            break
        news |= more
    return _travel(parents, name, known, news, stop_at_news=True)

# %% wrong given_grows: collects the ancestors of what is known in the caller's own set; the answer is right but afterwards the caller "knows" all these ancestors
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    known = frozenset(given)
    news = given
    todo = list(known)
    while todo:
        for p in parents[todo.pop()]:
            if p not in news:
                news.add(p)
                todo.append(p)
    return _travel(parents, name, known, news)

# %% wrong one_open_collider_is_enough: lists all simple roads and calls one open if any of its meetings is opened by what is known, rather than all of them; right for roads with at most one meeting
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    below: dict[str, set] = {v: {v} for v in parents}
    for _ in parents:
        for c, mothers in parents.items():
            for p in mothers:
                below[p] |= below[c]
    near = {v: set(parents[v]) | {c for c in parents if v in parents[c]} for v in parents}
    found: set[str] = set()

    def is_open(road: list) -> bool:
        meetings, through = [], []
        for a, m, b in zip(road, road[1:], road[2:]):
            (meetings if a in parents[m] and b in parents[m] else through).append(m)
        if any(m in given for m in through):
            return False
        return not meetings or any(below[m] & set(given) for m in meetings)

    def extend(road: list) -> None:
        if len(road) > 1 and road[-1] not in found and road[-1] not in given and is_open(road):
            found.add(road[-1])
        for v in near[road[-1]] - set(road):
            extend([*road, v])

    extend([name])
    return found
