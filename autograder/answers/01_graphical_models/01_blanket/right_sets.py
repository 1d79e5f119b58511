"""Idiom: three unions, and the node taken out."""
def markov_blanket(parents, name):
    children = {child for child, above in parents.items() if name in above}
    coparents = {parent for child in children for parent in parents[child]}
    return (set(parents[name]) | children | coparents) - {name}
