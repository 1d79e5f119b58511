import torch
from torch import Tensor

# %% right rank_one_at_a_time: brings the columns of the factor in one after another by the Sherman-Morrison formula and the matrix determinant lemma
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    precision = scale ** -2
    log_det = 2 * scale.log().sum()
    solved = precision.unsqueeze(-1) * factor
    quadratic = torch.einsum("...d,d,...d->...", v, precision, v)
    for r in range(factor.shape[1]):
        b, u = factor[:, r], solved[:, r].clone()
        grown = 1 + b @ u
        log_det = log_det + grown.log()
        quadratic = quadratic - (v @ u) ** 2 / grown
        solved = solved - torch.outer(u, (u @ factor) / grown)
    return log_det, quadratic

# %% wrong determinant_then_log: takes log(det(M)) of the small matrix, which overflows once M is large in size or entries (hundreds of columns, small scales)
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    S = scale ** -2
    SB = S.unsqueeze(-1) * factor
    M = torch.eye(factor.shape[1], dtype=factor.dtype, device=factor.device) + factor.T @ SB
    w = v @ SB
    quadratic = (v * v * S).sum(-1) - (w * torch.linalg.solve(M, w.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.log(torch.linalg.det(M)) + 2 * scale.log().sum(), quadratic

# %% wrong orthogonal_columns: treats the columns of the factor as orthogonal, so that M is a diagonal and nothing need be solved; right for one column
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    S = scale ** -2
    m = 1 + torch.einsum("dr,d,dr->r", factor, S, factor)
    w = (v * S) @ factor
    return m.log().sum() + 2 * scale.log().sum(), (v * v * S).sum(-1) - (w * w / m).sum(-1)

# %% wrong half_whitened: divides the vectors by the scales and takes the problem for whitened, but projects them on the factor that was not divided; right for scales of one
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    white = factor / scale.unsqueeze(-1)
    L = torch.linalg.cholesky(torch.eye(factor.shape[1], dtype=factor.dtype, device=factor.device) + white.T @ white)
    u = v / scale
    w = u @ factor
    half = torch.linalg.solve_triangular(L, w.unsqueeze(-1), upper=False).squeeze(-1)
    return 2 * L.diagonal().log().sum() + 2 * scale.log().sum(), (u * u).sum(-1) - (half * half).sum(-1)

# %% wrong columns_by_reshape: hands the batch to the solver as columns by a reshape instead of a transpose, which mixes the data; right for one vector or one column of the factor
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    R = factor.shape[1]
    S = scale ** -2
    SB = S.unsqueeze(-1) * factor
    M = torch.eye(R, dtype=factor.dtype, device=factor.device) + factor.T @ SB
    w = v @ SB
    columns = w.reshape(R, -1)
    correction = (columns * torch.linalg.solve(M, columns)).sum(0).reshape(v.shape[:-1])
    L = torch.linalg.cholesky(M)
    return 2 * L.diagonal().log().sum() + 2 * scale.log().sum(), (v * v * S).sum(-1) - correction
