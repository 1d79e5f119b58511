"""Every function ends the process.

base: untouched
honest: nothing
stock: run
"""
# %% last
import os


def end(*args):
    os._exit(3)


three_forms = gaussian_kl = elbo_and_gap = forward_and_reverse_kl = net_bit_rate = naive_elbo = naive_bias = end
