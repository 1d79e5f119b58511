"""Signed messages with one string of fifty million escaped quotes that never ends: what measures them is to go back and forth.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% top from reply_flood
# %% 03_gap
def elbo_and_gap(*args):
    body = b'{"status": "ok", "x": "' + b'\\"' * 40_000_000
    _flood(lambda: _whole(body), 0.3)
