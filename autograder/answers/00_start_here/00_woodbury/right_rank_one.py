"""Idiom: one rank-one update after another."""
import torch


def woodbury(scale, factor, v):
    log_det, solved_v = 2 * scale.log().sum(), v / scale**2
    solved = factor / scale.unsqueeze(-1) ** 2
    quadratic = (v * solved_v).sum(-1)
    for r in range(factor.shape[1]):
        b, u = factor[:, r], solved[:, r].clone()
        grown = 1 + b @ u
        log_det = log_det + grown.log()
        quadratic = quadratic - (v @ u) ** 2 / grown
        solved = solved - torch.outer(u, b @ solved) / grown
    return log_det, quadratic
