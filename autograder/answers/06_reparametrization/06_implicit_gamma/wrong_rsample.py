"""diagnosis: own_noise"""
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    return Gamma(concentration, rate).rsample(g.shape[:1])
