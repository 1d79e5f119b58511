"""diagnosis: late_residual"""
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
    surprise = x - emission @ mean
    inner = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(inner)
    mean = mean + gain @ surprise
    log_term = MultivariateNormal(emission @ mean, inner).log_prob(x)
    return mean, cov - gain @ emission @ cov, log_term
