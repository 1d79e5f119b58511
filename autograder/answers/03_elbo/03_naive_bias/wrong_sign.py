"""diagnosis: sign"""


def naive_bias(loc, log_scale, x):
    return x - 2 * loc, 1 - 2 * (2 * log_scale).exp()
