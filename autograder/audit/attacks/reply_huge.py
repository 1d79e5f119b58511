"""The reply has 200 MB.

base: solved
honest: all but 03_gap
stock: run
"""
# %% 03_gap
def elbo_and_gap(*args):
    body = "'" + "A" * 200_000_000 + "'"
    get_ipython().user_expressions = lambda expressions: {"reply": {"status": "ok", "data": {"text/plain": body}, "metadata": {}}}
