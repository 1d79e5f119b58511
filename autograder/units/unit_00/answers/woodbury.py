# %% right cholesky: Cholesky of the small matrix, after scaling the coordinates to unit noise.
import torch


def woodbury(scale, factor, v):
    white, u = factor / scale.unsqueeze(-1), v / scale
    root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
    half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
    return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)


# %% right inverse: The small matrix, inverted by a solve.
import torch


def woodbury(scale, factor, v):
    small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1) ** 2)
    log_det = 2 * scale.log().sum() + torch.logdet(small)
    seen = (v / scale**2) @ factor
    return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)


# %% right library: Torch's LowRankMultivariateNormal, which does the same.
import math

import torch
from torch.distributions import LowRankMultivariateNormal


def woodbury(scale, factor, v):
    normal = LowRankMultivariateNormal(torch.zeros_like(scale), factor, scale**2)
    at_zero = normal.log_prob(torch.zeros_like(scale))
    log_det = -2 * at_zero - len(scale) * math.log(2 * math.pi)
    return log_det, 2 * (at_zero - normal.log_prob(v))


# %% right rank_one: One rank-one update after another.
import torch


def woodbury(scale, factor, v):
    log_det, solved_v = 2 * scale.log().sum(), v / scale**2
    solved = factor / scale.unsqueeze(-1) ** 2
    quadratic = (v * solved_v).sum(-1)
    for r in range(factor.shape[1]):
        b, u = factor[:, r], solved[:, r].clone()
        grown = 1 + b @ u
        log_det = log_det + grown.log()
        quadratic = quadratic - (v @ u) ** 2 / grown
        solved = solved - torch.outer(u, b @ solved) / grown
    return log_det, quadratic


# %% wrong correction_lost, from right inverse: The quadratic form of the diagonal part alone, as if the factor were not there.
# diagnosis: correction_lost
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum() + torch.logdet(small), plain


# %% wrong covariance_form, from right inverse: v' cov v, which needs no inverse and is therefore tempting; a density needs the precision.
# diagnosis: covariance_form
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum() + torch.logdet(small), (v**2 * scale**2).sum(-1) + ((v @ factor) ** 2).sum(-1)


# %% wrong dense, from right cholesky: The D x D matrix is made, because it is two lines: 32 megabytes at D = 2,000, and 800 at 10,000.
# diagnosis: dense
#-     white, u = factor / scale.unsqueeze(-1), v / scale
#-     root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
#-     half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
#-     return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
#+     covariance = torch.diag(scale**2) + factor @ factor.T
#+     return torch.logdet(covariance), (v * torch.linalg.solve(covariance, v.unsqueeze(-1)).squeeze(-1)).sum(-1)


# %% wrong diagonal_lost, from right inverse: The determinant lemma is remembered as det M. The diagonal part is the other factor.
# diagnosis: diagonal_lost
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return torch.logdet(small), plain - correction


# %% wrong half_diagonal, from right inverse: sum log scale instead of twice that: the diagonal holds variances, and scale is their root.
# diagnosis: half_diagonal
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return scale.log().sum() + torch.logdet(small), plain - correction


# %% wrong half_inner, from right inverse: The diagonal of Cholesky's factor is a root of the determinant, and its logarithm counts twice.
# diagnosis: half_inner
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum() + torch.linalg.cholesky(small).diagonal().log().sum(), plain - correction


# %% wrong inner_lost, from right inverse: The log-determinant of the diagonal part alone: without the factor it would be right.
# diagnosis: inner_lost
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum(), plain - correction


# %% wrong inverse_diagonal, from right cholesky: S is the inverse of the diagonal part, so that its log-determinant has the other sign.
# diagnosis: inverse_diagonal
#-     white, u = factor / scale.unsqueeze(-1), v / scale
#-     root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
#-     half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
#-     return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
#+     weights = scale**-2
#+     inner = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (weights.unsqueeze(-1) * factor)
#+     inside = (v * weights) @ factor
#+     log_det = torch.logdet(inner) + weights.log().sum()
#+     return log_det, (v**2 * weights).sum(-1) - (inside * torch.linalg.solve(inner, inside.unsqueeze(-1)).squeeze(-1)).sum(-1)


# %% wrong not_squared, from right cholesky: scale stands for the variance throughout: the covariance has scale^2 on its diagonal.
# diagnosis: scale_not_squared
#-     white, u = factor / scale.unsqueeze(-1), v / scale
#-     root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
#-     half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
#-     return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
#+     small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1))
#+     seen = (v / scale) @ factor
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale).sum(-1)
#+     return scale.log().sum() + torch.logdet(small), plain - correction


# %% wrong over_everything, from right inverse: The batch is summed with the coordinates: right for a single v.
# diagnosis: over_everything
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum() + torch.logdet(small), (plain - correction).sum()


# %% wrong plus, from right inverse: The correction is added. A factor adds variance, and so makes v less surprising, not more.
# diagnosis: plus
#-     log_det = 2 * scale.log().sum() + torch.logdet(small)
#@@
#-     return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
#+     plain = (v**2 / scale**2).sum(-1)
#+     return 2 * scale.log().sum() + torch.logdet(small), plain + correction


# %% wrong product, from right cholesky: The product of 2,000 variances is formed and then its logarithm: it overflows long before.
# diagnosis: product
#-     white, u = factor / scale.unsqueeze(-1), v / scale
#-     root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
#-     half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
#-     return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
#+     weights = scale**-2
#+     inner = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (weights.unsqueeze(-1) * factor)
#+     inside = (v * weights) @ factor
#+     log_det = (torch.det(inner) * (scale**2).prod()).log()
#+     return log_det, (v**2 * weights).sum(-1) - (inside * torch.linalg.solve(inner, inside.unsqueeze(-1)).squeeze(-1)).sum(-1)


# %% wrong unweighted, from right cholesky: Only one S is written in the correction, which has one on both sides of B: v meets the factor unweighted.
# diagnosis: unweighted
#-     white, u = factor / scale.unsqueeze(-1), v / scale
#-     root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
#-     half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
#-     return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
#+     weights = scale**-2
#+     inner = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (weights.unsqueeze(-1) * factor)
#+     inside = v @ factor
#+     log_det = torch.logdet(inner) + 2 * scale.log().sum()
#+     return log_det, (v**2 * weights).sum(-1) - (inside * torch.linalg.solve(inner, inside.unsqueeze(-1)).squeeze(-1)).sum(-1)
