"""The reply is JSON ten thousand levels deep, arrays of impossible shapes among it.

base: untouched
honest: nothing
stock: run
"""
# %% last
import base64
import itertools
import json

bodies = itertools.cycle([
    b"[" * 10_000 + b"]" * 10_000,
    json.dumps({"value": {"$array": ["f8", [2**31 - 1, 2**31 - 1, 2**31 - 1]]}}).encode(),
    json.dumps({"value": {"$array": ["O", [1]]}}).encode(),
    json.dumps({"value": {"$array": ["f8", [-1]]}, "error": 7, "printed": {"a": 1}}).encode(),
    json.dumps({"error": {"type": 1, "message": ["<script>alert(1)</script>"] * 10_000}}).encode(),
    json.dumps({"value": float("nan")}).encode(),
])


def forged(expressions):
    header = next(bodies)
    body = repr(base64.b64encode(len(header).to_bytes(4, "little") + header).decode())
    return {"reply": {"status": "ok", "data": {"text/plain": body}, "metadata": {}}}


get_ipython().user_expressions = forged
