"""diagnosis: dense"""
import torch


def woodbury(scale, factor, v):
    covariance = torch.diag(scale**2) + factor @ factor.T
    return torch.logdet(covariance), (v * torch.linalg.solve(covariance, v.unsqueeze(-1)).squeeze(-1)).sum(-1)
