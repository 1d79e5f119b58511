"""The import that requests rely on is shadowed in the notebook.

base: untouched
honest: nothing
stock: run
"""
# %% last
class Fake:
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return "1000.0"


__import__ = lambda *args, **kwargs: Fake()
