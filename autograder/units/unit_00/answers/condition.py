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


# %% wrong added, from right solve: What x explains is added, as in a sum of variances. To see x can only make z more certain.
# diagnosis: added
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz + gain @ zx.T


# %% wrong explained, from right solve: The part of the variance that x explains is taken for the part that is left.
# diagnosis: explained_only
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, gain @ zx.T


# %% wrong no_batch, from right solve: gain @ (x - mean) is written for rows, with a transpose that a single x, a vector, does not have.
# diagnosis: no_batch
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     moved = torch.einsum("ij,bj->bi", gain, x.reshape(-1, x.shape[-1]) - mean[dim:])
#+     return mean[:dim] + moved, zz - gain @ zx.T


# %% wrong no_inverse, from right solve: The covariance with x is taken for a regression coefficient: it is one only where x has unit covariance.
# diagnosis: no_inverse
def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong no_prior_mean, from right solve: Only the correction is returned. It is the whole answer where z has mean zero, as it has on the toy.
# diagnosis: no_prior_mean
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong precision, from right solve: The block of the precision matrix is returned. Conditioning is easy in that form, but its inverse was asked for.
# diagnosis: precision
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, torch.linalg.inv(zz - gain @ zx.T)


# %% wrong sign, from right solve: The surprise is taken as mean minus x, so that z moves away from what was seen.
# diagnosis: sign
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] - (x - mean[dim:]) @ gain.T, zz - gain @ zx.T


# %% wrong uncentred, from right solve: x is multiplied as it is, and not its distance from its own mean: right only where that mean is zero.
# diagnosis: uncentred
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + x @ gain.T, zz - gain @ zx.T


# %% wrong unconditional, from right solve: The block of z is returned as it stands: that is marginalizing, and not conditioning.
# diagnosis: unconditional
#-     gain = torch.linalg.solve(xx, zx.T).T
#-     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
#+     gain = zx @ torch.linalg.inv(xx)
#+     return mean[:dim] + (x - mean[dim:]) @ gain.T, zz


# %% wrong x_first, from right precision: The blocks are cut as if x came first. Where z and x have as many coordinates no shape gives it away.
# diagnosis: x_first
#-     dim = mean.shape[0] - x.shape[-1]
#-     precision = torch.linalg.inv(covariance)
#-     conditional = torch.linalg.inv(precision[:dim, :dim])
#-     return mean[:dim] - (x - mean[dim:]) @ (conditional @ precision[:dim, dim:]).T, conditional
#+     n = x.shape[-1]
#+     gain = covariance[n:, :n] @ torch.linalg.inv(covariance[:n, :n])
#+     return mean[n:] + (x - mean[:n]) @ gain.T, covariance[n:, n:] - gain @ covariance[:n, n:]
