"""diagnosis: x_first"""
import torch


def condition(mean, covariance, x):
    n = x.shape[-1]
    gain = covariance[n:, :n] @ torch.linalg.inv(covariance[:n, :n])
    return mean[n:] + (x - mean[:n]) @ gain.T, covariance[n:, n:] - gain @ covariance[:n, n:]
