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


# %% wrong correlation, from right loop_cov: The covariance was divided by both standard deviations: a correlation has no units, while c must scale the score to the path.
# diagnosis: correlation
import torch


def best_coefficient(path, score):
    return -torch.stack([torch.corrcoef(torch.stack([a, b]))[0, 1] for a, b in zip(path.T, score.T)])


# %% wrong ddof_mixed, from right parabola: The covariance is a mean over R, and torch's var divides by R - 1: off by one part in R, which looks like sampling error.
# diagnosis: ddof_mixed
def best_coefficient(path, score):
    cross = ((path - path.mean(0)) * (score - score.mean(0))).mean(0)
    return -cross / score.var(0)


# %% wrong inverted, from right parabola: Regresses the score on the path: which of the two variances belongs below the line is easily mixed up.
# diagnosis: inverted
def best_coefficient(path, score):
    centred = path - path.mean(0)
    return -(centred * (score - score.mean(0))).sum(0) / centred.square().sum(0)


# %% wrong pooled, from right vectorized: One c for all parameters, by a sum over both axes: allowed as an estimator, but not the best for each parameter.
# diagnosis: pooled
#-     return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
#+     pooled = -((path - path.mean(0)) * centred).sum() / centred.square().sum()
#+     return pooled.expand(path.shape[1])


# %% wrong pooled_means, from right parabola: mean() without an axis centres every column at the mean of all of them, and leaves each column's own mean in.
# diagnosis: pooled_means
def best_coefficient(path, score):
    far = score - score.mean()
    return -((path - path.mean()) * far).sum(0) / far.square().sum(0)


# %% wrong product_of_means, from right parabola: The mean of the products stands for a covariance: true only where the score has mean zero, which no sample has.
# diagnosis: uncentred
def best_coefficient(path, score):
    return -(path * score).mean(0) / score.var(0)


# %% wrong sign, from right vectorized: The minus was lost: at plus Cov / Var the variance grows. A regression's slope is this number, and c is minus the slope.
# diagnosis: sign
#-     return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
#+     return ((path - path.mean(0)) * centred).mean(0) / centred.square().mean(0)


# %% wrong total, from right vectorized: Solved for total + c S: the familiar formula, measured from the wrong end, comes out one too small.
# diagnosis: total_in_place_of_path
def best_coefficient(path, score):
    total = path + score
    centred = score - score.mean(0)
    return -((total - total.mean(0)) * centred).sum(0) / centred.square().sum(0)


# %% wrong uncentred, from right parabola: Raw second moments above and below, because the score has mean zero in theory: in 40 samples it has not.
# diagnosis: uncentred
def best_coefficient(path, score):
    return -(path * score).mean(0) / score.square().mean(0)


# %% wrong means_of_products, from right vectorized: Mean of products less product of means, above and below: the same on paper, and nothing is left of it where means are large.
# diagnosis: value or described
#-     centred = score - score.mean(0)
#-     return -((path - path.mean(0)) * centred).sum(0) / centred.square().sum(0)
#+     covariance = (path * score).mean(0) - path.mean(0) * score.mean(0)
#+     return -covariance / (score.square().mean(0) - score.mean(0) ** 2)
