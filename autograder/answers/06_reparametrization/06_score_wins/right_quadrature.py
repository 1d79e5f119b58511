"""Idiom: a steep step without a jump, and a fine trapezoid rule."""
import torch


def score_wins(m, s):
    def f(z):
        return 0.5 * torch.tanh(40 * (z - m) / s)

    e = torch.linspace(-8, 8, 40001, dtype=torch.float64)
    weight = torch.exp(-0.5 * e**2)
    weight = weight / weight.sum()
    z = (m + s * e).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)

    def var(g):
        mean = (weight * g).sum()
        return (weight * (g - mean) ** 2).sum()

    return f, torch.stack([var(slope), var(value.detach() * e / s)])
