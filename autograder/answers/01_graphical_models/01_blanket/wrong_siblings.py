"""diagnosis: siblings"""
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | siblings) - {name}
