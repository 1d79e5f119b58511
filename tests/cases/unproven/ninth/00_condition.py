import torch
from torch import Tensor

# %% wrong jitter: adds 1e-6 to the diagonal of the covariance of x before inverting it, out of habit, and so conditions on x plus noise
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = mean.shape[0] - x.shape[-1]
    Szz, Szx, Sxx = covariance[:D, :D], covariance[:D, D:], covariance[D:, D:]
    Sxx = Sxx + 1e-6 * torch.eye(Sxx.shape[0], dtype=Sxx.dtype)
    gain = torch.linalg.solve(Sxx, Szx.T).T
    return mean[:D] + (x - mean[D:]) @ gain.T, Szz - gain @ Szx.T


# %% wrong surprise_not_updated: conditions on one coordinate of x after the other and updates the covariance, but measures the surprise of each against its prior mean and not against its mean given the earlier ones; the covariance is right
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    Dx = x.shape[-1]
    D = mean.shape[0] - Dx
    S = covariance.clone()
    m = mean[:D].expand(*x.shape[:-1], D).clone()
    for j in range(D, D + Dx):
        gain = S[:, j] / S[j, j]
        m = m + (x[..., j - D] - mean[j]).unsqueeze(-1) * gain[:D]
        S = S - torch.outer(gain, S[j])
    return m, S[:D, :D]


# %% wrong whitened_with_the_transpose: whitens the surprise with the transpose of the Cholesky factor; the covariance is right, the mean only if the coordinates of x are uncorrelated
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = mean.shape[0] - x.shape[-1]
    L = torch.linalg.cholesky(covariance[D:, D:])
    A = torch.linalg.solve_triangular(L, covariance[D:, :D], upper=False)
    residual = (x - mean[D:]).unsqueeze(-1)
    white = torch.linalg.solve_triangular(L.T, residual, upper=True).squeeze(-1)
    return mean[:D] + white @ A, covariance[:D, :D] - A.T @ A
