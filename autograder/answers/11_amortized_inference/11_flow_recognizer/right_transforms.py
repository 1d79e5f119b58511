"""Idiom: a transform of torch.distributions, written as three in a row."""
import math

import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.tensor_split(4, dim=-1)
    inner = torch.log(eps.abs() + torch.sqrt(eps**2 + 1)) * eps.sign()
    first = -0.5 * torch.log(eps**2 + 1)
    moved = inner * log_tail.exp() + skew
    grown = (moved.exp() - (-moved).exp()) / 2
    third = torch.logaddexp(moved, -moved) - math.log(2)
    z = loc + log_scale.exp() * grown
    return z, (Normal(0.0, 1.0).log_prob(eps) - first - log_tail - third - log_scale).sum(-1)
