"""diagnosis: unweighted"""
import torch


def woodbury(scale, factor, v):
    weights = scale**-2
    inner = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (weights.unsqueeze(-1) * factor)
    inside = v @ factor
    log_det = torch.logdet(inner) + 2 * scale.log().sum()
    return log_det, (v**2 * weights).sum(-1) - (inside * torch.linalg.solve(inner, inside.unsqueeze(-1)).squeeze(-1)).sum(-1)
