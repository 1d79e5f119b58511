"""How long a lecture takes: words / 180 + lines of code / 15 minutes, 90 s for each prediction, 45 s for each figure.

What stands below a heading that begins with *Aside*, up to the next heading of its rank, is counted apart.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nbformat import NotebookNode

from autograder.build.folding import QUESTION
from autograder.build.masters import code_lines

__all__ = ["Minutes", "minutes"]

WORDS, LINES, PREDICTION, FIGURE = 180, 15, 1.5, 0.75
HEADING = re.compile(r"(?m)^(#+) (?:\d+\. )?(.+)$")
MATHEMATICS = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)  # a formula is read like a word
MARKUP = re.compile(r"<[^>]+>|\]\([^)]*\)|[|*_`#>-]+")
SHOWN = re.compile(r"\bshow(?:_moving)?\(")


class Minutes(NamedTuple):
    """On the main line, and in asides."""

    main: float
    asides: float


def minutes(notebook: NotebookNode) -> Minutes:
    """The time of a lecture, as its notebook stands.

    >>> from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    >>> text = new_markdown_cell("# 00 Title" + 178 * " word" + "\\n\\n### Aside: more" + 178 * " word")
    >>> minutes(new_notebook(cells=[text, new_code_cell("show(figure)\\n" + 29 * "x = 1\\n")]))
    Minutes(main=1.0, asides=3.75)
    """
    spent, aside = [0.0, 0.0], 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            figures = len(SHOWN.findall(cell.source))
            spent[aside > 0] += code_lines(cell.source) / LINES + FIGURE * figures
            continue
        at = 0
        for heading in [*HEADING.finditer(cell.source), None]:
            end = heading.start() if heading else len(cell.source)
            spent[aside > 0] += _words(cell.source[at:end]) / WORDS
            spent[aside > 0] += PREDICTION * len(QUESTION.findall(cell.source[at:end]))
            if heading:
                at, rank = end, len(heading[1])
                if not aside or rank <= aside:
                    aside = rank if heading[2].startswith("Aside") else 0
    return Minutes(*(round(one, 2) for one in spent))


def _words(text: str) -> int:
    return len(re.findall(r"\w[\w'.,:;-]*", MARKUP.sub(" ", MATHEMATICS.sub(" x ", text))))
