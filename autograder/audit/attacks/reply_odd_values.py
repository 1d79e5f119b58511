"""NaN, infinity, complex numbers, strings, None and the wrong shapes, in turn.

base: untouched
honest: nothing
stock: run
"""
# %% last
import itertools

turn = itertools.cycle([float("nan"), torch.tensor(float("inf")), torch.tensor([1j]), "<script>alert(1)</script>", None, torch.zeros(0),
                        torch.zeros(2, 3, 4, 5), [[], [1]], {"value": 1}, object(), 2**4000, b"bytes", lambda: 1])
three_forms = gaussian_kl = elbo_and_gap = forward_and_reverse_kl = net_bit_rate = naive_elbo = naive_bias = lambda *args, **kwargs: next(turn)
