"""diagnosis: late_residual"""
import torch
from torch.distributions import MultivariateNormal


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    mean, cov = transition @ mean, transition @ cov @ transition.T + transition_cov
    gain = cov @ emission.T @ torch.linalg.inv(emission @ cov @ emission.T + emission_cov)
    mean, cov = mean + gain @ (x - emission @ mean), cov - gain @ emission @ cov
    return mean, cov, MultivariateNormal(emission @ mean, emission @ cov @ emission.T + emission_cov).log_prob(x)
