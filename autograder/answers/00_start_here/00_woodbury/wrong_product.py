"""diagnosis: product"""
import torch


def woodbury(scale, factor, v):
    weights = scale**-2
    inner = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (weights.unsqueeze(-1) * factor)
    inside = (v * weights) @ factor
    log_det = (torch.det(inner) * (scale**2).prod()).log()
    return log_det, (v**2 * weights).sum(-1) - (inside * torch.linalg.solve(inner, inside.unsqueeze(-1)).squeeze(-1)).sum(-1)
