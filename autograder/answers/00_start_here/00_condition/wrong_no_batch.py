"""diagnosis: no_batch"""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx @ torch.linalg.inv(xx)
    moved = torch.einsum("ij,bj->bi", gain, x.reshape(-1, x.shape[-1]) - mean[dim:])
    return mean[:dim] + moved, zz - gain @ zx.T
