import torch
from torch import Tensor

# %% right least_squares: the slope of a regression of the path on the score with an intercept, parameter by parameter
def best_coefficient(path, score):
    out = []
    for g, s in zip(path.T, score.T):
        design = torch.stack([s - s.mean(), torch.ones_like(s)], 1)
        out.append(-torch.linalg.lstsq(design, (g - g.mean()).unsqueeze(-1)).solution[0, 0])
    return torch.stack(out)

# %% right three_points: the vertex of the parabola through its values at -1, 0 and 1
def best_coefficient(path, score):
    down, zero, up = ((path + c * score).var(0) for c in (-1.0, 0.0, 1.0))
    return 0.5 * (down - up) / (down - 2 * zero + up)

# %% wrong no_means: the means are not subtracted
def best_coefficient(path, score):
    return -(path * score).sum(0) / score.square().sum(0)

# %% wrong mean_of_score_only: the variance of the score is taken without its mean, the covariance with it
def best_coefficient(path, score):
    return -((path - path.mean(0)) * (score - score.mean(0))).sum(0) / score.square().sum(0)

# %% wrong mixed_divisors: a covariance over R and a variance over R - 1
def best_coefficient(path, score):
    return -((path - path.mean(0)) * (score - score.mean(0))).mean(0) / score.var(0)

# %% wrong one_for_all: one coefficient for all parameters
def best_coefficient(path, score):
    g, s = path - path.mean(0), score - score.mean(0)
    return (-(g * s).sum() / s.square().sum()).expand(path.shape[1])

# %% wrong clamped: kept between -1 and 1
def best_coefficient(path, score):
    g, s = path - path.mean(0), score - score.mean(0)
    return (-(g * s).sum(0) / s.square().sum(0)).clamp(-1, 1)

# %% wrong correlation: minus the correlation, right where both spread equally
def best_coefficient(path, score):
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / (s.square().sum(0) * g.square().sum(0)).sqrt()

# %% wrong ridge: a hundredth is added to the variance of the score
def best_coefficient(path, score):
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).mean(0) / (s.square().mean(0) + 1e-2)

# %% wrong raw_moments: raw moments in single precision, which cancel where the mean is large
def best_coefficient(path, score):
    g, s = path.float(), score.float()
    return (-((g * s).mean(0) - g.mean(0) * s.mean(0)) / (s.square().mean(0) - s.mean(0).square())).to(path.dtype)

# %% wrong grid_search: the best of 301 values between -1.5 and 1.5
def best_coefficient(path, score):
    grid = torch.linspace(-1.5, 1.5, 301, dtype=path.dtype)
    v = torch.stack([(path + c * score).var(0) for c in grid])
    return grid[v.argmin(0)]

# %% wrong joint: regresses each path on the scores of all parameters and keeps its own coefficient
def best_coefficient(path, score):
    g, s = path - path.mean(0), score - score.mean(0)
    return -torch.linalg.pinv(s.T @ s).mm(s.T @ g).diagonal()

# %% wrong half_data: fits on the first half of the replicates
def best_coefficient(path, score):
    path, score = path[: (len(path) + 1) // 2], score[: (len(score) + 1) // 2]
    g, s = path - path.mean(0), score - score.mean(0)
    return -(g * s).sum(0) / s.square().sum(0)

# %% wrong overwrites: centres the score in place
# not told: the returned value is wrong
def best_coefficient(path, score):
    score -= score.mean(0)
    return -((path - path.mean(0)) * score).sum(0) / score.square().sum(0)
