"""diagnosis: one_draw"""
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](1, *[values[parent] for parent in parents[name]])
    return {name: value.expand(n) for name, value in values.items()}
