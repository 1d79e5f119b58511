import itertools

import torch


def _ancestors(parents, names):
    out, stack = set(), list(names)
    while stack:
        node = stack.pop()
        if node not in out:
            out.add(node)
            stack.extend(parents[node])
    return out


# %% wrong parents_married_in_a_row: moralizes the ancestral graph by tying each parent to the next one only, not every pair; wrong for three parents of which the one in the middle is known
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    result = set()
    for other in set(parents) - set(given) - {name}:
        keep = _ancestors(parents, {name, other} | set(given))
        near = {v: set() for v in keep}
        for child in keep:
            pa = parents[child]
            for p in pa:
                near[p].add(child)
                near[child].add(p)
            for a, b in zip(pa, pa[1:]):
                near[a].add(b)
                near[b].add(a)
        seen, stack = {name}, [name]
        while stack:
            for w in near[stack.pop()]:
                if w not in seen and w not in given:
                    seen.add(w)
                    stack.append(w)
        if other in seen:
            result.add(other)
    return result


# %% wrong news_from_children_only: goes through all roads that visit no node twice, and opens a meeting of arrows if the node or one of its children is known, not if a more distant descendant is
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    children = {v: [c for c in parents if v in parents[c]] for v in parents}
    news = {v for v in parents if v in given or any(c in given for c in children[v])}
    found = set()

    def go(road):
        last = road[-1]
        for new in [*parents[last], *children[last]]:
            if new in road:
                continue
            if len(road) > 1:
                meets = road[-2] in parents[last] and new in parents[last]
                if (meets and last not in news) or (not meets and last in given):
                    continue
            if new not in given:
                found.add(new)
            go([*road, new])

    go([name])
    return found


# %% wrong small_correlations_are_none: draws a linear Gaussian graph and calls partial correlations below 0.05 zero, so long or weak roads are missed
def may_depend(parents: dict, name: str, given: set) -> set[str]:
    names = list(parents)
    at = {v: i for i, v in enumerate(names)}
    n = len(names)
    g = torch.Generator().manual_seed(0)
    B = torch.zeros(n, n, dtype=torch.float64)
    for child in names:
        for p in parents[child]:
            B[at[child], at[p]] = 0.3 + 0.6 * torch.rand((), generator=g, dtype=torch.float64)
    root = torch.linalg.inv(torch.eye(n, dtype=torch.float64) - B)
    cov = root @ root.T
    known = [at[v] for v in given]
    if known:
        cov = cov - cov[:, known] @ torch.linalg.inv(cov[known][:, known]) @ cov[known]
    found = set()
    for other in set(names) - set(given) - {name}:
        i, j = at[name], at[other]
        if abs(float(cov[i, j] / (cov[i, i] * cov[j, j]).sqrt())) > 0.05:
            found.add(other)
    return found
