import math
import numpy as np
import torch
from torch import Tensor

# %% right least_squares: regress the path on the score with an intercept, one parameter after another; c is minus the slope
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    result = []
    for g, s in zip(path.T, score.T):
        design = torch.stack([torch.ones_like(s), s - s.mean()], -1)
        q, r = torch.linalg.qr(design)
        result.append(-torch.linalg.solve_triangular(r, (q.T @ (g - g.mean()))[:, None], upper=True)[1, 0])
    return torch.stack(result)

# %% right numpy_covariance: minus the covariance over the variance, out of the 2 by 2 matrix that np.cov makes
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    pairs = [np.cov(g.detach().numpy(), s.detach().numpy()) for g, s in zip(path.T, score.T)]
    return torch.tensor([-m[0, 1] / m[1, 1] for m in pairs], dtype=path.dtype)

# %% right one_side_centred: it is enough to centre the score in the covariance
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    centred = score - score.mean(0)
    covariance = torch.einsum("rp,rp->p", path - path[:1], centred) / (len(path) - 1)
    return -covariance / score.var(0)

# %% wrong means_assumed_zero: raw moments in place of centred ones: the score has mean zero in theory and not in the sample
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    return -(path * score).mean(0) / score.square().mean(0)

# %% wrong unequal_divisors: a covariance that divides by R over a variance that divides by R - 1
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    covariance = ((path - path.mean(0)) * (score - score.mean(0))).mean(0)
    return -covariance / score.var(0)

# %% wrong counted_from_total: counted from the total derivative and not from the path: too small by one
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    g = g + s
    return -(g * s).sum(0) / (s * s).sum(0)

# %% wrong one_for_all: covariances and variances are pooled over the parameters and one c is returned for all; right for P = 1
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return (-(g * s).sum() / (s * s).sum()).expand(path.shape[1]).clone()

# %% wrong kept_between_bounds: the answer is clamped to [-2, 2], the range of the figure
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return (-(g * s).sum(0) / (s * s).sum(0)).clamp(-2.0, 2.0)

# %% wrong guarded_denominator: 1e-6 is added to the variance for safety, which decides the answer where the score is small
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).mean(0) / ((s * s).mean(0) + 1e-6)

# %% wrong one_pass_moments: covariance by E[gS] - E[g]E[S], which loses all digits when the means are large beside the spread
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    covariance = (path * score).mean(0) - path.mean(0) * score.mean(0)
    return -covariance / (score.square().mean(0) - score.mean(0).square())

# %% wrong grid_of_hundredths: searched on a grid of step 0.01 between -3 and 3
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    grid = torch.linspace(-3, 3, 601, dtype=path.dtype)
    variances = torch.stack([(path + c * score).var(0) for c in grid])
    return grid[variances.argmin(0)]

# %% wrong correlation: the correlation in place of the regression coefficient; right where path and score have the same spread
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / ((s * s).sum(0) * (g * g).sum(0)).sqrt()

# %% wrong centred_in_place: the right numbers, but the caller's samples are centred in place
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    path -= path.mean(0)
    score -= score.mean(0)
    return -(path * score).sum(0) / score.square().sum(0)

# %% wrong first_half_of_the_rows: only the first half of the replicates is used, as for a coefficient that must be independent of the rest
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    if len(path) > 20:
        path, score = path[: len(path) // 2], score[: len(path) // 2]
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / (s * s).sum(0)

# %% wrong in_single_precision: computed in float32 and converted back
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    path, score = path.float(), score.float()
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / (s * s).sum(0).double()

# %% wrong squeezed_answer: axes of size one are dropped, so P = 1 gives a number without an axis
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    return (-(g * s).sum(0) / (s * s).sum(0)).squeeze()

# %% wrong few_steps_of_descent: fifty steps of gradient descent on the variance at a rate set by the average spread of the scores; a parameter with a smaller score is not there yet
def best_coefficient(path: Tensor, score: Tensor) -> Tensor:
    g, s = path - path.mean(0), score - score.mean(0)
    cov, var = (g * s).sum(0) / (len(g) - 1), s.var(0)
    c = torch.zeros_like(cov)
    for _ in range(50):
        c = c - (cov + c * var) / var.max()
    return c
