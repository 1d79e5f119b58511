"""diagnosis: roots_missing"""


def ancestral_sample(parents, draw, n):
    causes = {name: draw[name](n) for name, above in parents.items() if not above}
    effects = {}
    while len(causes) + len(effects) < len(parents):
        for name, above in parents.items():
            known = {**causes, **effects}
            if name not in known and all(parent in known for parent in above):
                effects[name] = draw[name](n, *[known[parent] for parent in above])
    return effects
