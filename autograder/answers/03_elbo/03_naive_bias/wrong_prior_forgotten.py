"""diagnosis: prior_forgotten"""


def naive_bias(loc, log_scale, x):
    return -(x - loc), -(1 - 2 * (2 * log_scale).exp())
