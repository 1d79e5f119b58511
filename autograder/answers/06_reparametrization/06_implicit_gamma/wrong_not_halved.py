"""diagnosis: difference_not_halved"""
import torch
from torch.distributions import Gamma


def implicit_gamma(concentration, rate, g):
    with torch.no_grad():
        h = 1e-4 * concentration
        difference = torch.special.gammainc(concentration + h, g) - torch.special.gammainc(concentration - h, g)
        density = Gamma(concentration, torch.ones_like(rate)).log_prob(g).exp()
        slope = -difference / h / density
    return (g + slope * (concentration - concentration.detach())) / rate
