"""diagnosis: sign"""


def best_coefficient(path, score):
    centred = score - score.mean(0)
    return ((path - path.mean(0)) * centred).mean(0) / centred.square().mean(0)
