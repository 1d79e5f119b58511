"""Idiom: plain numbers, one replicate at a time, running means and sums of squares."""
import math

import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    m, s, x = loc.item(), math.exp(log_scale.item()), x.item()
    mean, squares = [0.0] * 4, [0.0] * 4
    for n, e in enumerate(torch.randn(replicates, generator=generator, dtype=loc.dtype).tolist(), start=1):
        z = m + s * e
        slope = x - 2 * z + e / s
        gradients = (slope - e / s, slope * s * e + 1 - e * e, slope, slope * s * e)
        for i, g in enumerate(gradients):
            step = g - mean[i]
            mean[i] += step / n
            squares[i] += step * (g - mean[i])
    return torch.tensor(squares).reshape(2, 2) / (replicates - 1)
