"""diagnosis: all_detached"""
import torch


def naive_elbo(p, q, x, eps):
    with torch.no_grad():
        z = q.transport(eps, x)
        return (p.log_joint(x, z) - q(x, z)).mean(0)
