"""diagnosis: short_grid"""
import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-3, 3, 10001, dtype=torch.float64)
    weights = torch.exp(-z**2 / 2) / (2 * torch.pi) ** 0.5 * (z[1] - z[0])
    one = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    first, second = torch.stack([1 - one[0], one[0]]), torch.stack([1 - one[1], one[1]])
    table = (first * weights) @ second.T
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()
