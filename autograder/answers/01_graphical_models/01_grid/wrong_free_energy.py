"""diagnosis: sign"""
import torch


def grid_log_partition(coupling, fields):
    rows, columns = fields.shape
    n = rows * columns
    bits = (torch.arange(2**n).unsqueeze(-1) >> torch.arange(n)) & 1
    s = (2 * bits - 1).to(fields).view(-1, rows, columns)
    down = (s[:, 1:] * s[:, :-1]).sum((1, 2))
    across = (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
    exponent = coupling * (down + across) + (s * fields).sum((1, 2))
    return -torch.logsumexp(exponent, 0)
