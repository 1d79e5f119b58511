"""diagnosis: wrt_scale"""


def naive_bias(loc, log_scale, x):
    s = log_scale.exp()
    return -(x - 2 * loc), -(1 / s - 2 * s)
