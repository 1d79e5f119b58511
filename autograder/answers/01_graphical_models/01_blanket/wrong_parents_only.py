"""diagnosis: parents_only"""
def markov_blanket(parents, name):
    return set(parents[name])
