"""Idiom: the derivation by hand."""


def naive_bias(loc, log_scale, x):
    return 2 * loc - x, 2 * (2 * log_scale).exp() - 1
