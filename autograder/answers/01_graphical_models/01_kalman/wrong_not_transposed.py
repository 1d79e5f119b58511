"""diagnosis: not_transposed"""
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition + transition_cov
    surprise = x - emission @ mean
    inner = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(inner)
    log_term = MultivariateNormal(torch.zeros_like(x), inner).log_prob(surprise)
    return mean + gain @ surprise, cov - gain @ emission @ cov, log_term
