"""Idiom: a loop over samples that keeps a running logaddexp."""
import math

import torch


def log_mean_exp(log_w):
    total = torch.full_like(log_w[0], -math.inf)
    for one in log_w:
        total = torch.logaddexp(total, one)
    return total - math.log(len(log_w))
