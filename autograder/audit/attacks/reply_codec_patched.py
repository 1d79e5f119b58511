"""base64 and json are patched in the kernel.

base: untouched
honest: nothing
stock: run
"""
# %% last
import base64
import json

base64.b64encode = lambda data: b"AAAA"
json.dumps = lambda *args, **kwargs: "{}"
