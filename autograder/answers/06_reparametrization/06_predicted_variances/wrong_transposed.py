"""diagnosis: transposed"""
import torch

from course_vi.exact import gauss_hermite


def predicted_variances(a, b, m, s):
    eps, weights = gauss_hermite(16)
    z = m + s * eps
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = torch.stack([eps / s, eps**2 - 1])
    baselines = (weights * f * scores**2).sum(-1, keepdim=True) / (weights * scores**2).sum(-1, keepdim=True)
    rows = torch.stack([torch.stack([slope, slope * s * eps]), f * scores, (f - baselines) * scores])
    return ((weights * rows**2).sum(-1) - (weights * rows).sum(-1) ** 2).T
