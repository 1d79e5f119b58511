"""Idiom: precisions add: prior precision plus what the datum tells."""
import math

import torch


def kalman_step(mean, cov, x, transition, emission, transition_cov, emission_cov):
    m = transition @ mean
    p = transition @ cov @ transition.T + transition_cov
    weight = torch.linalg.solve(emission_cov, emission)
    precision = torch.linalg.inv(p) + emission.T @ weight
    new_cov = torch.linalg.inv(precision)
    new_mean = new_cov @ (torch.linalg.solve(p, m) + weight.T @ x)
    s, r = emission @ p @ emission.T + emission_cov, x - emission @ m
    log_term = -0.5 * (r @ torch.linalg.solve(s, r) + torch.logdet(s) + len(x) * math.log(2 * math.pi))
    return new_mean, new_cov, log_term
