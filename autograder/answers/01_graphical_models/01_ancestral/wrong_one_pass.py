"""diagnosis: missing_nodes"""
def ancestral_sample(parents, draw, n):
    values = {}
    for name, above in parents.items():
        if all(parent in values for parent in above):
            values[name] = draw[name](n, *[values[parent] for parent in above])
    return values
