import numpy as np
import torch


# %% right loop: One vector at a time, Cholesky inside.
def woodbury(scale, factor, v):
    b = factor / scale.unsqueeze(-1)
    root = torch.linalg.cholesky(torch.eye(factor.shape[1], dtype=factor.dtype) + b.T @ b)
    forms = []
    for row in v.reshape(-1, v.shape[-1]):
        w = row / scale
        u = torch.linalg.solve_triangular(root, (b.T @ w).unsqueeze(-1), upper=False)
        forms.append(w @ w - u.square().sum())
    return 2 * scale.log().sum() + 2 * root.diagonal().log().sum(), torch.stack(forms).reshape(
        v.shape[:-1]
    )


# %% right numpy_small: NumPy, with small matrices only.
def woodbury(scale, factor, v):
    d, B, y = scale.numpy(), factor.numpy(), v.numpy()
    M = np.eye(B.shape[1]) + B.T @ (B / d[:, None] ** 2)
    seen = (y / d**2) @ B
    form = (y**2 / d**2).sum(-1) - (seen * np.linalg.solve(M, seen[..., None])[..., 0]).sum(-1)
    return 2 * np.log(d).sum() + np.linalg.slogdet(M)[1], np.asarray(form)


# %% wrong dense_numpy: The D x D matrix is made, in NumPy, where a watch on torch does not see it.
def woodbury(scale, factor, v):
    d, B, y = scale.numpy(), factor.numpy(), v.numpy()
    S = np.diag(d**2) + B @ B.T
    y2 = y.reshape(-1, y.shape[-1])
    form = (y2 * np.linalg.solve(S, y2.T).T).sum(-1).reshape(y.shape[:-1])
    return torch.tensor(np.linalg.slogdet(S)[1]), torch.as_tensor(form)


# %% wrong dense_scipy: The D x D matrix is made by SciPy, and factored there.
from scipy.linalg import cho_factor, cho_solve


def woodbury(scale, factor, v):
    S = factor.numpy() @ factor.numpy().T
    S[np.arange(len(S)), np.arange(len(S))] += scale.numpy() ** 2
    c = cho_factor(S, lower=True)
    y = v.numpy().reshape(-1, len(S))
    form = (y * cho_solve(c, y.T).T).sum(-1).reshape(v.shape[:-1])
    return torch.tensor(2 * np.log(np.diag(c[0])).sum()), torch.as_tensor(form)


# %% wrong destroys: The scales are squared in place.
def woodbury(scale, factor, v):
    scale.pow_(2)
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1))
    seen = (v / scale) @ factor
    form = (v**2 / scale).sum(-1) - (
        seen * torch.linalg.solve(M, seen.unsqueeze(-1)).squeeze(-1)
    ).sum(-1)
    return scale.log().sum() + torch.logdet(M), form


# %% wrong log_det_not_negative: A log-determinant below zero is cut off.
def woodbury(scale, factor, v):
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (
        factor / scale.unsqueeze(-1) ** 2
    )
    seen = (v / scale**2) @ factor
    form = (v**2 / scale**2).sum(-1) - (
        seen * torch.linalg.solve(M, seen.unsqueeze(-1)).squeeze(-1)
    ).sum(-1)
    return (2 * scale.log().sum() + torch.logdet(M)).clamp(min=0), form


# %% wrong scale_floor: Scales below a hundredth are raised to it.
def woodbury(scale, factor, v):
    d = scale.clamp(min=1e-2)
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / d.unsqueeze(-1) ** 2)
    seen = (v / d**2) @ factor
    form = (v**2 / d**2).sum(-1) - (
        seen * torch.linalg.solve(M, seen.unsqueeze(-1)).squeeze(-1)
    ).sum(-1)
    return 2 * d.log().sum() + torch.logdet(M), form


# %% wrong first_factor: Only the first three columns of the factor are used.
def woodbury(scale, factor, v):
    factor = factor[:, :3]
    M = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (
        factor / scale.unsqueeze(-1) ** 2
    )
    seen = (v / scale**2) @ factor
    form = (v**2 / scale**2).sum(-1) - (
        seen * torch.linalg.solve(M, seen.unsqueeze(-1)).squeeze(-1)
    ).sum(-1)
    return 2 * scale.log().sum() + torch.logdet(M), form
