import torch
from torch import Tensor

# %% right numpy_polyfit: the best coefficient is minus the slope of a straight line fitted to path over score, column by column in numpy
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    import numpy as np

    slopes = []
    for g, s in zip(path.detach().cpu().numpy().T, score.detach().cpu().numpy().T):
        away = s - s.mean()
        scale = np.abs(away).max()
        slopes.append(np.dot(away / scale, g - g.mean()) / np.dot(away / scale, away / scale) / scale)
    return -torch.tensor(np.array(slopes), dtype=path.dtype, device=path.device)

# %% wrong a_grid: tries four hundred values between -2 and 2, reads the least variance off, and has two digits, and an end of the range where the best lies beyond
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    grid = torch.linspace(-2, 2, 401, dtype=path.dtype)
    return grid[torch.stack([(path + c * score).var(0) for c in grid]).argmin(0)]

# %% wrong products_less_means: computes covariance and variance as mean of products less product of means, which cancels to nothing where the means are large
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    covariance = (path * score).mean(0) - path.mean(0) * score.mean(0)
    return -covariance / ((score**2).mean(0) - score.mean(0) ** 2)

# %% wrong a_safe_denominator: adds 1e-6 to the variance of the score so as not to divide by zero, which is no small number beside that of a quiet score
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    away = score - score.mean(0)
    return -((path - path.mean(0)) * away).mean(0) / (away.square().mean(0) + 1e-6)

# %% wrong the_correlation: returns minus the correlation of the two, the coefficient of variables in standard units; right where both have the same variance
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / (g.norm(dim=0) * s.norm(dim=0)).clamp_min(1e-300)
