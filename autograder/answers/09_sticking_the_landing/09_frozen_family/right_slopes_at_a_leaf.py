"""Idiom: slopes of log w at a leaf copy of z, pushed through the transport one sample at a time."""
import torch


def path_derivative(p, q, x, eps):
    values = []
    for e in eps:
        z = q.transport(e.unsqueeze(0), x)
        leaf = z.detach().clone().requires_grad_(True)
        log_w = p.log_joint(x, leaf) - q(x, leaf)
        (slope,) = torch.autograd.grad(log_w.sum(), leaf)
        path = (slope * z).sum(-1)
        values.append((log_w.detach() + path - path.detach())[0])
    return torch.stack(values).mean(0)
