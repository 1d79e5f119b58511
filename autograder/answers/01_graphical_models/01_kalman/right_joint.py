"""Idiom: the blocks of the joint Gaussian of state and datum."""
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    d = len(mean)
    m = transition @ mean
    p = transition @ cov @ transition.T + transition_cov
    stacked = torch.cat([torch.eye(d, dtype=m.dtype), emission])
    joint = stacked @ p @ stacked.T
    joint[d:, d:] += emission_cov
    solve = torch.linalg.solve(joint[d:, d:], joint[d:, :d]).T
    density = MultivariateNormal(emission @ m, joint[d:, d:])
    return m + solve @ (x - emission @ m), joint[:d, :d] - solve @ joint[d:, :d], density.log_prob(x)
