"""diagnosis: self_included"""
def markov_blanket(parents, name):
    children = {child for child in parents if name in parents[child]}
    return set(parents[name]) | children | {parent for child in children for parent in parents[child]}
