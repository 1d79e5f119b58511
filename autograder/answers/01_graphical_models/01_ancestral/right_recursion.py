"""Idiom: ask the parents first, and remember what was drawn."""
def ancestral_sample(parents, draw, n):
    values = {}

    def value(name):
        if name not in values:
            values[name] = draw[name](n, *map(value, parents[name]))
        return values[name]

    return {name: value(name) for name in parents}
