"""diagnosis: connected"""
def markov_blanket(parents, name):
    return set(parents) - {name}
