"""No attack: warnings and messages on stderr, from Python and below it.

base: solved
honest: all
stock: run
"""
# %% last
import functools
import os
import sys
import warnings


def loud(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        warnings.warn("careful")
        print("working on it", file=sys.stderr)
        os.write(2, b"from below\n")
        return function(*args, **kwargs)

    return call


three_forms, gaussian_kl, elbo_and_gap = loud(three_forms), loud(gaussian_kl), loud(elbo_and_gap)
forward_and_reverse_kl, net_bit_rate, naive_elbo = loud(forward_and_reverse_kl), loud(net_bit_rate), loud(naive_elbo)
naive_bias = loud(naive_bias)
