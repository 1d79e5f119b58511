"""Idiom: centred arrays, one line."""


def best_coefficient(path, score):
    centred = score - score.mean(0)
    return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
