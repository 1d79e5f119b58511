"""Idiom: a list in the order of the graph."""
def markov_blanket(parents, name):
    children = [child for child in parents if name in parents[child]]
    found = []
    for other in parents:
        if other == name:
            continue
        if other in parents[name] or other in children or any(other in parents[child] for child in children):
            found.append(other)
    return found
