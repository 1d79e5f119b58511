# %% right loop_cov: Torch.cov, a parameter at a time.
import torch


def best_coefficient(path, score):
    found = []
    for a, b in zip(path.T, score.T):
        table = torch.cov(torch.stack([a, b]))
        found.append(-table[0, 1] / table[1, 1])
    return torch.stack(found)


# %% right parabola: Three points of the parabola c -> Var(path + c score) give its lowest point.
def best_coefficient(path, score):
    low, middle, high = ((path + c * score).var(0) for c in (-1.0, 0.0, 1.0))
    return (low - high) / (2 * (low - 2 * middle + high))


# %% right regression: Least squares of the path on the score, with an intercept; the best c is minus the slope.
import torch


def best_coefficient(path, score):
    slopes = []
    for j in range(path.shape[1]):
        design = torch.stack([torch.ones_like(score[:, j]), score[:, j]], 1)
        slopes.append(torch.linalg.lstsq(design, path[:, j : j + 1]).solution[1, 0])
    return -torch.stack(slopes)


# %% right vectorized: Centred arrays, one line.
def best_coefficient(path, score):
    centred = score - score.mean(0)
    return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)


# %% wrong correlation, from right loop_cov: This is a correlation. Divide the covariance by the variance of the score, not by two standard deviations.
# diagnosis: correlation
import torch


def best_coefficient(path, score):
    return -torch.stack([torch.corrcoef(torch.stack([a, b]))[0, 1] for a, b in zip(path.T, score.T)])


# %% wrong ddof_mixed, from right parabola: The covariance and the variance divide by different numbers (R and R - 1).
# diagnosis: ddof_mixed
def best_coefficient(path, score):
    cross = ((path - path.mean(0)) * (score - score.mean(0))).mean(0)
    return -cross / score.var(0)


# %% wrong inverted, from right parabola: This divides by the variance of the path. The parabola in c has Var(score) in front of c².
# diagnosis: inverted
def best_coefficient(path, score):
    centred = path - path.mean(0)
    return -(centred * (score - score.mean(0))).sum(0) / centred.square().sum(0)


# %% wrong pooled, from right vectorized: One number for all parameters: each parameter has a best c of its own.
# diagnosis: pooled
#-     return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
#+     pooled = -((path - path.mean(0)) * centred).sum() / centred.square().sum()
#+     return pooled.expand(path.shape[1])


# %% wrong pooled_means, from right parabola: The mean of all numbers was subtracted. Each parameter has a mean of its own: axis 0.
# diagnosis: pooled_means
def best_coefficient(path, score):
    far = score - score.mean()
    return -((path - path.mean()) * far).sum(0) / far.square().sum(0)


# %% wrong product_of_means, from right parabola: The mean of path * score is no covariance yet: subtract the product of their means.
# diagnosis: uncentred
def best_coefficient(path, score):
    return -(path * score).mean(0) / score.var(0)


# %% wrong sign, from right vectorized: The sign is wrong: with this c the variance grows.
# diagnosis: sign
#-     return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
#+     return ((path - path.mean(0)) * centred).mean(0) / centred.square().mean(0)


# %% wrong total, from right vectorized: This is the best factor for total = path + score.
# diagnosis: total_in_place_of_path
def best_coefficient(path, score):
    total = path + score
    centred = score - score.mean(0)
    return -((total - total.mean(0)) * centred).sum(0) / centred.square().sum(0)


# %% wrong uncentred, from right parabola: Means of products were used as they are. A covariance subtracts the means first.
# diagnosis: uncentred
def best_coefficient(path, score):
    return -(path * score).mean(0) / score.square().mean(0)
