"""diagnosis: too_early"""
def ancestral_sample(parents, draw, n):
    values = {}
    for name in parents:
        values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values
