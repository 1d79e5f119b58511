"""Idiom: each datum's two gradients taken one by one and put together in a surrogate."""
import torch


def score_coefficient(p, q, x, eps, c):
    phi = list(q.parameters())
    z = q.transport(eps, x)
    total = (p.log_joint(x, z) - q(x, z)).mean(0)
    score = -q(x, z.detach()).mean(0)
    rows = []
    for b in range(len(total)):
        g_total = torch.autograd.grad(total[b], phi, allow_unused=True, retain_graph=True)
        g_score = torch.autograd.grad(score[b], phi, allow_unused=True, retain_graph=True)
        step = 0.0
        for parameter, g, s in zip(phi, g_total, g_score):
            wanted = (0 if g is None else g) - (1 - c) * (0 if s is None else s)
            step = step + (wanted * parameter).sum()
        rows.append(total[b].detach() + step - step.detach())
    return torch.stack(rows)
