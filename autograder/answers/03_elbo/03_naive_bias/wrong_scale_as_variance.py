"""diagnosis: scale_as_variance"""


def naive_bias(loc, log_scale, x):
    return -(x - 2 * loc), -(1 - 2 * log_scale.exp())
