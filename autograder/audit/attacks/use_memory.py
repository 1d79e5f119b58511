"""A function takes memory without end.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% 03_gap
def elbo_and_gap(*args):
    held = []
    while True:
        held.append(torch.ones(64 << 20))
