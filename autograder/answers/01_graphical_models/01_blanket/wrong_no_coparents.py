"""diagnosis: no_coparents"""
def markov_blanket(parents, name):
    return set(parents[name]) | {child for child in parents if name in parents[child]}
