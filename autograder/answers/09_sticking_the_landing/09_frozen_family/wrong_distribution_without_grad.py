"""diagnosis: score_kept"""
import torch


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    with torch.no_grad():
        density = q.distribution(x)
    return (p.log_joint(x, z) - density.log_prob(z)).mean(0)
