"""diagnosis: redrawn"""
def ancestral_sample(parents, draw, n):
    def value(name):
        return draw[name](n, *[value(parent) for parent in parents[name]])

    return {name: value(name) for name in parents}
