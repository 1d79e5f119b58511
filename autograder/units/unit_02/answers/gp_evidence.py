# %% right cholesky: By Cholesky; the gradient by autograd.
import torch


def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=u.dtype, requires_grad=True)
    squares = ((u[:, None] - u) / logs[0].exp()).square()
    a = (2 * logs[1] - 0.5 * squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)
    root = torch.linalg.cholesky(a)
    white = torch.linalg.solve_triangular(root, y[:, None], upper=False)
    parts = torch.stack([-0.5 * white.square().sum(), -root.diagonal().log().sum()])
    gradient = torch.stack([torch.autograd.grad(part, logs, retain_graph=True)[0] for part in parts])
    return parts.detach(), gradient


# %% right by_hand: NumPy, and the slopes by hand: alpha, and traces.
import numpy as np


def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    u, y = np.asarray(u), np.asarray(y)
    N = len(u)
    squares = (u[:, None] - u[None]) ** 2 / np.exp(2 * log_lengthscale)
    K = np.exp(2 * log_scale) * np.exp(-squares / 2)
    R = np.exp(2 * log_noise) * np.eye(N)
    inverse = np.linalg.inv(K + R)
    alpha = inverse @ y
    parts = np.array([-0.5 * y @ alpha, 0.5 * np.linalg.slogdet(inverse)[1]])
    rows = [[], []]
    for dA in (K * squares, 2 * K, 2 * R):
        rows[0].append(alpha @ dA @ alpha / 2)
        rows[1].append(-np.trace(inverse @ dA) / 2)
    return parts, np.array(rows)


# %% right loops: The covariance entry by entry, its eigenvalues, and autograd through both parts at once.
import torch


def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    places = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (log_lengthscale, log_scale, log_noise)]
    length, scale, noise = (place.exp() for place in places)
    rows = []
    for i in range(len(u)):
        row = []
        for j in range(len(u)):
            entry = scale**2 * torch.exp(-((u[i] - u[j]) ** 2) / (2 * length**2))
            row.append(entry + noise**2 if i == j else entry)
        rows.append(torch.stack(row))
    a = torch.stack(rows)
    fit = -0.5 * y @ torch.linalg.solve(a, y)
    complexity = -0.5 * torch.logdet(a)
    gradient = [torch.stack(torch.autograd.grad(part, places, retain_graph=True, allow_unused=True, materialize_grads=True)) for part in (fit, complexity)]
    return torch.stack([fit.detach(), complexity.detach()]), torch.stack(gradient)


# %% wrong whole, from right cholesky: The constant goes to the fit.
# diagnosis: constant_kept
#-     parts = torch.stack([-0.5 * white.square().sum(), -root.diagonal().log().sum()])
#+     parts = torch.stack([-0.5 * white.square().sum() - 0.5 * len(u) * 1.8378770664093453, -root.diagonal().log().sum()])


# %% wrong half, from right cholesky: The logarithm of the determinant is not halved.
# diagnosis: half_lost
#-     parts = torch.stack([-0.5 * white.square().sum(), -root.diagonal().log().sum()])
#+     parts = torch.stack([-0.5 * white.square().sum(), -2 * root.diagonal().log().sum()])


# %% wrong noise, from right cholesky: exp(log_noise) as a variance.
# diagnosis: noise_as_variance
#-     a = (2 * logs[1] - 0.5 * squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)
#+     a = (2 * logs[1] - 0.5 * squares).exp() + logs[2].exp() * torch.eye(len(u), dtype=u.dtype)


# %% wrong scale, from right cholesky: exp(log_scale) as a variance.
# diagnosis: scale_as_variance
#-     a = (2 * logs[1] - 0.5 * squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)
#+     a = (logs[1] - 0.5 * squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)


# %% wrong exponent, from right cholesky: The kernel's exponent is not halved.
# diagnosis: exponent_half_lost
#-     a = (2 * logs[1] - 0.5 * squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)
#+     a = (2 * logs[1] - squares).exp() + (2 * logs[2]).exp() * torch.eye(len(u), dtype=u.dtype)


# %% wrong noiseless, from right by_hand: The noise is left out of the covariance, with a little jitter to get through.
# diagnosis: noise_lost
#-     R = np.exp(2 * log_noise) * np.eye(N)
#+     R = 1e-6 * np.eye(N)


# %% wrong plain, from right by_hand: Slopes in the parameters, not in their logarithms.
# diagnosis: plain_slopes
#-     return parts, np.array(rows)
#+     return parts, np.array(rows) / np.exp([log_lengthscale, log_scale, log_noise])


# %% wrong of_squares, from right by_hand: Slopes in the logarithms of the squares.
# diagnosis: half_slopes
#-     for dA in (K * squares, 2 * K, 2 * R):
#+     for dA in (K * squares / 2, K, R):


# %% wrong both, from right by_hand: The gradient of the whole in both rows.
# diagnosis: rows_summed
#-     return parts, np.array(rows)
#+     return parts, np.array(rows).sum(0) + np.zeros((2, 3))


# %% wrong swapped, from right by_hand: The complexity comes first.
# diagnosis: rows_swapped
#-     return parts, np.array(rows)
#+     return parts[::-1].copy(), np.array(rows)[::-1].copy()


# %% wrong jitter, from right cholesky: A jitter of 1e-4 is added to be on the safe side.
# diagnosis: value
#-     root = torch.linalg.cholesky(a)
#+     root = torch.linalg.cholesky(a + 1e-4 * torch.eye(len(u), dtype=u.dtype))
