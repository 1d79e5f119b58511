"""Idiom: slopes of log w at leaf copies of z1 and z2, pushed through both transports."""
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    leaves = [z.detach().clone().requires_grad_() for z in (z1, z2)]
    log_w = p.log_joint(x, torch.cat(leaves, -1)) - q1(x, leaves[0]) - q2(*leaves)
    slopes = torch.autograd.grad(log_w.sum(), leaves)
    path = sum((slope * z).sum(-1) for slope, z in zip(slopes, (z1, z2)))
    return (log_w.detach() + path - path.detach()).mean(0)
