"""diagnosis: independent_entries"""
import torch
from torch.distributions import Normal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
    s = emission @ cov @ emission.T + emission_cov
    gain = cov @ emission.T @ torch.linalg.inv(s)
    log_term = Normal(emission @ mean, s.diagonal().sqrt()).log_prob(x).sum()
    return mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov, log_term
