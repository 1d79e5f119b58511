"""Idiom: torch's LowRankMultivariateNormal, which does the same."""
import math

import torch
from torch.distributions import LowRankMultivariateNormal


def woodbury(scale, factor, v):
    normal = LowRankMultivariateNormal(torch.zeros_like(scale), factor, scale**2)
    at_zero = normal.log_prob(torch.zeros_like(scale))
    log_det = -2 * at_zero - len(scale) * math.log(2 * math.pi)
    return log_det, 2 * (at_zero - normal.log_prob(v))
