"""Idiom: count the parents still missing; a node is ready when none is."""
from collections import deque


def ancestral_sample(parents, draw, n):
    missing = {name: len(above) for name, above in parents.items()}
    ready, values = deque(name for name, count in missing.items() if count == 0), {}
    while ready:
        name = ready.popleft()
        values[name] = draw[name](n, *[values[p] for p in parents[name]])
        for child, above in parents.items():
            if name in above:
                missing[child] -= 1
                if missing[child] == 0:
                    ready.append(child)
    return values
