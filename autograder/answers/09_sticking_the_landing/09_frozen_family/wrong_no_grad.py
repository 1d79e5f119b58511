"""diagnosis: entropy_dropped"""
import torch


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    with torch.no_grad():
        log_q = q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)
