"""diagnosis: missing_log_k"""
import torch


def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0)
