"""diagnosis: ddof_mixed"""


def best_coefficient(path, score):
    cross = ((path - path.mean(0)) * (score - score.mean(0))).mean(0)
    return -cross / score.var(0)
