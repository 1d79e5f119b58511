"""diagnosis: pooled"""


def best_coefficient(path, score):
    centred = score - score.mean(0)
    pooled = -((path - path.mean(0)) * centred).sum() / centred.square().sum()
    return pooled.expand(path.shape[1])
