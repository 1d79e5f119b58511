"""Lists without end in the header of the reply and in that of the question.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% top from reply_flood
# %% 03_gap
def elbo_and_gap(*args):
    bomb = b'{"msg_id": "x", "x": [' + b"[]," * 10_000_000 + b"[]]}"
    _flood(lambda: _whole(b"{}", bomb, bomb), 0.2)
