"""diagnosis: children_missing"""


def markov_blanket(parents, name):
    blanket = set(parents[name])
    for above in parents.values():
        if name in above:
            blanket |= set(above)
    return blanket - {name}
