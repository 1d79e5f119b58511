"""Idiom: the small matrix, inverted by a solve."""
import torch


def woodbury(scale, factor, v):
    small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1) ** 2)
    log_det = 2 * scale.log().sum() + torch.logdet(small)
    seen = (v / scale**2) @ factor
    return log_det, (v**2 / scale**2).sum(-1) - (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
