"""Idiom: every family (a child with its parents) that the node belongs to."""
def markov_blanket(parents, name):
    blanket = set()
    for child, above in parents.items():
        family = {child, *above}
        if name in family and (child == name or name in above):
            blanket |= family
    blanket.discard(name)
    return blanket
