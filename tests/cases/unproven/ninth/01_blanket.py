# %% wrong siblings_removed: takes brothers and sisters out at the end because they do not belong, even those that are children or co-parents of the node, too
def markov_blanket(parents: dict, name: str) -> set[str]:
    children = {c for c in parents if name in parents[c]}
    blanket = set(parents[name]) | children
    for c in children:
        blanket |= set(parents[c])
    siblings = {s for s in parents if set(parents[s]) & set(parents[name])}
    return (blanket - siblings - {name}) | set(parents[name])


# %% wrong one_partner_per_child: finds "the other parent" of each child and stops there, so a child of three or more parents brings one co-parent only
def markov_blanket(parents: dict, name: str) -> set[str]:
    blanket = set(parents[name])
    for child, its_parents in parents.items():
        if name in its_parents:
            blanket.add(child)
            other = next((p for p in its_parents if p != name), None)
            if other is not None:
                blanket.add(other)
    return blanket


# %% wrong ancestors_thought_shielded: leaves out co-parents that are ancestors of the node, since its parents seem to stand between; they meet the node at the child, too
def markov_blanket(parents: dict, name: str) -> set[str]:
    ancestors, stack = set(), list(parents[name])
    while stack:
        node = stack.pop()
        if node not in ancestors:
            ancestors.add(node)
            stack.extend(parents[node])
    children = {c for c in parents if name in parents[c]}
    partners = {p for c in children for p in parents[c]} - {name}
    return set(parents[name]) | children | (partners - ancestors)
