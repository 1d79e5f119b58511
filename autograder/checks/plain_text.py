"""Text of a learner's code, fit to be shown: without control characters, and not too long."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain_text"]

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, and moves of the cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # titles, links, the like
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same in one character
    r"|\x1b.?",
    re.DOTALL,
)
HIDDEN = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
}  # control, format (text that runs backwards among them), surrogates, private


def plain_text(text: str, limit: int) -> str:
    r"""Without escapes, control and format characters, cut to ``limit``; line ends and tabs stay.

    >>> plain_text("\x1b[31mred\x1b[0m" + chr(0), 20)
    'red'
    >>> plain_text("a long story", 7)
    'a long…'
    """
    bounded = ESCAPES.sub("", text[: 10 * limit])
    kept = "".join(c for c in bounded if c in "\n\t" or unicodedata.category(c) not in HIDDEN)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
