"""diagnosis: inverted"""


def best_coefficient(path, score):
    centred = path - path.mean(0)
    return -(centred * (score - score.mean(0))).sum(0) / centred.square().sum(0)
