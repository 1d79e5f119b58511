import math

import torch
import torch.nn.functional as F
from torch import Tensor


def quadratic(z: Tensor, squares: bool = True) -> Tensor:
    d = z.shape[1]
    pairs = [z[:, i] * z[:, j] for i in range(d) for j in range(i if squares else i + 1, d)]
    return torch.stack([torch.ones_like(z[:, 0]), *z.T, *pairs], 1)


def newton(a: Tensor, b: Tensor, weight_a: Tensor, weight_b: Tensor, ridge: float = 0.0) -> Tensor:
    """The coefficients at the least weighted logistic loss."""
    rows, sign = torch.cat([a, b]), torch.cat([torch.ones(len(a)), -torch.ones(len(b))]).to(a)
    weight, c = torch.cat([weight_a, weight_b]), torch.zeros(a.shape[1], dtype=a.dtype)
    penalty = ridge * torch.ones_like(c)
    penalty[0] = 0

    def loss(c: Tensor) -> Tensor:
        return -(weight * F.logsigmoid(sign * (rows @ c))).sum() + 0.5 * (penalty * c**2).sum()

    for _ in range(60):
        s = torch.sigmoid(-sign * (rows @ c))
        gradient = -(rows * (weight * sign * s)[:, None]).sum(0) + penalty * c
        hessian = rows.T @ (rows * (weight * s * (1 - s))[:, None]) + penalty.diag()
        step, size = torch.linalg.solve(hessian, gradient), 1.0
        while loss(c - size * step) > loss(c) + 1e-14 and size > 1e-6:
            size /= 2
        c = c - size * step
    return c


def exact_value(covariance: Tensor) -> Tensor:
    return 0.5 * (covariance.diagonal().log().sum() - torch.logdet(covariance))


def even(rows: Tensor) -> Tensor:
    return torch.full((len(rows),), 0.5 / len(rows), dtype=rows.dtype)

# %% wrong corrected_afterwards: the classifier counts every row alike, and the log of the ratio of the numbers of rows is taken off its d afterwards; with endless rows that is the same, but the optimum on finitely many rows is another
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    loc, scale = joint.mean(0), joint.std(0)
    a, b, f = (quadratic((z - loc) / scale) for z in (joint, product, fresh))
    alike = 1 / (len(a) + len(b))
    c = newton(a, b, torch.full((len(a),), alike, dtype=a.dtype), torch.full((len(b),), alike, dtype=a.dtype))
    shift = math.log(len(a) / len(b))
    return exact_value(covariance), (a @ c).mean() - shift, (f @ c).mean() - shift

# %% wrong fresh_units: every set of rows is standardized with its own mean and scale before it goes into the net, the fresh rows too; d was trained in the units of the rows it was trained on
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    loc, scale = joint.mean(0), joint.std(0)
    a, b = (quadratic((z - loc) / scale) for z in (joint, product))
    c = newton(a, b, even(a), even(b))
    f = quadratic((fresh - fresh.mean(0)) / fresh.std(0))
    return exact_value(covariance), (a @ c).mean(), (f @ c).mean()

# %% wrong small_ridge: the coefficients are held by a small penalty so that Newton's method cannot run away; the optimum of the penalized loss is not that of the loss
def total_correlations(joint: Tensor, product: Tensor, fresh: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    loc, scale = joint.mean(0), joint.std(0)
    a, b, f = (quadratic((z - loc) / scale) for z in (joint, product, fresh))
    c = newton(a, b, even(a), even(b), ridge=1e-3)
    return exact_value(covariance), (a @ c).mean(), (f @ c).mean()
