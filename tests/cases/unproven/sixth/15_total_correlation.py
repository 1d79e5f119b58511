import math
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def exact(covariance):
    return 0.5 * (covariance.diagonal().log().sum() - torch.linalg.slogdet(covariance)[1])


def features(z):
    D = z.shape[1]
    i, j = torch.triu_indices(D, D)
    return torch.cat([torch.ones_like(z[:, :1]), z, z[:, i] * z[:, j]], 1)


def newton(A, B, wa, wb, steps=60, ridge=0.0):
    """Weighted logistic regression of rows of A (weights wa) against rows of B (wb), damped Newton."""
    X = torch.cat([A, B])
    t = torch.cat([torch.ones(len(A)), torch.zeros(len(B))]).to(X)
    w = torch.cat([torch.full((len(A),), wa), torch.full((len(B),), wb)]).to(X)
    theta = torch.zeros(X.shape[1]).to(X)
    loss = lambda th: (w * (F.softplus(X @ th) - t * (X @ th))).sum() + 0.5 * ridge * th.square().sum()
    for _ in range(steps):
        p = torch.sigmoid(X @ theta)
        g = X.T @ (w * (p - t)) + ridge * theta
        H = (X * (w * p * (1 - p))[:, None]).T @ X + ridge * torch.eye(X.shape[1]).to(X)
        d = torch.linalg.lstsq(H, g[:, None]).solution[:, 0]
        size, now = 1.0, loss(theta)
        while loss(theta - size * d) > now + 1e-13 and size > 1e-6:
            size /= 2
        theta = theta - size * d
        if d.abs().max() < 1e-12:
            break
    return theta

# %% right damped_newton: common whitening of all rows, then Newton
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% right scipy_trust_region: numpy with loops for the features, SciPy's trust-exact with gradient and Hessian
def total_correlations(joint, product, fresh, covariance):
    from scipy.optimize import minimize
    from scipy.special import expit
    z = [x.numpy() for x in (joint, product, fresh)]
    both = np.concatenate(z[:2])
    m, s = both.mean(0), both.std(0)
    def phi(x):
        u = (x - m) / s
        columns = [np.ones(len(u))]
        for i in range(u.shape[1]):
            columns.append(u[:, i])
            for j in range(i + 1):
                columns.append(u[:, i] * u[:, j])
        return np.stack(columns, 1)
    A, B, C = map(phi, z)
    f = lambda t: 0.5 * np.logaddexp(0, -A @ t).mean() + 0.5 * np.logaddexp(0, B @ t).mean()
    g = lambda t: -0.5 * A.T @ expit(-A @ t) / len(A) + 0.5 * B.T @ expit(B @ t) / len(B)
    def h(t):
        a, b = expit(A @ t), expit(B @ t)
        return 0.5 * (A.T * (a * (1 - a))) @ A / len(A) + 0.5 * (B.T * (b * (1 - b))) @ B / len(B)
    t = minimize(f, np.zeros(A.shape[1]), jac=g, hess=h, method="trust-exact", options={"gtol": 1e-9}).x
    for _ in range(3):
        t = t - np.linalg.solve(h(t), g(t))
    cov = covariance.numpy()
    scale = np.sqrt(np.diag(cov))
    tc = -0.5 * np.linalg.slogdet(cov / np.outer(scale, scale))[1]
    return torch.tensor(tc), torch.tensor((A @ t).mean()), torch.tensor((C @ t).mean())

# %% right shifted_bias: unweighted regression gives another d, so weights: L-BFGS by torch on QR-orthonormal features, polished by Newton through autograd
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    R = torch.linalg.qr(torch.cat([A / len(A) ** 0.5, B / len(B) ** 0.5]))[1]
    A, B, C = (torch.linalg.solve_triangular(R, X, upper=True, left=False) for X in (A, B, C))
    def loss(t):
        return 0.5 * F.softplus(-(A @ t)).mean() + 0.5 * F.softplus(B @ t).mean()
    t = torch.zeros(A.shape[1], dtype=A.dtype, requires_grad=True)
    opt = torch.optim.LBFGS([t], max_iter=500, tolerance_grad=1e-9, tolerance_change=1e-14, line_search_fn="strong_wolfe")
    def closure():
        opt.zero_grad()
        value = loss(t)
        value.backward()
        return value
    opt.step(closure)
    t = t.detach()
    for _ in range(4):
        g = torch.func.grad(loss)(t)
        t = t - torch.linalg.solve(torch.func.hessian(loss)(t), g)
    root = torch.linalg.cholesky(covariance)
    tc = (root.square().sum(1).sqrt().log() - root.diagonal().log()).sum()
    return tc, (A @ t).mean(), (C @ t).mean()

# %% wrong every_row_alike: mean over all rows together; with N other than M the estimate is off by log(N / M) and more
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 1 / len(both), 1 / len(both))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong every_row_alike_bias_corrected: the same, then subtracts log(N / M); the population's ratio is right, the minimum of the given loss is another
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 1 / len(both), 1 / len(both))
    shift = math.log(len(joint) / len(product))
    return exact(covariance), (A @ theta).mean() - shift, (C @ theta).mean() - shift

# %% wrong cut_to_equal_numbers: cuts joint and product to the same number of rows; rows are thrown away
def total_correlations(joint, product, fresh, covariance):
    rows = min(len(joint), len(product))
    joint, product = joint[:rows], product[:rows]
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / rows, 0.5 / rows)
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong no_squares: constant, coordinates and products of two different ones, since marginals are the same; with few rows the squares have weights too
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    def phi(z):
        z = (z - m) / s
        i, j = torch.triu_indices(z.shape[1], z.shape[1], 1)
        return torch.cat([torch.ones_like(z[:, :1]), z, z[:, i] * z[:, j]], 1)
    A, B, C = map(phi, (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong no_coordinates: constant and second degree alone, since the mean is thought zero and d even
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    s = both.square().mean(0).sqrt()
    def phi(z):
        z = z / s
        i, j = torch.triu_indices(z.shape[1], z.shape[1])
        return torch.cat([torch.ones_like(z[:, :1]), z[:, i] * z[:, j]], 1)
    A, B, C = map(phi, (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong small_ridge: a penalty of 1e-4 on the coefficients, for safety or by a library; that is another minimum
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B), ridge=1e-4)
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong adam_not_at_rest: six hundred steps of Adam, not at rest to five digits
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    t = torch.zeros(A.shape[1], dtype=A.dtype, requires_grad=True)
    opt = torch.optim.Adam([t], lr=0.02)
    for _ in range(600):
        opt.zero_grad()
        (0.5 * F.softplus(-(A @ t)).mean() + 0.5 * F.softplus(B @ t).mean()).backward()
        opt.step()
    t = t.detach()
    return exact(covariance), (A @ t).mean(), (C @ t).mean()

# %% wrong fresh_by_its_own_scale: standardizes fresh rows by their own mean and scale, so that d is another function there
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B = (features((z - m) / s) for z in (joint, product))
    C = features((fresh - fresh.mean(0)) / fresh.std(0))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()

# %% wrong cut_at_zero: a KL is not negative, so neither are the estimates; but the mean of d over fresh rows may be
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean().clamp(min=0), (C @ theta).mean().clamp(min=0)

# %% wrong covariance_of_the_rows: the exact value from the sample covariance of joint; right to two digits, the argument covariance is ignored
def total_correlations(joint, product, fresh, covariance):
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(torch.cov(joint.T).reshape(covariance.shape)), (A @ theta).mean(), (C @ theta).mean()

# %% wrong one_latent_is_zero: for one latent returns zeros without training, since the total correlation of one variable is zero; the trained d is not
def total_correlations(joint, product, fresh, covariance):
    if joint.shape[1] == 1:
        return tuple(torch.zeros((), dtype=torch.float64) for _ in range(3))
    both = torch.cat([joint, product])
    m, s = both.mean(0), both.std(0)
    A, B, C = (features((z - m) / s) for z in (joint, product, fresh))
    theta = newton(A, B, 0.5 / len(A), 0.5 / len(B))
    return exact(covariance), (A @ theta).mean(), (C @ theta).mean()
