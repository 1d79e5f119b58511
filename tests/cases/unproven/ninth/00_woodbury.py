import torch
from torch import Tensor

# %% wrong determinant_before_logarithm: takes the logarithm of the determinant of the small matrix, which overflows when the rank is some dozens and the factor large
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scaled = factor / scale.unsqueeze(-1)
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + scaled.T @ scaled
    u = v / scale
    w = u @ scaled
    inner = (w * torch.linalg.solve(M, w.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return torch.linalg.det(M).log() + 2 * scale.log().sum(), u.square().sum(-1) - inner


# %% wrong triangular_solve_transposed: solves with the transpose of the Cholesky factor for the quadratic form, so it is the norm with M from the wrong factorization; right for R = 1
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scaled = factor / scale.unsqueeze(-1)
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + scaled.T @ scaled
    L = torch.linalg.cholesky(M)
    u = v / scale
    w = torch.linalg.solve_triangular(L.T, (u @ scaled).unsqueeze(-1), upper=True).squeeze(-1)
    return 2 * L.diagonal().log().sum() + 2 * scale.log().sum(), u.square().sum(-1) - w.square().sum(-1)


# %% wrong conjugate_gradients_stopped: solves with 15 steps of conjugate gradients, which are exact only for few different scales and small rank; the log-determinant is right
def woodbury(scale: Tensor, factor: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    scaled = factor / scale.unsqueeze(-1)
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + scaled.T @ scaled
    s = torch.zeros_like(v)
    r = v.clone()
    d = r.clone()
    rr = r.square().sum(-1, keepdim=True)
    for _ in range(15):
        Ad = scale.square() * d + (d @ factor) @ factor.T
        a = rr / (d * Ad).sum(-1, keepdim=True).clamp_min(1e-300)
        s, r = s + a * d, r - a * Ad
        new = r.square().sum(-1, keepdim=True)
        d = r + new / rr.clamp_min(1e-300) * d
        rr = new
    return torch.linalg.slogdet(M)[1] + 2 * scale.log().sum(), (v * s).sum(-1)
