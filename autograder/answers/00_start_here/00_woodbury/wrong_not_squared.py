"""diagnosis: scale_not_squared"""
import torch


def woodbury(scale, factor, v):
    small = torch.eye(factor.shape[1], dtype=factor.dtype) + factor.T @ (factor / scale.unsqueeze(-1))
    seen = (v / scale) @ factor
    correction = (seen * torch.linalg.solve(small, seen.unsqueeze(-1)).squeeze(-1)).sum(-1)
    plain = (v**2 / scale).sum(-1)
    return scale.log().sum() + torch.logdet(small), plain - correction
