"""diagnosis: unconditional"""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    gain = zx @ torch.linalg.inv(xx)
    return mean[:dim] + (x - mean[dim:]) @ gain.T, zz
