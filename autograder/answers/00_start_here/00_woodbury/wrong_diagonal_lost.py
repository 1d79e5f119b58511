"""diagnosis: diagonal_lost"""
import torch


def woodbury(scale, factor, v):
    small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1) ** 2)
    seen = (v / scale**2) @ factor
    correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
    plain = (v**2 / scale**2).sum(-1)
    return torch.logdet(small), plain - correction
