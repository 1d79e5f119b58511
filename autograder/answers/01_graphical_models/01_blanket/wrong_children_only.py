"""diagnosis: children_only"""
def markov_blanket(parents, name):
    return {child for child in parents if name in parents[child]}
