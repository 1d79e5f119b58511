import torch
from torch import Tensor

# %% wrong real_parts_only: takes the largest real part for the round in turn and drops the imaginary ones, which matters when the slowest eigenvalues are a complex pair
def cavi_rates(precision: Tensor) -> Tensor:
    d = precision.diagonal()
    in_turn = torch.linalg.solve(torch.tril(precision), torch.triu(precision, 1))
    unit = d.rsqrt()
    v = torch.linalg.eigvalsh(unit[:, None] * precision * unit)
    return torch.stack([torch.linalg.eigvals(in_turn).real.abs().max(), (1 - v).abs().max(), 2 / v.max()])


# %% wrong limit_from_the_factor: computes the limit of the share as 2 / (1 + factor at once), which supposes that the slowest eigenvalue of the round at once is negative
def cavi_rates(precision: Tensor) -> Tensor:
    d = precision.diagonal()
    in_turn = -torch.linalg.solve(torch.tril(precision), torch.triu(precision, 1))
    at_once = torch.eye(len(d), dtype=d.dtype) - precision / d[:, None]
    first, second = (torch.linalg.eigvals(m).abs().max() for m in (in_turn, at_once))
    return torch.stack([first, second, 2 / (1 + second)])


# %% wrong last_ratio_of_a_run: runs sixty rounds from an error of ones and takes the ratio of the last two norms, which has not settled for near or complex eigenvalues and is another factor from a special start
def cavi_rates(precision: Tensor) -> Tensor:
    d = precision.diagonal()
    in_turn = -torch.linalg.solve(torch.tril(precision), torch.triu(precision, 1))
    at_once = torch.eye(len(d), dtype=d.dtype) - precision / d[:, None]
    factors = []
    for m in (in_turn, at_once):
        e, ratio = torch.ones_like(d), torch.zeros((), dtype=d.dtype)
        for _ in range(60):
            new = m @ e
            ratio = new.norm() / e.norm()
            e = new / new.norm().clamp_min(1e-300)
        factors.append(torch.nan_to_num(ratio))
    unit = d.rsqrt()
    return torch.stack([*factors, 2 / torch.linalg.eigvalsh(unit[:, None] * precision * unit).max()])
