"""diagnosis: correlation"""
import torch


def best_coefficient(path, score):
    return -torch.stack([torch.corrcoef(torch.stack([a, b]))[0, 1] for a, b in zip(path.T, score.T)])
