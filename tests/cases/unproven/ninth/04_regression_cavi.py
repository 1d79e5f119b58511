import math

import torch
from torch import Tensor


def _elbo(features, y, alpha, shape, rate, loc, log_det, trace, a, b, squares):
    N, D = features.shape
    mean_tau = a / b
    log_tau = torch.digamma(a) - b.log()
    return (
        0.5 * N * (log_tau - math.log(2 * math.pi)) - 0.5 * mean_tau * squares
        + 0.5 * D * math.log(alpha) - 0.5 * alpha * (loc @ loc + trace)
        + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * mean_tau
        + 0.5 * D + 0.5 * log_det
        + a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    )


# %% wrong determinant_before_logarithm: takes the logarithm of the determinant of the covariance, which is zero in double precision for some hundred weights with a strong prior
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    covariance = torch.linalg.inv(alpha * torch.eye(D, dtype=y.dtype) + mean_tau * features.T @ features)
    loc = mean_tau * covariance @ features.T @ y
    squares = (y - features @ loc).square().sum() + (features @ covariance * features).sum()
    a, b = torch.tensor(shape + N / 2, dtype=y.dtype), rate + 0.5 * squares
    log_det = torch.linalg.det(covariance).log()
    return loc, covariance, a, b, _elbo(features, y, alpha, shape, rate, loc, log_det, covariance.trace(), a, b, squares)


# %% wrong variances_of_weights_alone: adds to the squared residuals the variances of the weights times squared features, without the covariances between weights; right for one feature or orthogonal ones
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    precision = alpha * torch.eye(D, dtype=y.dtype) + mean_tau * features.T @ features
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    squares = (y - features @ loc).square().sum() + (features.square() @ covariance.diagonal()).sum()
    a, b = torch.tensor(shape + N / 2, dtype=y.dtype), rate + 0.5 * squares
    log_det = -torch.linalg.slogdet(precision)[1]
    return loc, covariance, a, b, _elbo(features, y, alpha, shape, rate, loc, log_det, covariance.trace(), a, b, squares)


# %% wrong bound_at_rest: simplifies the quadratic terms of the ELBO with the identity of q(w) at the new mean of tau, which holds only once mean_tau no longer moves
def regression_cavi(features, y, alpha, shape, rate, mean_tau):
    N, D = features.shape
    precision = alpha * torch.eye(D, dtype=y.dtype) + mean_tau * features.T @ features
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    residual = y - features @ loc
    a = torch.tensor(shape + N / 2, dtype=y.dtype)
    b = rate + 0.5 * (residual.square().sum() + (features @ covariance * features).sum())
    log_tau, new_tau = torch.digamma(a) - b.log(), a / b
    # 1/2 tau E|y - Fw|^2 + 1/2 alpha E|w|^2 = 1/2 tau y'(y - Fm) + D/2, and the D/2 cancels in the entropy
    elbo = (
        0.5 * N * (log_tau - math.log(2 * math.pi)) - 0.5 * new_tau * (y @ residual)
        + 0.5 * D * math.log(alpha) - 0.5 * torch.linalg.slogdet(precision)[1]
        + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * log_tau - rate * new_tau
        + a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    )
    return loc, covariance, a, b, elbo
