"""Idiom: a loop over samples, slopes at a leaf."""
import torch


def score_coefficient(p, q, x, eps, c):
    values = []
    for e in eps:
        z = q.transport(e[None], x)
        leaf = z.detach().requires_grad_()
        log_q = q(x, leaf)
        log_w = p.log_joint(x, leaf) - log_q
        (slope,) = torch.autograd.grad(log_w.sum(), leaf, retain_graph=True)
        moving = (slope * z).sum(-1) - c * log_q
        values.append((log_w.detach() + moving - moving.detach()).squeeze(0))
    return sum(values) / len(values)
