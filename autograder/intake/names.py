"""An id for every student that nbgrader, a file system and a database can all work with.

nbgrader looks submissions up with ``glob`` and strips spaces from ids; a gradebook holds 128 characters of an id; a name may hold bytes
that are no text at all. Names that survive all of that stay as they are. The others become a readable part and a hash of the name, so
that two students never share an id.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

__all__ = ["printable", "safe_id"]

LONGEST = 80
PLAIN = re.compile(r"\w[\w .@=-]*[\w@=-]|\w")


def safe_id(name: str) -> str:
    """The id under which ``name`` is graded: the name itself where that is safe.

    >>> safe_id("ada_lovelace"), safe_id("Zoë de Witt")
    ('ada_lovelace', 'Zoë de Witt')
    >>> safe_id("-rf *"), safe_id(".hidden")
    ('rf-bb9d06af', 'hidden-16924190')
    """
    if (
        unicodedata.is_normalized("NFC", name)
        and len(name.encode("utf-8", "surrogateescape")) <= LONGEST
        and PLAIN.fullmatch(name)
    ):
        return name
    readable = re.sub(r"[^\w]+", "_", unicodedata.normalize("NFC", name)).strip("_")
    while len(readable.encode("utf-8", "replace")) > LONGEST - 9:
        readable = readable[:-1]
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    return f"{readable or 'student'}-{digest}"


def printable(text: str, limit: int = 300) -> str:
    r"""A name of a student's for a terminal or a log: what would move a cursor or turn text around is spelled out.

    >>> print(printable("evil\x1b[31m\u202e.ipynb"))
    evil\x1b[31m\u202e.ipynb
    """
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text[:limit]
    )
    return shown + "…" if len(text) > limit else shown
