"""diagnosis: log_of_mean"""
import math

import torch


def net_bit_rate(log_joint, log_q):
    log_w = log_joint - log_q
    expected = -(torch.logsumexp(log_w, 0) - math.log(len(log_w))) / math.log(2)
    return -log_w / math.log(2), expected
