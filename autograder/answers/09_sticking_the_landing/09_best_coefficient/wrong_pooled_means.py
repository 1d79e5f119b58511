"""diagnosis: pooled_means"""


def best_coefficient(path, score):
    far = score - score.mean()
    return -((path - path.mean()) * far).sum(0) / far.square().sum(0)
