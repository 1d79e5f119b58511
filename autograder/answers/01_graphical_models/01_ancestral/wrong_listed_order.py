"""diagnosis: parent_order"""
def ancestral_sample(parents, draw, n):
    values = {}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents if parent in parents[name]])
    return values
