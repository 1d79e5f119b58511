import numpy as np
import torch
from torch import Tensor


def _blocks(mean: Tensor, covariance: Tensor, x: Tensor):
    D = mean.shape[0] - x.shape[-1]
    return D, mean[:D], mean[D:], covariance[:D, :D], covariance[:D, D:], covariance[D:, D:]


# %% right precision: the blocks of the inverse of the whole covariance
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, *_ = _blocks(mean, covariance, x)
    precision = torch.linalg.inv(covariance)
    cov = torch.linalg.inv(precision[:D, :D])
    return mz - (x - mx) @ precision[:D, D:].T @ cov.T, cov


# %% right one_at_a_time: conditions on one observed coordinate after another
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    Dx = x.shape[-1]
    m = mean.expand(*x.shape[:-1], len(mean)).clone()
    S = covariance.clone()
    for j in reversed(range(Dx)):
        last = len(S) - 1
        k = S[:last, last] / S[last, last]
        m = m[..., :last] + (x[..., j] - m[..., last]).unsqueeze(-1) * k
        S = S[:last, :last] - torch.outer(k, S[last, :last])
    return m, S


# %% right numpy_lists: NumPy, and a list comprehension over the data
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    m, S, X = mean.numpy(), covariance.numpy(), x.numpy()
    d = m.size - X.shape[-1]
    gain = np.linalg.solve(S[d:, d:], S[d:, :d]).T
    rows = [m[:d] + gain @ (row - m[d:]) for row in X.reshape(-1, X.shape[-1])]
    return torch.tensor(np.array(rows)).reshape(*X.shape[:-1], d), torch.tensor(S[:d, :d] - gain @ S[d:, :d])


# %% wrong halves: cuts in the middle, right if z and x have equally many coordinates
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D = (mean.shape[0] + 1) // 2
    Dx = mean.shape[0] - D
    gain = torch.linalg.solve(covariance[D:, D:], covariance[D:, :D]).T
    return mean[:D] + (x[..., :Dx] - mean[D:]) @ gain.T, covariance[:D, :D] - gain @ covariance[D:, :D]


# %% wrong jitter: adds 1e-6 to the diagonal before solving
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx + 1e-6 * torch.eye(len(xx), dtype=xx.dtype), zx.T).T
    return mz + (x - mx) @ gain.T, zz - gain @ zx.T


# %% wrong rough_pinv: a pseudo-inverse that throws away directions of small variance
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = zx @ torch.linalg.pinv(xx, rtol=1e-3)
    return mz + (x - mx) @ gain.T, zz - gain @ zx.T


# %% wrong variances_only: divides by the variances of x and ignores the correlations within x
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = zx / xx.diagonal()
    return mz + (x - mx) @ gain.T, zz - gain @ zx.T


# %% wrong scrambled_batch: columns of all data are reshaped to rows without being transposed
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    columns = gain @ (x - mx).reshape(-1, x.shape[-1]).T
    return mz + columns.reshape(*x.shape[:-1], D), zz - gain @ zx.T


# %% wrong in_place: subtracts from the caller's covariance
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    zz -= gain @ zx.T
    return mz + (x - mx) @ gain.T, zz


# %% wrong single_precision: solves in float32
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean.float(), covariance.float(), x)
    gain = torch.linalg.solve(xx, zx.T).T
    return (mz + (x.float() - mx) @ gain.T).to(x.dtype), (zz - gain @ zx.T).to(x.dtype)


# %% wrong covariance_per_datum: returns a copy of the covariance for every datum
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    cov = zz - gain @ zx.T
    return mz + (x - mx) @ gain.T, cov.expand(*x.shape[:-1], D, D)


# %% wrong surprise_clipped: surprises beyond four standard deviations are clipped
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    s = xx.diagonal().sqrt()
    d = torch.minimum(torch.maximum(x - mx, -4 * s), 4 * s)
    gain = torch.linalg.solve(xx, zx.T).T
    return mz + d @ gain.T, zz - gain @ zx.T


# %% wrong variance_floor: conditional variances below 1e-4 are raised to it
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    cov = zz - gain @ zx.T
    floor = (1e-4 - cov.diagonal()).clamp(min=0)
    return mz + (x - mx) @ gain.T, cov + torch.diag(floor)


# %% wrong two_steps_of_cg: solves by two steps of conjugate gradients, exact for at most two observed coordinates
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    columns = []
    for b in zx:
        u, r = torch.zeros_like(b), b.clone()
        p = r.clone()
        for _ in range(2):
            if float(r @ r) < 1e-28:
                break
            step = (r @ r) / (p @ xx @ p)
            u, new = u + step * p, r - step * (xx @ p)
            p, r = new + (new @ new) / (r @ r) * p, new
        columns.append(u)
    gain = torch.stack(columns)
    return mz + (x - mx) @ gain.T, zz - gain @ zx.T


# %% wrong one_correlation_too_many: each coordinate of z is conditioned by itself; the covariance is diagonal
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    return mz + (x - mx) @ gain.T, torch.diag(zz.diagonal() - (gain * zx).sum(-1))


# %% wrong squeezed: z of one coordinate loses its axis
def condition(mean: Tensor, covariance: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    D, mz, mx, zz, zx, xx = _blocks(mean, covariance, x)
    gain = torch.linalg.solve(xx, zx.T).T
    return (mz + (x - mx) @ gain.T).squeeze(-1), zz - gain @ zx.T
