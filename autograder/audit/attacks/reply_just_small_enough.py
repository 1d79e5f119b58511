"""A reply as large as it may be: a megabyte of nested lists, 45 MB of numbers, where one number was asked for.

base: untouched
honest: nothing
stock: run
"""
# %% last
import numpy
_big = [[[]] * 2 for _ in range(110_000)]
def _answer(*args, **kwargs):
    return [numpy.zeros(6_000_000), _big]
three_forms = gaussian_kl = elbo_and_gap = forward_and_reverse_kl = net_bit_rate = naive_elbo = naive_bias = _answer
