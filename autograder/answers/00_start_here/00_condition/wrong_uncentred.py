"""diagnosis: uncentred"""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx @ torch.linalg.inv(xx)
    return mean[:dim] + x @ gain.T, zz - gain @ zx.T
