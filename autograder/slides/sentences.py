"""Which sentences of a paragraph go on a slide."""

from __future__ import annotations

import re

__all__ = [
    "closed",
    "is_formula",
    "is_list",
    "last_sentences",
    "lead",
    "opening",
    "sentences",
    "word_count",
]

WHOLE = re.compile(r"\$[^$]+\$|`[^`]+`|\[[^\]]*\]\([^)]*\)")  # what no sentence ends in
END = re.compile(r"(?<=[.?!])[*\"')]*\s+(?=[A-Z$*`\"'(\[\d\x00])")
SHORT = re.compile(
    r"(\b(e\.g|i\.e|cf|vs|etc|al|Dr|St|Fig|Eq|No|Sec|pp?|[A-Z])\.|\b\d+\.)[*\"')]*\s*$"
)


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph of Markdown; formulas, code, bold words, quotations and brackets stay whole.

    >>> sentences("We fit $p(x). Q$ to it, e.g. with Adam. **It is noisy. Very.** So what?")
    ['We fit $p(x). Q$ to it, e.g. with Adam.', '**It is noisy. Very.**', 'So what?']
    """
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x01"

    guarded = WHOLE.sub(keep, " ".join(text.split()))
    found, begin = [], 0
    for match in END.finditer(guarded):
        piece = guarded[begin : match.end()]
        if not SHORT.search(piece) and _balanced(piece):
            found.append(piece.strip())
            begin = match.end()
    found.append(guarded[begin:].strip())
    return [re.sub(r"\x00(\d+)\x01", lambda m: kept[int(m[1])], piece) for piece in found if piece]


def lead(text: str, words: int = 42) -> str:
    """The first sentences of a paragraph, as many as fit into so many words, and always one.

    >>> lead("One two three. Four five. Six seven eight nine.", words=5)
    'One two three. Four five.'
    """
    taken: list[str] = []
    for sentence in sentences(text):
        if taken and word_count(" ".join([*taken, sentence])) > words:
            break
        taken.append(sentence)
    return " ".join(taken)


def opening(text: str, words: int, formulas: bool = True) -> list[str]:
    r"""The first paragraphs of an answer, cut where a sentence ends, with the formula to which they lead.

    Args:
        words: that they have together, about.
        formulas: whether there is room for one.

    >>> opening("It is zero. So\n\n$$a = 0$$\n\nfor all.", words=9)
    ['It is zero. So', '$$a = 0$$']
    >>> opening("It is zero. So\n\n$$a = 0$$\n\nfor all.", words=9, formulas=False)
    ['It is zero.']
    """
    taken: list[str] = []
    for paragraph in text.split("\n\n"):
        if is_formula(paragraph):
            if formulas or not taken:
                return [*taken, paragraph]
            break
        left = words - sum(map(word_count, taken))
        if taken and word_count(sentences(paragraph)[0]) > left:
            break
        taken.append(lead(paragraph, left))
        if len(taken[-1].split()) < len(paragraph.split()):
            break
    if taken and not taken[-1].rstrip("*\"')`$").endswith((".", "?", "!")):
        complete = sentences(taken[-1])[:-1]
        taken[-1:] = [" ".join(complete)] if complete else [re.sub(r"[:,;]$", ".", taken[-1])]
    return taken


def closed(paragraph: str) -> str:
    """A paragraph without the sentence that led over to what is not below it on the slide; if it is all of it, with a full stop.

    >>> closed("All are equally likely. Hence:"), closed("Three lines:")
    ('All are equally likely.', 'Three lines.')
    """
    if not paragraph.endswith(":") or is_list(paragraph):
        return paragraph
    return " ".join(sentences(paragraph)[:-1]) or f"{paragraph[:-1]}."


def is_list(paragraph: str) -> bool:
    """Whether a paragraph is a list."""
    return re.match(r"([-*]|\d+\.) ", paragraph) is not None


def is_formula(paragraph: str) -> bool:
    """Whether a paragraph is a displayed formula."""
    return paragraph.startswith("$$")


def last_sentences(text: str, words: int = 6) -> str:
    """What leads over to that which stands below the paragraph: its last sentence, or as many as make so many words.

    >>> last_sentences("The mean is zero. And so is its slope. Hence")
    'And so is its slope. Hence'
    """
    taken: list[str] = []
    for sentence in reversed(sentences(text)):
        taken.insert(0, sentence)
        if word_count(" ".join(taken)) >= words:
            break
    return " ".join(taken)


def word_count(text: str) -> int:
    """Words of a text, a formula between dollars counting as one.

    >>> word_count("so $a + b = c$ holds")
    3
    """
    return len(re.sub(r"\$[^$]+\$", "x", text).split())


def _balanced(piece: str) -> bool:
    return (
        piece.count("**") % 2 == 0
        and piece.replace("**", "").count("*") % 2 == 0
        and piece.count('"') % 2 == 0
        and piece.count("(") <= piece.count(")")
    )
