"""diagnosis: log_scale_as_scale"""


def naive_bias(loc, log_scale, x):
    return -(x - 2 * loc), -(1 - 2 * log_scale**2)
