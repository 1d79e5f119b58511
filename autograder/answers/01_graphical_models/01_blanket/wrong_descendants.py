"""diagnosis: descendants"""
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    coparents = {parent for child in children for parent in parents[child]}
    below = set(children)
    while True:
        more = {node for node in parents if set(parents[node]) & below} - below
        if not more:
            break
        below |= more
    return (set(parents[name]) | below | coparents) - {name}
