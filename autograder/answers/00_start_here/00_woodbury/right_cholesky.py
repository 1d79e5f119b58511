"""Idiom: Cholesky of the small matrix, after scaling the coordinates to unit noise."""
import torch


def woodbury(scale, factor, v):
    white, u = factor / scale.unsqueeze(-1), v / scale
    root = torch.linalg.cholesky(torch.eye(white.shape[1], dtype=white.dtype) + white.T @ white)
    half = torch.linalg.solve_triangular(root, (u @ white).unsqueeze(-1), upper=False).squeeze(-1)
    return 2 * (scale.log().sum() + root.diagonal().log().sum()), (u**2).sum(-1) - (half**2).sum(-1)
