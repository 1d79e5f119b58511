"""The reply is a pickle that runs a program when it is read.

base: untouched
honest: nothing
stock: run
"""
# %% last
import base64
import os
import pickle


class Program:
    def __reduce__(self):
        return (os.system, ("touch /tmp/vi_pickle_ran",))


body = repr(base64.b64encode(pickle.dumps(Program())).decode())
get_ipython().user_expressions = lambda expressions: {"reply": {"status": "ok", "data": {"text/plain": body}, "metadata": {}}}
