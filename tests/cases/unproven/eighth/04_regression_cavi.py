import math

import torch
from torch import Tensor

# %% right singular_values: everything from one full SVD of the features, and the bound as expected likelihood minus two KLs, that of the Gammas by torch.distributions
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    N, D = features.shape
    U, s, Vt = torch.linalg.svd(features, full_matrices=True)
    energy, seen = features.new_zeros(D), features.new_zeros(D)
    k = len(s)
    energy[:k] = s.square()
    seen[:k] = s * (U.T @ y)[:k]
    precision = alpha + mean_tau * energy
    loc = torch.einsum("kd,k->d", Vt, mean_tau * seen / precision)
    covariance = torch.einsum("kd,k,ke->de", Vt, 1 / precision, Vt)
    residual = (y - features @ loc).square().sum() + (energy / precision).sum()
    gamma = torch.distributions.Gamma(features.new_tensor(float(shape)), features.new_tensor(float(rate)))
    q_tau = torch.distributions.Gamma(gamma.concentration + N / 2, gamma.rate + residual / 2)
    mean_log = torch.digamma(q_tau.concentration) - q_tau.rate.log()
    likelihood = 0.5 * N * (mean_log - math.log(2 * math.pi)) - 0.5 * q_tau.mean * residual
    kl_w = 0.5 * (alpha * (loc.square().sum() + (1 / precision).sum()) - D + (precision / alpha).log().sum())
    return loc, covariance, q_tau.concentration, q_tau.rate, likelihood - kl_w - torch.distributions.kl_divergence(q_tau, gamma)

# %% wrong variances_alone: the spread of the fit is taken from the variances of the weights, without their covariances; right for orthogonal features
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    N, D = features.shape
    precision = alpha * torch.eye(D, dtype=y.dtype, device=y.device) + mean_tau * features.T @ features
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    residual = (y - features @ loc).square().sum() + (features.square() @ covariance.diagonal()).sum()
    a, b = y.new_tensor(shape + N / 2), rate + residual / 2
    mean_log = torch.digamma(a) - b.log()
    bound = 0.5 * N * (mean_log - math.log(2 * math.pi)) - 0.5 * a / b * residual
    bound = bound + 0.5 * D * math.log(alpha) - 0.5 * alpha * (loc.square().sum() + covariance.trace()) + 0.5 * D - 0.5 * torch.logdet(precision)
    bound = bound + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * mean_log - rate * a / b
    bound = bound + a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    return loc, covariance, a, b, bound

# %% wrong safe_inverse: a small number on the diagonal before the inverse is taken, "in case D is above N"; alpha is there for that, and may be as small as 0.001
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    N, D = features.shape
    eye = torch.eye(D, dtype=y.dtype, device=y.device)
    precision = alpha * eye + mean_tau * features.T @ features + 1e-6 * eye
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    residual = (y - features @ loc).square().sum() + torch.einsum("nd,de,ne->", features, covariance, features)
    a, b = y.new_tensor(shape + N / 2), rate + residual / 2
    mean_log = torch.digamma(a) - b.log()
    bound = 0.5 * N * (mean_log - math.log(2 * math.pi)) - 0.5 * a / b * residual
    bound = bound + 0.5 * D * math.log(alpha) - 0.5 * alpha * (loc.square().sum() + covariance.trace()) + 0.5 * D - 0.5 * torch.logdet(precision)
    bound = bound + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * mean_log - rate * a / b
    bound = bound + a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    return loc, covariance, a, b, bound

# %% wrong identity_at_rest: the two quadratic terms of w are merged by the normal equations, which hold for the tau with which q(w) was made and not for the new one; right when nothing moves any more
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    N, D = features.shape
    precision = alpha * torch.eye(D, dtype=y.dtype, device=y.device) + mean_tau * features.T @ features
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    residual = (y - features @ loc).square().sum() + torch.einsum("nd,de,ne->", features, covariance, features)
    a, b = y.new_tensor(shape + N / 2), rate + residual / 2
    mean_log = torch.digamma(a) - b.log()
    merged = a / b * (y @ y - y @ features @ loc) + D         # E tau E|y - Fw|^2 + alpha E|w|^2
    bound = 0.5 * N * (mean_log - math.log(2 * math.pi)) - 0.5 * merged + 0.5 * D * math.log(alpha) + 0.5 * D - 0.5 * torch.logdet(precision)
    bound = bound + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * mean_log - rate * a / b
    bound = bound + a - b.log() + torch.lgamma(a) + (1 - a) * torch.digamma(a)
    return loc, covariance, a, b, bound

# %% wrong digamma_from_memory: E log tau under likelihood and prior by log a - 1/(2a) - log b, the first two terms of the digamma function, beside a library's exact entropy; good for many data
def regression_cavi(
    features: Tensor, y: Tensor, alpha: float, shape: float, rate: float, mean_tau: float
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    N, D = features.shape
    precision = alpha * torch.eye(D, dtype=y.dtype, device=y.device) + mean_tau * features.T @ features
    covariance = torch.linalg.inv(precision)
    loc = mean_tau * covariance @ features.T @ y
    residual = (y - features @ loc).square().sum() + torch.einsum("nd,de,ne->", features, covariance, features)
    a, b = y.new_tensor(shape + N / 2), rate + residual / 2
    mean_log = a.log() - 1 / (2 * a) - b.log()
    bound = 0.5 * N * (mean_log - math.log(2 * math.pi)) - 0.5 * a / b * residual
    bound = bound + 0.5 * D * math.log(alpha) - 0.5 * alpha * (loc.square().sum() + covariance.trace()) + 0.5 * D - 0.5 * torch.logdet(precision)
    bound = bound + shape * math.log(rate) - math.lgamma(shape) + (shape - 1) * mean_log - rate * a / b
    bound = bound + torch.distributions.Gamma(a, b).entropy()
    return loc, covariance, a, b, bound
