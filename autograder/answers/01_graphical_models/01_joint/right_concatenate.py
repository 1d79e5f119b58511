"""Idiom: all entries of all factors side by side."""
import torch


def joint_log_prob(parents, log_prob, values):
    return torch.cat([log_prob[v](values[v], *[values[u] for u in us]) for v, us in parents.items()], -1).sum(-1)
