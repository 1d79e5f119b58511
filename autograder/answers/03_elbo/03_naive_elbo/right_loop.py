"""Idiom: a loop over samples, the density from the distribution object."""
import torch


def naive_elbo(p, q, x, eps):
    density = q.distribution(x)
    values = []
    for k in range(len(eps)):
        z = density.transport(eps[k : k + 1]).data.clone()
        values.append(p.log_joint(x, z)[0] - density.log_prob(z)[0])
    return torch.stack(values).mean(dim=0)
