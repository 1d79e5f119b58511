# %% right cholesky: Cholesky factors instead of an inverse.
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    root = torch.linalg.cholesky(xx)
    half = torch.linalg.solve_triangular(root, zx.T, upper=False)
    white = torch.linalg.solve_triangular(root, (x - mean[dim:]).unsqueeze(-1), upper=False)
    return mean[:dim] + (half.T @ white).squeeze(-1), zz - half.T @ half


# %% right precision: By the joint precision: its z-block is the conditional precision.
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    precision = torch.linalg.inv(covariance)
    conditional = torch.linalg.inv(precision[:dim, :dim])
    return mean[:dim] - (x - mean[dim:]) @ (conditional @ precision[:dim, dim:]).T, conditional


# %% right sequential: One coordinate of x after another.
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    means, cov = mean.expand(*x.shape[:-1], len(mean)).clone(), covariance.clone()
    for j in range(dim, len(mean)):
        column = cov[:, j] / cov[j, j]
        means = means + (x[..., j - dim] - means[..., j]).unsqueeze(-1) * column
        cov = cov - torch.outer(column, cov[j])
    return means[..., :dim], cov[:dim, :dim]


# %% right solve: A linear solve for the gain.
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = torch.linalg.solve(xx, zx.T).T
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong added, from right solve: You added what x explains. To see x makes z more certain: subtract.
# diagnosis: added
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz + gain @ zx.T


# %% wrong explained, from right solve: This is the part that x explains. Subtract it from the covariance of z.
# diagnosis: explained_only
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, gain @ zx.T


# %% wrong no_batch, from right solve: Without a batch x is a vector: use x @ gain.T, or (gain @ x.unsqueeze(-1)).squeeze(-1), which work for both.
# diagnosis: no_batch
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     moved = torch.einsum("ij,bj->bi", gain, x.reshape(-1, x.shape[-1]) - mean[dim:])
#+     return mean[:dim] + moved, zz - gain @ zx.T


# %% wrong no_inverse, from right solve: The covariance of x is not divided out: multiply by its inverse.
# diagnosis: no_inverse
def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong no_prior_mean, from right solve: The mean of z is missing: at x equal to its mean, z is expected at its own.
# diagnosis: no_prior_mean
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong precision, from right solve: This is the inverse of what is asked for, the conditional precision.
# diagnosis: precision
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, torch.linalg.inv(zz - gain @ zx.T)


# %% wrong sign, from right solve: z moves to the wrong side: add the correction.
# diagnosis: sign
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] - (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong uncentred, from right solve: x is multiplied as it is. What moves z is how far x lies from its own mean.
# diagnosis: uncentred
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + x @ gain.T, zz - gain @ zx.T


# %% wrong unconditional, from right solve: This is the covariance of z before x was seen.
# diagnosis: unconditional
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz


# %% wrong x_first, from right precision: You cut mean and covariance as if x came first.
# diagnosis: x_first
#-     dim = mean.shape[0] - x.shape[-1]
#-     precision = torch.linalg.inv(covariance)
#-     conditional = torch.linalg.inv(precision[:dim, :dim])
#-     return mean[:dim] - (x - mean[dim:]) @ (conditional @ precision[:dim, dim:]).T, conditional
#+     n = x.shape[-1]
#+     gain = covariance[n:, :n] @ torch.linalg.inv(covariance[:n, :n])
#+     return mean[n:] + (x - mean[:n]) @ gain.T, covariance[n:, n:] - gain @ covariance[:n, n:]
