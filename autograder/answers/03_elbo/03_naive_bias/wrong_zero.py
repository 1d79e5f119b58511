"""diagnosis: zero_bias"""
import torch


def naive_bias(loc, log_scale, x):
    return torch.zeros_like(loc), torch.zeros_like(log_scale)
