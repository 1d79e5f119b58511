"""Idiom: torch's own approximation of the slope."""
import torch


def implicit_gamma(concentration, rate, g):
    alpha = concentration.detach()
    slope = torch._standard_gamma_grad(alpha.expand_as(g), g)
    moving = slope * concentration
    return (g + moving - moving.detach()) / rate
