"""Idiom: one row per factor, then one sum."""
import torch


def joint_log_prob(parents, log_prob, values):
    factors = [log_prob[name](values[name], *(values[p] for p in parents[name])).sum(dim=1) for name in values]
    return torch.stack(factors).sum(0)
