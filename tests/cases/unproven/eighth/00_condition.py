import torch
from torch import Tensor

# %% right sweep_one_observation_at_a_time: observes the coordinates of x one after another, each time a scalar update of all that is still open
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    def observe(center: Tensor, cov: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        if seen.shape[-1] == 0:
            return center, cov
        column = cov[:-1, -1] / cov[-1, -1]
        surprise = seen[..., -1:] - center[..., -1:]
        return observe(center[..., :-1] + surprise * column,
                       cov[:-1, :-1] - torch.outer(column, cov[-1, :-1]), seen[..., :-1])

    start = mean.expand(*x.shape[:-1], mean.shape[-1])
    return observe(start, covariance, x)

# %% wrong jitter: adds 1e-6 to the diagonal of the observed block before the Cholesky factorization, as every Gaussian process code does
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = mean.shape[0] - x.shape[-1]
    zx, xx = covariance[:D, D:], covariance[D:, D:]
    L = torch.linalg.cholesky(xx + 1e-6 * torch.eye(xx.shape[0], dtype=xx.dtype, device=xx.device))
    gain = torch.cholesky_solve(zx.T, L).T
    return mean[:D] + (x - mean[D:]) @ gain.T, covariance[:D, :D] - gain @ zx.T

# %% wrong observations_one_by_one: adds the correction of every coordinate of x by itself, forgetting that the observations overlap; right for one observation or uncorrelated ones
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = mean.shape[0] - x.shape[-1]
    m, cov = mean[:D], covariance[:D, :D]
    for j in range(x.shape[-1]):
        cross, var = covariance[:D, D + j], covariance[D + j, D + j]
        m = m + (x[..., j:j + 1] - mean[D + j]) * cross / var
        cov = cov - torch.outer(cross, cross) / var
    return m, cov

# %% wrong clamped_covariance: clamps the conditional covariance at zero "because variances are not negative", which also cuts negative covariances off the diagonal
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[D:, D:], covariance[D:, :D]).T
    cov = covariance[:D, :D] - gain @ covariance[D:, :D]
    return mean[:D] + (x - mean[D:]) @ gain.T, cov.clamp(min=0.0)

# %% wrong reshaped_not_transposed: makes columns of the batch by a reshape instead of a transpose, so the coordinates of different data are mixed; right for a single x or one observed coordinate
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, Dx = mean.shape[0] - x.shape[-1], x.shape[-1]
    gain = torch.linalg.solve(covariance[D:, D:], covariance[D:, :D]).T
    columns = (x - mean[D:]).reshape(Dx, -1)
    moved = (gain @ columns).T.reshape(*x.shape[:-1], D)
    return mean[:D] + moved, covariance[:D, :D] - gain @ covariance[D:, :D]
