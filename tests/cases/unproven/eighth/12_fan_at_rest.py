import math

import numpy as np
import torch
from torch import Tensor

# %% right largest_root_of_numpy: the two quadratic equations to numpy.roots, the larger root, and one where it is less; the slope of log p by autograd
def fan_at_rest(lam: float, dim: int) -> Tensor:
    rows = []
    for coefficients in ([dim - 1, 1, -dim * lam], [dim, -lam, -lam * (dim - 1)]):
        u = max(1.0, float(np.roots(coefficients).real.max()))
        theta = torch.tensor(math.sqrt((u - 1) / dim), dtype=torch.float64, requires_grad=True)
        variance = 1 + dim * theta**2
        (slope,) = torch.autograd.grad(-0.5 * variance.log() - 0.5 * lam / variance, theta)
        v = 1 - (u - 1) / (dim * u) if not rows else 1 / (1 + (u - 1) / dim)
        rows.append([u, v, float(slope)])
    return torch.tensor(rows, dtype=torch.float64)


# %% wrong forty_steps: alternates the two phases forty times and takes that for rest; near lam = 1 and for many causes it is still on its way
def fan_at_rest(lam: float, dim: int) -> Tensor:
    rows = []
    for forward in (True, False):
        theta = 1.0 if lam > 1 else 0.0
        for _ in range(40):
            u = 1 + dim * theta**2
            v = 1 - theta**2 / u if forward else 1 / (1 + theta**2)
            gain = dim * theta / u
            theta = gain * lam / (gain**2 * lam + dim * v)
        u = 1 + dim * theta**2
        v = 1 - theta**2 / u if forward else 1 / (1 + theta**2)
        rows.append([u, v, dim * theta * (lam - u) / u**2])
    return torch.tensor(rows, dtype=torch.float64)


# %% wrong formula_below_one: uses the quadratics for every lam; where the data vary less than the noise the root u is below one, and only the slope is kept from being imaginary
def fan_at_rest(lam: float, dim: int) -> Tensor:
    first = 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam))
    second = (lam + math.sqrt(lam**2 + 4 * dim * (dim - 1) * lam)) / (2 * dim)
    rows = [[u, lam / u**2, dim * math.sqrt(max(u - 1, 0) / dim) * (lam - u) / u**2] for u in (first, second)]
    return torch.tensor(rows, dtype=torch.float64)


# %% wrong at_rest_so_no_slope: whoever climbs the ELBO to rest has slope zero, the student says, and writes that for log p too; the bound is not tight there
def fan_at_rest(lam: float, dim: int) -> Tensor:
    first = max(1.0, 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam)))
    second = max(1.0, (lam + math.sqrt(lam**2 + 4 * dim * (dim - 1) * lam)) / (2 * dim))
    theta = math.sqrt((first - 1) / dim)
    rows = [
        [first, 1 - theta**2 / first, dim * theta * (lam - first) / first**2],
        [second, dim / (dim + second - 1), 0.0],
    ]
    return torch.tensor(rows, dtype=torch.float64)


# %% wrong variance_of_the_sum: the second column holds the variance that q gives to the sum of the causes, d v, which is what enters the equations; asked was that of one
def fan_at_rest(lam: float, dim: int) -> Tensor:
    first = max(1.0, 2 * dim * lam / (1 + math.sqrt(1 + 4 * (dim - 1) * dim * lam)))
    second = max(1.0, (lam + math.sqrt(lam**2 + 4 * dim * (dim - 1) * lam)) / (2 * dim))
    rows = []
    for u, v in ((first, 1 - (first - 1) / (dim * first)), (second, dim / (dim + second - 1))):
        rows.append([u, dim * v, dim * math.sqrt((u - 1) / dim) * (lam - u) / u**2])
    return torch.tensor(rows, dtype=torch.float64)
