import math
import numpy as np
import torch
from torch import Tensor
from torch.distributions import LowRankMultivariateNormal


# %% right thin_svd: singular values of the whitened factor
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    U, s, _ = torch.linalg.svd(factor / scale.unsqueeze(-1), full_matrices=False)
    u = v / scale
    along = u @ U
    keep = s**2 / (1 + s**2)
    return 2 * scale.log().sum() + torch.log1p(s**2).sum(), (u**2).sum(-1) - (along**2 * keep).sum(-1)


# %% right rank_one_updates: Sherman and Morrison, one column of the factor after another
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    s = scale**-2
    directions, weights = [], []

    def solve(b):                                             # Sigma_so_far^-1 b, for b (..., D)
        out = b * s
        for u, c in zip(directions, weights):
            out = out - (b @ u).unsqueeze(-1) * u * c
        return out

    log_det = (scale**2).log().sum()
    for column in factor.unbind(-1):
        u = solve(column)
        one_plus = 1 + column @ u
        log_det = log_det + one_plus.log()
        directions.append(u)
        weights.append(1 / one_plus)
    return log_det, (solve(v) * v).sum(-1)


# %% right library: torch's low-rank normal, read backwards from its log-density
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    D = scale.shape[0]
    normal = LowRankMultivariateNormal(torch.zeros_like(scale), factor, scale.square())
    at_zero = normal.log_prob(torch.zeros_like(scale))
    return -2 * at_zero - D * math.log(2 * math.pi), 2 * (at_zero - normal.log_prob(v))


# %% wrong torch_diag: right numbers, but torch.diag(scale) is D by D
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    S = torch.diag(scale**-2)
    SB = S @ factor
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ SB
    b = v @ SB
    quad = (v**2 * scale**-2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad


# %% wrong hidden_in_numpy: the D by D matrix is made in NumPy, where torch does not see it
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    s, B, V = scale.detach().numpy(), factor.detach().numpy(), v.detach().numpy()
    S = np.diag(s**2) + B @ B.T
    y = np.linalg.solve(S, V.reshape(-1, s.size).T).T.reshape(V.shape)
    return torch.tensor(np.linalg.slogdet(S)[1]), torch.tensor((V * y).sum(-1))


# %% wrong det_then_log: takes det M and its logarithm, and overflows for large or many factors
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    M = torch.eye(A.shape[1], dtype=A.dtype) + A.T @ A
    u = v / scale
    b = u @ A
    quad = (u**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.linalg.det(M).log() + 2 * scale.log().sum(), quad


# %% wrong product_of_scales: log of the product of the variances, zero or infinite for large D
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    M = torch.eye(A.shape[1], dtype=A.dtype) + A.T @ A
    u = v / scale
    b = u @ A
    quad = (u**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.linalg.slogdet(M).logabsdet + 2 * scale.prod().log(), quad


# %% wrong jitter: adds 1e-6 to the diagonal of M, which needs none
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    M = (1 + 1e-6) * torch.eye(A.shape[1], dtype=A.dtype) + A.T @ A
    L = torch.linalg.cholesky(M)
    u = v / scale
    w = torch.linalg.solve_triangular(L, (u @ A).unsqueeze(-1), upper=False).squeeze(-1)
    return 2 * L.diagonal().log().sum() + 2 * scale.log().sum(), (u**2).sum(-1) - (w**2).sum(-1)


# %% wrong scaled_once: M is made with the standard deviation in place of the variance
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    S = 1 / scale
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (S.unsqueeze(-1) * factor)
    b = (v * S**2) @ factor
    quad = (v**2 * S**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad


# %% wrong orthogonal_columns: keeps the diagonal of M only, right for R = 1 or orthogonal columns
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    m = 1 + (A**2).sum(0)
    u = v / scale
    b = u @ A
    return m.log().sum() + 2 * scale.log().sum(), (u**2).sum(-1) - (b**2 / m).sum(-1)


# %% wrong scrambled_batch: solves for all vectors as columns, and reshapes them to rows without transposing
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    R = A.shape[1]
    M = torch.eye(R, dtype=A.dtype) + A.T @ A
    u = (v / scale).reshape(-1, len(scale))
    b = u @ A
    y = torch.linalg.solve(M, b.T).reshape(-1, R)
    quad = (u**2).sum(-1) - (b * y).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad.reshape(v.shape[:-1])


# %% wrong whitens_in_place: divides the caller's factor by the scales
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    factor.div_(scale.unsqueeze(-1))
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ factor
    u = v / scale
    b = u @ factor
    quad = (u**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad


# %% wrong clamped_scale: standard deviations below 1e-3 are raised to it
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scale = scale.clamp(min=1e-3)
    A = factor / scale.unsqueeze(-1)
    M = torch.eye(A.shape[1], dtype=A.dtype) + A.T @ A
    u = v / scale
    b = u @ A
    quad = (u**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad


# %% wrong squeezed: a batch of one loses its axis
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = factor / scale.unsqueeze(-1)
    M = torch.eye(A.shape[1], dtype=A.dtype) + A.T @ A
    u = v / scale
    b = u @ A
    quad = (u**2).sum(-1) - (b * torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.logdet(M) + 2 * scale.log().sum(), quad.squeeze()


# %% wrong single_precision: M and its solution in float32
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    A = (factor / scale.unsqueeze(-1)).float()
    M = torch.eye(A.shape[1]) + A.T @ A
    u = v / scale
    b = u.float() @ A
    y = torch.linalg.solve(M, b.unsqueeze(-1)).squeeze(-1)
    return torch.logdet(M).to(v.dtype) + 2 * scale.log().sum(), (u**2).sum(-1) - (b * y).sum(-1).to(v.dtype)


# %% wrong leading_direction: keeps only the largest singular direction of the factor
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    U, s, _ = torch.linalg.svd(factor / scale.unsqueeze(-1), full_matrices=False)
    big = s > 0.05 * s[0]
    U, s = U[:, big], s[big]
    u = v / scale
    return 2 * scale.log().sum() + torch.log1p(s**2).sum(), (u**2).sum(-1) - ((u @ U) ** 2 * (s**2 / (1 + s**2))).sum(-1)
