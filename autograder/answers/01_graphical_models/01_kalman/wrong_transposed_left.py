"""diagnosis: not_transposed"""
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition.T @ cov @ transition + transition_cov
    s = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(s)
    log_term = MultivariateNormal(emission @ mean, s).log_prob(x)
    return mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov, log_term
