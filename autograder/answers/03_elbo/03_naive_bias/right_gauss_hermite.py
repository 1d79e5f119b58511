"""Idiom: the mean path derivative by Gauss-Hermite quadrature, with the sign turned."""
import numpy as np


def naive_bias(loc, log_scale, x):
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    s = log_scale.exp()
    bias_loc, bias_log_scale = 0.0, 0.0
    for e, w in zip(nodes, weights / weights.sum()):
        z = loc + s * e
        slope = (x - z) - z + e / s
        bias_loc = bias_loc - w * slope
        bias_log_scale = bias_log_scale - w * slope * s * e
    return bias_loc, bias_log_scale
