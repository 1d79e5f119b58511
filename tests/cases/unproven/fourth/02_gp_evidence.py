import math

import numpy as np
import torch
from torch import Tensor

# %% right loops_and_cholesky: the matrix by two loops, slopes by hand with traces
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    N = len(u)
    ell, s2, noise2 = math.exp(log_lengthscale), math.exp(2 * log_scale), math.exp(2 * log_noise)
    points = u.tolist()
    K, dK = torch.zeros(N, N, dtype=torch.float64), torch.zeros(N, N, dtype=torch.float64)
    for i in range(N):
        for j in range(N):
            gap = ((points[i] - points[j]) / ell) ** 2
            K[i, j] = s2 * math.exp(-gap / 2)
            dK[i, j] = K[i, j] * gap
    eye = torch.eye(N, dtype=torch.float64)
    L = torch.linalg.cholesky(K + noise2 * eye)
    inverse = torch.cholesky_inverse(L)
    alpha = torch.cholesky_solve(y.reshape(-1, 1), L)[:, 0]
    parts = torch.stack([-0.5 * y @ alpha, -L.diagonal().log().sum()])
    slopes = [(0.5 * alpha @ d @ alpha, -0.5 * (inverse * d).sum()) for d in (dK, 2 * K, 2 * noise2 * eye)]
    return parts, torch.tensor(slopes, dtype=torch.float64).T

# %% right numpy_eigen_out: eigenvalues and eigenvectors in NumPy, arrays returned in a list
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    u, y = np.asarray(u.detach()), np.asarray(y.detach())
    gap = (u[:, None] - u[None]) ** 2 / np.exp(2 * log_lengthscale)
    K = np.exp(2 * log_scale - gap / 2)
    A = K + np.exp(2 * log_noise) * np.eye(len(u))
    values, V = np.linalg.eigh(A)
    z = V.T @ y
    parts = np.array([-0.5 * (z ** 2 / values).sum(), -0.5 * np.log(values).sum()])
    a = V @ (z / values)
    inverse = (V / values) @ V.T
    dA = [K * gap, 2 * K, 2 * np.exp(2 * log_noise) * np.eye(len(u))]
    return [parts, np.array([[0.5 * a @ d @ a for d in dA], [-0.5 * (inverse * d).sum() for d in dA]])]

# %% right autograd_jacobian: the parts as a function of three logs through slogdet and solve, differentiated twice with a kept graph
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    with torch.enable_grad():
        logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=torch.float64, requires_grad=True)
        gap = (u.detach().unsqueeze(1) - u.detach()) * torch.exp(-logs[0])
        A = torch.exp(2 * logs[1] - gap.square() / 2) + torch.diag((2 * logs[2]).exp().expand(len(u)))
        fit = -0.5 * y.detach() @ torch.linalg.solve(A, y.detach())
        complexity = -0.5 * torch.linalg.slogdet(A).logabsdet
        rows = [torch.autograd.grad(part, logs, retain_graph=True)[0] for part in (fit, complexity)]
    return torch.stack([fit, complexity]).detach(), torch.stack(rows)

# %% wrong jitter: 1e-8 on the diagonal, though the noise is enough
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + (n2 + 1e-8) * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong det_then_log: the determinant first, then its logarithm: under- or overflows for many points
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * A.det().log()]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong noise_where_equal: noise added wherever two inputs are equal: repeated inputs share one noise
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = (u.unsqueeze(1) == u).double()
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.pinv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong centered_y: subtracts the mean of y first; right where that is zero
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    y = y - y.mean()
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong toeplitz: takes the inputs for equally spaced, by the first gap
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    N = len(u)
    eye, place = torch.eye(N, dtype=torch.float64), torch.arange(N, dtype=torch.float64)
    gap = ((place.unsqueeze(1) - place) * (u[1] - u[0] if N > 1 else 1.0)).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong sorted_inputs: sorts u and leaves y as it was; right for sorted inputs
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    u = u.sort().values
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong one_sided_difference: slopes by one-sided differences with step 1e-4: three or four digits
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    def parts(logs):
        A = torch.exp(2 * logs[1] - (u.unsqueeze(1) - u).square() / 2 * math.exp(-2 * logs[0])) + math.exp(2 * logs[2]) * torch.eye(len(u), dtype=torch.float64)
        return torch.stack([-0.5 * y @ torch.linalg.solve(A, y), -0.5 * torch.logdet(A)])

    logs = [log_lengthscale, log_scale, log_noise]
    here, columns = parts(logs), []
    for i in range(3):
        moved = list(logs)
        moved[i] += 1e-4
        columns.append((parts(moved) - here) / 1e-4)
    return here, torch.stack(columns, 1)

# %% wrong scale_as_variance: exp(log_scale) is taken for the variance s^2; the value is right at s = 1
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong slope_in_scale: second column in s, not in log s; right at s = 1, where the notebook looks
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K * math.exp(-log_scale), 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong noise_floor: the noise variance is kept above 1e-3, "for the Cholesky"
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    eye = torch.eye(len(u), dtype=torch.float64)
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), max(math.exp(2 * log_noise), 1e-3)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return torch.stack([-0.5 * y @ a, -0.5 * torch.logdet(A)]), torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))])

# %% wrong accumulated_gradient: .grad is not cleared between the backward passes: the second row is the sum of both
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    logs = torch.tensor([log_lengthscale, log_scale, log_noise], dtype=torch.float64, requires_grad=True)
    A = torch.exp(2 * logs[1] - (u.unsqueeze(1) - u).square() / 2 * torch.exp(-2 * logs[0])) + (2 * logs[2]).exp() * torch.eye(len(u), dtype=torch.float64)
    parts = torch.stack([-0.5 * y @ torch.linalg.solve(A, y), -0.5 * torch.logdet(A)])
    rows = []
    for part in parts:
        part.backward(retain_graph=True)
        rows.append(logs.grad.clone())
    return parts.detach(), torch.stack(rows)

# %% wrong single_precision: the matrix is inverted in float32
def gp_evidence(u, y, log_lengthscale, log_scale, log_noise):
    u, y = u.float(), y.float()
    eye = torch.eye(len(u))
    gap = (u.unsqueeze(1) - u).square() * math.exp(-2 * log_lengthscale)
    K, n2 = math.exp(2 * log_scale) * (-gap / 2).exp(), math.exp(2 * log_noise)
    A = K + n2 * eye
    inv = torch.linalg.inv(A)
    a = inv @ y
    dA = torch.stack([K * gap, 2 * K, 2 * n2 * eye])
    return (torch.stack([-0.5 * y @ a, -0.5 * torch.slogdet(A)[1]]).double(),
            torch.stack([0.5 * (a @ dA) @ a, -0.5 * (inv * dA).sum((1, 2))]).double())
