import numpy as np
import torch


# %% right polyfit: Minus the slope of a regression, parameter by parameter; a list.
def best_coefficient(path, score):
    return [-float(np.polyfit(s, g, 1)[0]) for s, g in zip(score.T.numpy(), path.T.numpy())]


# %% wrong first_thousand: Only the first thousand samples are used.
def best_coefficient(path, score):
    path, score = path[:1000], score[:1000]
    s = score - score.mean(0)
    return -((path - path.mean(0)) * s).mean(0) / s.square().mean(0)


# %% wrong destroys: The score is centred in place.
def best_coefficient(path, score):
    score -= score.mean(0)
    return -((path - path.mean(0)) * score).mean(0) / score.square().mean(0)
