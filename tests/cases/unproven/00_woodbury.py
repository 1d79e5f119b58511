import math
import torch
from torch import Tensor

# %% right qr: a QR factorization of the stacked scaled factor, least squares for the quadratic form
def woodbury(scale, factor, v):
    r = factor.shape[1]
    scaled = factor / scale.unsqueeze(-1)
    upper = torch.linalg.qr(torch.cat([scaled, torch.eye(r, dtype=scale.dtype)]), mode="r").R      # R'R = I + B'SB
    log_det = 2 * scale.abs().log().sum() + 2 * upper.diagonal().abs().log().sum()
    u = v / scale
    w = torch.linalg.solve_triangular(upper.T, (u @ scaled).unsqueeze(-1), upper=False).squeeze(-1)
    return log_det, u.square().sum(-1) - w.square().sum(-1)

# %% right rank_one_updates: one column of the factor after another, by the matrix determinant lemma
def woodbury(scale, factor, v):
    d = scale.square()
    log_det = d.log().sum()
    cols, coef = [], []
    def solve(u):
        out = u / d
        for c, k in zip(cols, coef):
            out = out - k * (u @ c).unsqueeze(-1) * c if u.dim() > 1 else out - k * (u @ c) * c
        return out
    for j in range(factor.shape[1]):
        b = factor[:, j]
        c = solve(b)
        gain = 1 + b @ c
        log_det = log_det + gain.log()
        cols.append(c)
        coef.append(1 / gain)
    return log_det, (v * solve(v)).sum(-1)

# %% wrong determinant: the product of the scales, and its logarithm at the end, zero or infinite for many coordinates
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (si.unsqueeze(-1) * factor)
    log_det = (torch.det(m) * scale.square().prod()).log()
    c = (si * v) @ factor
    return log_det, (si * v * v).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)

# %% wrong diagonal_m: takes M for diagonal, right for R = 1 and for orthogonal columns
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = 1 + (si.unsqueeze(-1) * factor.square()).sum(0)
    c = (si * v) @ factor
    return 2 * scale.log().sum() + m.log().sum(), (si * v * v).sum(-1) - (c.square() / m).sum(-1)

# %% wrong jitter: a jitter of 1e-4 on the variances
def woodbury(scale, factor, v):
    d = scale.square() + 1e-4
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (factor / d.unsqueeze(-1))
    c = (v / d) @ factor
    return d.log().sum() + torch.logdet(m), (v * v / d).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)

# %% wrong dense: makes the D x D matrix
# not told: the numbers are wrong
def woodbury(scale, factor, v):
    sigma = torch.diag(scale.square()) + factor @ factor.T
    w = torch.linalg.solve(sigma, v.reshape(-1, v.shape[-1]).T).T.reshape(v.shape)
    return torch.logdet(sigma), (v * w).sum(-1)

# %% wrong dense_diagonal: only a diagonal matrix is made, as large as the dense one
# not told: the numbers are wrong
def woodbury(scale, factor, v):
    s = torch.diag(scale.square().reciprocal())
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ s @ factor
    c = v @ s @ factor
    return 2 * scale.log().sum() + torch.logdet(m), (v @ s * v).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)

# %% wrong flat_correction: the correction comes back with one flat batch axis, right with exactly one batch axis
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (si.unsqueeze(-1) * factor)
    c = ((si * v) @ factor).reshape(-1, factor.shape[1])
    quad = (si * v * v).sum(-1)
    return 2 * scale.log().sum() + torch.logdet(m), quad - (c * torch.linalg.solve(m, c.T).T).sum(-1)

# %% wrong log_det_per_datum: the log-determinant is repeated for every datum
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (si.unsqueeze(-1) * factor)
    c = (si * v) @ factor
    quad = (si * v * v).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return (2 * scale.log().sum() + torch.logdet(m)).expand_as(quad), quad

# %% wrong clamped: quadratic forms are clamped at one hundredth so that they are positive
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (si.unsqueeze(-1) * factor)
    c = (si * v) @ factor
    quad = (si * v * v).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)
    return 2 * scale.log().sum() + torch.logdet(m), quad.clamp(min=1e-2)

# %% wrong small_noise_limit: leaves the identity out of M, the limit of a large factor
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = factor.T @ (si.unsqueeze(-1) * factor)
    c = (si * v) @ factor
    return 2 * scale.log().sum() + torch.logdet(m), (si * v * v).sum(-1) - (c * torch.linalg.solve(m, c.unsqueeze(-1)).squeeze(-1)).sum(-1)

# %% wrong single_precision: the small system is solved in float32
def woodbury(scale, factor, v):
    si = scale.square().reciprocal()
    m = (torch.eye(factor.shape[1], dtype=scale.dtype) + factor.T @ (si.unsqueeze(-1) * factor)).float()
    c = (si * v) @ factor
    w = torch.linalg.solve(m, c.float().unsqueeze(-1)).squeeze(-1).double()
    return 2 * scale.log().sum() + torch.logdet(m).double(), (si * v * v).sum(-1) - (c * w).sum(-1)
