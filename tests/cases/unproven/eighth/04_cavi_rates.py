import torch
from torch import Tensor

# %% right rounds_on_the_unit_errors: the matrix of a round is what a round, run by loops, makes of each unit vector; then numpy's eigenvalues
def cavi_rates(precision: Tensor) -> Tensor:
    import numpy as np

    given = precision.detach().cpu().numpy()
    unit = 1 / np.sqrt(np.diag(given))
    A = given * np.outer(unit, unit)                 # the same eigenvalues, in units in which every diagonal entry is one
    D = len(A)

    def best(i, m):
        return -sum(A[i, j] * m[j] for j in range(D) if j != i)

    turn, once = np.zeros((D, D)), np.zeros((D, D))
    for k in range(D):
        m = np.eye(D)[k].copy()
        once[:, k] = [best(i, m) for i in range(D)]
        for i in range(D):
            m[i] = best(i, m)
        turn[:, k] = m
    parallel = np.linalg.eigvalsh((once + once.T) / 2)
    return torch.as_tensor([np.abs(np.linalg.eigvals(turn)).max(), np.abs(parallel).max(), 2 / (1 - parallel.min())]).to(precision)

# %% wrong real_parts: the factor in turn is the largest real part of an eigenvalue, as the matrix of a round "has real eigenvalues, like the precision"; it may have complex or negative ones
def cavi_rates(precision: Tensor) -> Tensor:
    lower, upper = precision.tril(), precision.triu(1)
    turn = torch.linalg.eigvals(-torch.linalg.solve(lower, upper)).real.max()
    root = precision.diagonal().rsqrt()
    v = torch.linalg.eigvalsh(root[:, None] * precision * root)
    return torch.stack((turn, (1 - v).abs().max(), 2 / v[-1]))

# %% wrong largest_row_sum: at once, and for the share, the largest row sum of moduli of the correlations stands for the spectral radius; exact if all correlations are equal, as in the printed example, a bound otherwise
def cavi_rates(precision: Tensor) -> Tensor:
    root = precision.diagonal().rsqrt()
    partial = root[:, None] * precision * root
    turn = torch.linalg.eigvals(-torch.linalg.solve(partial.tril(), partial.triu(1))).abs().max()
    bound = (partial - torch.diag(partial.diagonal())).abs().sum(-1).max()
    return torch.stack((turn, bound, 2 / (1 + bound)))

# %% wrong best_share: the third number is the share with the fastest decay, 2 / (largest + smallest eigenvalue), and not the largest that converges
def cavi_rates(precision: Tensor) -> Tensor:
    root = precision.diagonal().rsqrt()
    v = torch.linalg.eigvalsh(root[:, None] * precision * root)
    turn = torch.linalg.eigvals(-torch.linalg.solve(precision.tril(), precision.triu(1))).abs().max()
    return torch.stack((turn, (1 - v).abs().max(), 2 / (v[0] + v[-1])))

# %% wrong sixty_rounds: runs sixty rounds from a seeded start, and reports the last quotient of the errors' lengths; good where one eigenvalue leads by far
def cavi_rates(precision: Tensor) -> Tensor:
    generator = torch.Generator(device=precision.device).manual_seed(0)
    start = torch.randn(len(precision), generator=generator, dtype=precision.dtype, device=precision.device)
    diagonal = precision.diagonal()
    eye = torch.eye(len(precision), dtype=precision.dtype, device=precision.device)
    once = eye - precision / diagonal[:, None]
    turn = -torch.linalg.solve_triangular(precision.tril(), precision.triu(1), upper=False)
    top = eye - once
    found = []
    for matrix in (turn, once, top):
        m, factor = start / start.norm(), start.new_zeros(())
        for _ in range(60):
            m = matrix @ m
            factor = m.norm()
            m = m / factor.clamp(min=1e-300)
        found.append(factor)
    return torch.stack((found[0], found[1], 2 / found[2]))
