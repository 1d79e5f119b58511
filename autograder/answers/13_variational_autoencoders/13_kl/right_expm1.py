"""Idiom: with expm1, which keeps the digits near the prior."""
import torch


def kl_to_prior(loc, log_scale):
    log_variance = 2 * log_scale
    return (loc.square() + torch.expm1(log_variance) - log_variance) / 2
