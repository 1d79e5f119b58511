import math

import torch
from torch import Tensor

# %% right coordinate_after_coordinate: the covariance of the chain in NumPy, updated one latent at a time, exactly as the sampler does
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    import numpy as np

    theta, x = float(theta), torch.as_tensor(x).double()
    width = 1 / (1 + theta**2)
    pull = theta**2 * width
    spread = np.eye(dim) * width
    for i in list(range(dim)) * sweeps:
        others = np.delete(np.arange(dim), i)
        along = -pull * spread[others].sum(0)
        spread[i, others] = spread[others, i] = along[others]
        spread[i, i] = pull**2 * spread[np.ix_(others, others)].sum() + width
    evidence = 1 + dim * theta**2
    mean = dim * theta * x / evidence

    def slope(variance: float) -> Tensor:
        return x * mean - theta * (mean.square() + variance)

    return slope(dim / evidence), slope(dim * width), slope(float(spread.sum()))

# %% wrong marginal_variances: gives the factors of q the posterior's own marginal variances, which is best for the other KL; the best for the ELBO are narrower
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    v = 1 + dim * theta**2
    mean = dim * theta * x / v
    own = 1 - theta**2 / v
    posterior = torch.eye(dim, dtype=x.dtype) - theta**2 / v
    precision = torch.eye(dim, dtype=x.dtype) + theta**2
    G = -torch.linalg.solve(precision.tril(), precision.triu(1))
    power = torch.linalg.matrix_power(G, sweeps)
    cov = posterior + power @ (own * torch.eye(dim, dtype=x.dtype) - posterior) @ power.T
    slope = lambda variance: x * mean - theta * (mean**2 + variance)
    return slope(dim / v), slope(dim * own), slope(cov.sum())

# %% wrong geometric_shrink: lets every sweep shrink the bias by the square of the sampler's rate of convergence, which is what happens in the long run only
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    v = 1 + dim * theta**2
    mean = dim * theta * x / v
    slope = lambda variance: x * mean - theta * (mean**2 + variance)
    exact, elbo = slope(dim / v), slope(dim / (1 + theta**2))
    precision = torch.eye(dim, dtype=x.dtype) + theta**2
    rate = torch.linalg.eigvals(torch.linalg.solve(precision.tril(), precision.triu(1))).abs().max()
    return exact, elbo, exact + (elbo - exact) * rate ** (2 * sweeps)

# %% wrong noise_added_at_the_end: moves the covariance through a sweep and adds each latent's own noise afterwards, which does not reach the latents drawn later in the sweep
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    v, width = 1 + dim * theta**2, 1 / (1 + theta**2)
    mean = dim * theta * x / v
    slope = lambda variance: x * mean - theta * (mean**2 + variance)
    precision = torch.eye(dim, dtype=x.dtype) + theta**2
    G = -torch.linalg.solve(precision.tril(), precision.triu(1))
    cov = width * torch.eye(dim, dtype=x.dtype)
    for _ in range(sweeps):
        cov = G @ cov @ G.T + width * torch.eye(dim, dtype=x.dtype)
    return slope(dim / v), slope(dim * width), slope(cov.sum())

# %% wrong fifty_rounds: finds the means of q by fifty rounds of coordinate ascent from zero, which are not at rest where theta and d are large
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    v, width = 1 + dim * theta**2, 1 / (1 + theta**2)
    m = torch.zeros(*x.shape, dim, dtype=x.dtype)
    for _ in range(50):
        for i in range(dim):
            m[..., i] = theta * width * (x - theta * (m.sum(-1) - m[..., i]))
    true = dim * theta * x / v
    exact = x * true - theta * (true**2 + dim / v)
    elbo = x * m.sum(-1) - theta * (m.sum(-1) ** 2 + dim * width)
    precision = torch.eye(dim, dtype=x.dtype) + theta**2
    G = torch.linalg.matrix_power(-torch.linalg.solve(precision.tril(), precision.triu(1)), sweeps)
    posterior = torch.linalg.inv(precision)
    cov = posterior + G @ (width * torch.eye(dim, dtype=x.dtype) - posterior) @ G.T
    mean = ((m - (true / dim).unsqueeze(-1)) @ G.T).sum(-1) + true
    return exact, elbo, x * mean - theta * (mean**2 + cov.sum())
