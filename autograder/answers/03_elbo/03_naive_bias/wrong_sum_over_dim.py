"""diagnosis: sum_over_dim"""


def naive_bias(loc, log_scale, x):
    return -(x - 2 * loc).sum(-1), -(1 - 2 * (2 * log_scale).exp()).sum(-1)
