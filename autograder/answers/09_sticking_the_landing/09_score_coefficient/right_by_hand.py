"""Idiom: three gradients taken one by one and put together in a surrogate."""
import torch


def score_coefficient(p, q, x, eps, c):
    phi = list(q.parameters())
    z = q.transport(eps, x)
    total = (p.log_joint(x, z) - q(x, z)).mean(0)
    score = -q(x, z.detach()).mean(0)
    g_total = torch.autograd.grad(total.sum(), phi, allow_unused=True)
    g_score = torch.autograd.grad(score.sum(), phi, allow_unused=True)
    step = 0.0
    for parameter, g, s in zip(phi, g_total, g_score):
        wanted = (0 if g is None else g) - (1 - c) * (0 if s is None else s)
        step = step + (wanted * parameter).sum()
    return total.detach() + (step - step.detach()) / total.numel()
