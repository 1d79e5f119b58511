import torch
from torch import Tensor


def both(theta: float, x: Tensor, dim: int, variance_of_sum: float) -> Tensor:
    """The mean of the joint's slope where the sum has the posterior's mean and this variance."""
    loc = dim * theta * x / (1 + dim * theta**2)
    return x * loc - theta * (loc**2 + variance_of_sum)


def exact_slope(theta: float, x: Tensor, dim: int) -> Tensor:
    return both(theta, x, dim, dim / (1 + dim * theta**2))


def swept(theta: float, dim: int, sweeps: int, order) -> Tensor:
    """The covariance of z after so many sweeps from the factorized q; order(s): the order of sweep s."""
    variance, pull = 1 / (1 + theta**2), -(theta**2) / (1 + theta**2)
    cov = variance * torch.eye(dim, dtype=torch.float64)
    for s in range(sweeps):
        for i in order(s):
            step = torch.eye(dim, dtype=torch.float64)
            step[i] = pull
            step[i, i] = 0.0
            cov = step @ cov @ step.T
            cov[i, i] += variance
    return cov

# %% wrong back_and_forth: every second sweep goes from the last latent to the first, which is a good sampler; the statement's sweeps all go in one order
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    cov = swept(theta, dim, sweeps, lambda s: range(dim) if s % 2 == 0 else reversed(range(dim)))
    return exact_slope(theta, x, dim), both(theta, x, dim, dim / (1 + theta**2)), both(theta, x, dim, float(cov.sum()))

# %% wrong noise_stays_where_it_is: a sweep is linear, plus noise, but the noise that a latent gets is not passed on to those drawn after it in the same sweep; right for d = 1
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    variance, pull = 1 / (1 + theta**2), -(theta**2) / (1 + theta**2)
    sweep = torch.eye(dim, dtype=torch.float64)
    for i in range(dim):
        step = torch.eye(dim, dtype=torch.float64)
        step[i] = pull
        step[i, i] = 0.0
        sweep = step @ sweep
    cov = variance * torch.eye(dim, dtype=torch.float64)
    for _ in range(sweeps):
        cov = sweep @ cov @ sweep.T + variance * torch.eye(dim, dtype=torch.float64)
    return exact_slope(theta, x, dim), both(theta, x, dim, dim / (1 + theta**2)), both(theta, x, dim, float(cov.sum()))

# %% wrong one_factor_a_sweep: after the first sweep the bias is shrunk by one and the same factor in every sweep, the square of the sweep's largest eigenvalue; with three latents and more it has several
def fan_slopes(theta: float, x: Tensor, dim: int, sweeps: int) -> tuple[Tensor, Tensor, Tensor]:
    variance, pull = 1 / (1 + theta**2), -(theta**2) / (1 + theta**2)
    sweep = torch.eye(dim, dtype=torch.float64)
    for i in range(dim):
        step = torch.eye(dim, dtype=torch.float64)
        step[i] = pull
        step[i, i] = 0.0
        sweep = step @ sweep
    factor = float(torch.linalg.eigvals(sweep).abs().max()) ** 2
    exact = exact_slope(theta, x, dim)
    now = both(theta, x, dim, float(swept(theta, dim, min(sweeps, 1), lambda _: range(dim)).sum()))
    return exact, both(theta, x, dim, dim * variance), exact + (now - exact) * factor ** max(sweeps - 1, 0)
