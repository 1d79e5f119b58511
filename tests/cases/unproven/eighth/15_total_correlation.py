import math

import torch
import torch.nn.functional as F
from torch import Tensor

# %% right newton_by_autograd: Newton's method with halved steps, its gradient and Hessian from torch.autograd.functional, on whitened monomials
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    from torch.autograd.functional import hessian, jacobian

    joint, product, fresh, covariance = (part.detach().double() for part in (joint, product, fresh, covariance))
    centre, scale = product.mean(0), product.std(0, correction=0)
    rows, columns = torch.triu_indices(joint.shape[1], joint.shape[1])

    def monomials(z: Tensor) -> Tensor:
        z = (z - centre) / scale
        return torch.cat([torch.ones_like(z[:, :1]), z, z[:, rows] * z[:, columns]], 1)

    a, b = monomials(joint), monomials(product)
    _, triangle = torch.linalg.qr(torch.cat([a / len(a) ** 0.5, b / len(b) ** 0.5]))
    a, b, c = (torch.linalg.solve_triangular(triangle, part, upper=True, left=False) for part in (a, b, monomials(fresh)))

    def loss(w: Tensor) -> Tensor:
        return 0.5 * F.softplus(-(a @ w)).mean() + 0.5 * F.softplus(b @ w).mean()

    w = torch.zeros(a.shape[1], dtype=torch.float64)
    for _ in range(100):
        slope = jacobian(loss, w)
        step = torch.linalg.solve(hessian(loss, w), slope)
        size = 1.0
        while size > 1e-8 and loss(w - size * step) > loss(w) - 1e-4 * size * slope @ step + 1e-15:
            size /= 2
        w = w - size * step
        if step.abs().max() < 1e-12:
            break
    exact = 0.5 * (covariance.diagonal().log().sum() - torch.logdet(covariance))
    return exact, (a @ w).mean(), (c @ w).mean()

# %% wrong pairs_sum: adds up the mutual informations of all pairs of latents, which is the total correlation of two latents and not of three
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    D = joint.shape[1]
    i, j = torch.triu_indices(D, D)
    mean, std = joint.mean(0), joint.std(0)
    features = lambda z: (lambda u: torch.cat([torch.ones_like(u[:, :1]), u, u[:, i] * u[:, j]], 1))((z - mean) / std)
    a, b = features(joint), features(product)
    w = torch.zeros(a.shape[1], dtype=a.dtype)
    objective = lambda w: 0.5 * F.softplus(-a @ w).mean() + 0.5 * F.softplus(b @ w).mean()
    for _ in range(60):
        p, r = torch.sigmoid(a @ w), torch.sigmoid(b @ w)
        g = -0.5 * a.T @ (1 - p) / len(a) + 0.5 * b.T @ r / len(b)
        H = 0.5 * (a.T * (p * (1 - p))) @ a / len(a) + 0.5 * (b.T * (r * (1 - r))) @ b / len(b)
        step, size = torch.linalg.solve(H, g), 1.0
        while size > 1e-6 and objective(w - size * step) > objective(w):
            size /= 2
        w = w - size * step
    rho = covariance / covariance.diagonal().sqrt() / covariance.diagonal().sqrt()[:, None]
    pairs = torch.triu_indices(D, D, 1)
    exact = -0.5 * torch.log1p(-rho[pairs[0], pairs[1]] ** 2).sum()
    return exact, (a @ w).mean(), (features(fresh) @ w).mean()

# %% wrong own_standardization: standardizes the fresh rows by their own mean and scale, so that d is another function there
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    D = joint.shape[1]
    i, j = torch.triu_indices(D, D)

    def features(z: Tensor, like: Tensor) -> Tensor:
        u = (z - like.mean(0)) / like.std(0)
        return torch.cat([torch.ones_like(u[:, :1]), u, u[:, i] * u[:, j]], 1)

    a, b, c = features(joint, joint), features(product, joint), features(fresh, fresh)
    w = torch.zeros(a.shape[1], dtype=a.dtype)
    objective = lambda w: 0.5 * F.softplus(-a @ w).mean() + 0.5 * F.softplus(b @ w).mean()
    for _ in range(60):
        p, r = torch.sigmoid(a @ w), torch.sigmoid(b @ w)
        g = -0.5 * a.T @ (1 - p) / len(a) + 0.5 * b.T @ r / len(b)
        H = 0.5 * (a.T * (p * (1 - p))) @ a / len(a) + 0.5 * (b.T * (r * (1 - r))) @ b / len(b)
        step, size = torch.linalg.solve(H, g), 1.0
        while size > 1e-6 and objective(w - size * step) > objective(w):
            size /= 2
        w = w - size * step
    exact = 0.5 * (covariance.diagonal().log().sum() - torch.linalg.slogdet(covariance)[1])
    return exact, (a @ w).mean(), (c @ w).mean()

# %% wrong normalized_ratio: since exp(d) should be a density ratio, subtracts the log of its mean over the product rows before reading d off
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    D = joint.shape[1]
    i, j = torch.triu_indices(D, D)
    mean, std = joint.mean(0), joint.std(0)
    features = lambda z: (lambda u: torch.cat([torch.ones_like(u[:, :1]), u, u[:, i] * u[:, j]], 1))((z - mean) / std)
    a, b = features(joint), features(product)
    w = torch.zeros(a.shape[1], dtype=a.dtype)
    objective = lambda w: 0.5 * F.softplus(-a @ w).mean() + 0.5 * F.softplus(b @ w).mean()
    for _ in range(60):
        p, r = torch.sigmoid(a @ w), torch.sigmoid(b @ w)
        g = -0.5 * a.T @ (1 - p) / len(a) + 0.5 * b.T @ r / len(b)
        H = 0.5 * (a.T * (p * (1 - p))) @ a / len(a) + 0.5 * (b.T * (r * (1 - r))) @ b / len(b)
        step, size = torch.linalg.solve(H, g), 1.0
        while size > 1e-6 and objective(w - size * step) > objective(w):
            size /= 2
        w = w - size * step
    constant = (b @ w).logsumexp(0) - math.log(len(b))
    exact = 0.5 * (covariance.diagonal().log().sum() - torch.linalg.slogdet(covariance)[1])
    return exact, (a @ w).mean() - constant, (features(fresh) @ w).mean() - constant

# %% wrong penalized: adds the small ridge of the usual library for logistic regression to the loss, on all coefficients but the constant
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    D = joint.shape[1]
    i, j = torch.triu_indices(D, D)
    mean, std = joint.mean(0), joint.std(0)
    features = lambda z: (lambda u: torch.cat([torch.ones_like(u[:, :1]), u, u[:, i] * u[:, j]], 1))((z - mean) / std)
    a, b = features(joint), features(product)
    ridge = torch.full((a.shape[1],), 1.0 / (len(a) + len(b)), dtype=a.dtype)
    ridge[0] = 0
    w = torch.zeros(a.shape[1], dtype=a.dtype)
    objective = lambda w: 0.5 * F.softplus(-a @ w).mean() + 0.5 * F.softplus(b @ w).mean() + 0.5 * (ridge * w**2).sum()
    for _ in range(60):
        p, r = torch.sigmoid(a @ w), torch.sigmoid(b @ w)
        g = -0.5 * a.T @ (1 - p) / len(a) + 0.5 * b.T @ r / len(b) + ridge * w
        H = 0.5 * (a.T * (p * (1 - p))) @ a / len(a) + 0.5 * (b.T * (r * (1 - r))) @ b / len(b) + torch.diag(ridge)
        step, size = torch.linalg.solve(H, g), 1.0
        while size > 1e-6 and objective(w - size * step) > objective(w):
            size /= 2
        w = w - size * step
    exact = 0.5 * (covariance.diagonal().log().sum() - torch.linalg.slogdet(covariance)[1])
    return exact, (a @ w).mean(), (features(fresh) @ w).mean()
