"""diagnosis: wrong_axis"""
import math

import torch


def log_mean_exp(log_w):
    return torch.logsumexp(log_w, -1) - math.log(log_w.shape[-1])
