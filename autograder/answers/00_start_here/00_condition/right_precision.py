"""Idiom: by the joint precision: its z-block is the conditional precision."""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    precision = torch.linalg.inv(covariance)
    conditional = torch.linalg.inv(precision[:dim, :dim])
    return mean[:dim] - (x - mean[dim:]) @ (conditional @ precision[:dim, dim:]).T, conditional
