import math

import torch
from torch import Tensor

# %% wrong guarded_denominator: adds 1e-8 to the variance of the score against a division by zero, which matters when scores are small
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).mean(0) / (s.square().mean(0) + 1e-8)


# %% wrong regression_on_all_scores: regresses each path derivative on the scores of all parameters together and takes the diagonal, which is another coefficient if scores are correlated; right for P = 1
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return -(torch.linalg.pinv(s) @ g).diagonal().clone()


# %% wrong search_in_an_interval: looks for the lowest point of the parabola by golden sections between -10 and 10, though c may lie anywhere, and to no more digits than a flat minimum allows
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    ratio = (math.sqrt(5) - 1) / 2
    low, high = torch.full_like(g[0], -10.0), torch.full_like(g[0], 10.0)
    for _ in range(80):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        left = (g + a * s).var(0) < (g + b * s).var(0)
        high, low = torch.where(left, b, high), torch.where(left, low, a)
    return (low + high) / 2
