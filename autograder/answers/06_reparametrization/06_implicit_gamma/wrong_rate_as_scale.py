"""diagnosis: rate_as_scale"""
import torch


def slope_of_cdf(alpha, g):
    h = 1e-4 * alpha
    return (torch.special.gammainc(alpha + h, g) - torch.special.gammainc(alpha - h, g)) / (2 * h)


def log_density(alpha, g):
    return (alpha - 1) * g.log() - g - torch.lgamma(alpha)


def implicit_gamma(concentration, rate, g):
    alpha = concentration.detach()

    slope = -slope_of_cdf(alpha, g) / log_density(alpha, g).exp()
    return (g + slope * (concentration - alpha)) * rate
