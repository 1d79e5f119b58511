"""Idiom: rounds over the dictionary; in each, every node whose parents are there."""
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name, above in parents.items():
            if name not in values and all(parent in values for parent in above):
                values[name] = draw[name](n, *[values[parent] for parent in above])
    return values
