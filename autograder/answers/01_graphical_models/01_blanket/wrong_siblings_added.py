"""diagnosis: siblings"""
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    coparents = {parent for child in children for parent in parents[child]}
    siblings = {other for other in parents if set(parents[other]) & set(parents[name])}
    return (set(parents[name]) | children | coparents | siblings) - {name}
