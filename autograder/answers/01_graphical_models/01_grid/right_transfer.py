"""Idiom: row by row: a sum over the states of one row at a time (the transfer matrix)."""
import torch


def grid_log_partition(coupling, fields):
    rows, columns = fields.shape
    states = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=fields.dtype)] * columns).view(-1, columns)
    message = torch.zeros(len(states), dtype=fields.dtype)
    for row in range(rows):
        within = coupling * (states[:, 1:] * states[:, :-1]).sum(-1) + states @ fields[row]
        if row:
            message = torch.logsumexp(message + coupling * states @ states.T, -1)
        message = message + within
    return torch.logsumexp(message, 0)
