"""diagnosis: naive_exp"""
import torch


def net_bit_rate(log_joint, log_q):
    rate = torch.log2(torch.exp(log_q) / torch.exp(log_joint))
    return rate, rate.mean(0)
