"""diagnosis: counted_everything"""
import math

import torch


def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.numel())
