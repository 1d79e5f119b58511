"""diagnosis: uncentred"""


def best_coefficient(path, score):
    return -(path * score).mean(0) / score.var(0)
