"""diagnosis: no_inverse"""


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz - gain @ zx.T
