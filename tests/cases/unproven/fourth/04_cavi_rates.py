import numpy as np
import torch
from torch import Tensor

# %% right numpy: Gauss-Seidel and Jacobi as matrices, spectral radii
def cavi_rates(precision):
    A = precision.detach().numpy()
    D = np.diag(np.diag(A))
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - np.linalg.solve(D, A)).real
    return np.array([turn, abs(v).max(), 2 / (1 - v.min())])


# %% right loops: runs one round from each unit vector, and takes the matrices' eigenvalues
def cavi_rates(precision):
    A, n = precision.tolist(), len(precision)
    in_turn, at_once = torch.zeros(n, n, dtype=torch.float64), torch.zeros(n, n, dtype=torch.float64)
    for k in range(n):
        old = [float(i == k) for i in range(n)]
        new = list(old)
        for i in range(n):
            new[i] = -sum(A[i][j] * new[j] for j in range(n) if j != i) / A[i][i]
            at_once[i, k] = -sum(A[i][j] * old[j] for j in range(n) if j != i) / A[i][i]
        in_turn[:, k] = torch.tensor(new, dtype=torch.float64)
    v = torch.linalg.eigvals(at_once).real
    return torch.stack([torch.linalg.eigvals(in_turn).abs().max(), v.abs().max(), 2 / (1 - v.min())])


# %% right odd_symmetric: with unit diagonal by rescaling; the backward sweep, which has the same eigenvalues; largest eigenvalue of the correlation
def cavi_rates(precision):
    s = precision.diagonal().rsqrt()
    R = s[:, None] * precision * s
    lam = torch.linalg.eigvalsh(R)
    back = torch.linalg.solve_triangular(R.triu(), -R.tril(-1), upper=True)
    return torch.stack([torch.linalg.eigvals(back).abs().max(), (1 - lam).abs().max(), 2 / lam[-1]])


# %% wrong square_of_jacobi: in turn is the square of at once, right for two coordinates and for chains
def cavi_rates(precision):
    A = precision.detach().numpy()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([abs(v).max() ** 2, abs(v).max(), 2 / (1 - v.min())])


# %% wrong real_part: of the round in turn the real parts alone are looked at, although the eigenvalues may be complex
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1))).real.max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), 2 / (1 - v.min())])


# %% wrong largest_not_absolute: at once takes the largest eigenvalue and not the largest in absolute value
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, v.max(), 2 / (1 - v.min())])


# %% wrong share_by_radius: the limit as 2 / (1 + factor at once), right only where the eigenvalue of largest size is negative
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), 2 / (1 + abs(v).max())])


# %% wrong share_at_most_one: the limit is cut at one, as if a share could not be larger
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), min(1.0, 2 / (1 - v.min()))])


# %% wrong share_without_diagonal: the limit as 2 over the largest eigenvalue of the precision itself, right for a unit diagonal
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), 2 / np.linalg.eigvalsh(A).max()])


# %% wrong norm_of_round: in turn alone by its largest singular value, after rescaling to a unit diagonal
def cavi_rates(precision):
    s = precision.diagonal().rsqrt()
    R = s[:, None] * precision * s
    lam = torch.linalg.eigvalsh(R)
    turn = torch.linalg.matrix_norm(torch.linalg.solve(R.tril(), R.triu(1)), 2)
    return torch.stack([turn, (1 - lam).abs().max(), 2 / lam[-1]])


# %% wrong eigvalsh_at_once: eigvalsh of a matrix that is symmetric only if the diagonal is constant
def cavi_rates(precision):
    A = precision.detach().numpy()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvalsh(np.eye(len(A)) - A / np.diag(A)[:, None])
    return torch.tensor([turn, abs(v).max(), 2 / (1 - v.min())])


# %% wrong equal_correlation: the closed form for clusters of equally correlated coordinates, with the mean correlation
def cavi_rates(precision):
    A = precision.detach().numpy()
    n = len(A)
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    s = np.sqrt(np.diag(A))
    c = ((A / s / s[:, None]).sum() - n) / max(1, n * (n - 1))
    v = np.array([c, -(n - 1) * c])
    return torch.tensor([turn, abs(v).max(), 2 / (1 - v.min())])


# %% wrong fifty_rounds: the factor in turn is measured in round 50 from a start of ones, too soon where two eigenvalues are close or complex
def cavi_rates(precision):
    A = precision.detach().numpy()
    G = -np.linalg.solve(np.tril(A), np.triu(A, 1))
    e = np.ones(len(A))
    turn = 0.0
    for _ in range(50):
        new = G @ e
        turn = np.linalg.norm(new) / np.linalg.norm(e)
        if turn < 1e-12:
            break
        e = new / np.linalg.norm(new)
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), 2 / (1 - v.min())])


# %% wrong diagonal_limit: where nothing is correlated (one coordinate, say) the limit is given as one and not two
def cavi_rates(precision):
    A = precision.detach().numpy()
    if np.allclose(A, np.diag(np.diag(A))):
        return torch.tensor([0.0, 0.0, 1.0]).double()
    turn = abs(np.linalg.eigvals(-np.linalg.solve(np.tril(A), np.triu(A, 1)))).max()
    v = np.linalg.eigvals(np.eye(len(A)) - A / np.diag(A)[:, None]).real
    return torch.tensor([turn, abs(v).max(), 2 / (1 - v.min())])


# %% wrong in_place: right numbers, but the rows of the caller's matrix are divided by their diagonal
def cavi_rates(precision):
    A = precision
    A /= A.diagonal().clone()[:, None]
    turn = torch.linalg.eigvals(torch.linalg.solve(A.tril(), A.triu(1))).abs().max()
    v = torch.linalg.eigvals(torch.eye(len(A), dtype=A.dtype) - A).real
    return torch.stack([turn, v.abs().max(), 2 / (1 - v.min())])
