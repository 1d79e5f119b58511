"""Messages of a hundred thousand parts of one byte.

base: solved
honest: all but 03_gap
stock: run
"""
# %% top from reply_flood
# %% 03_gap
def elbo_and_gap(*args):
    parts = [b"x"] * 100_000
    _flood(lambda: [*_whole(b"{}"), *parts])
