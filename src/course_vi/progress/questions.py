"""The predictions of a lecture as questions: text, choices, section and answer, read from the notebook that asks them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

from course_vi.progress.notebooks import cells_of, source_of
from course_vi.syllabus import of_number

__all__ = ["Question", "anchor", "question"]

COURSE = Path(__file__).resolve().parents[3] / "lectures"
HEADING = re.compile(r"^#{2,4} (.+?)\s*$", re.MULTILINE)
NAME = re.compile(r"\d\d_\d+")


class Question(NamedTuple):
    """A prediction, as its lecture asks it.

    Attributes:
        name: the unit's number and the prediction's, such as ``"03_5"``.
        text: the question, in Markdown.
        context: what the lecture says just before it, in Markdown; often nothing.
        choices: what to choose from; none where a number or words are asked for.
        number: whether a number is asked for.
        section: the heading it stands under.
        answer: what the lecture answers, in Markdown.
    """

    name: str
    text: str
    context: str
    choices: tuple[str, ...]
    number: bool
    section: str
    answer: str

    @property
    def link(self) -> str:
        """The lecture at this section, from a notebook that lies in a folder of ``work/`` itself."""
        stem = of_number(self.name[:2]).stem
        plain = (
            self.section and "$" not in self.section
        )  # JupyterLab does not find a heading with a formula
        return f"../{stem}/{stem}.ipynb{f'#heading={anchor(self.section)}' if plain else ''}"

    def fits(self, truth: str) -> bool:
        """Whether what came is still one of the choices; a question that changed since is not asked by its old answer.

        >>> Question("03_1", "Which?", "", ("a", "b"), False, "1. One", "").fits("c")
        False
        """
        return not self.choices or truth in self.choices


def question(name: str, work: Path) -> Question | None:
    """The question that asked for a prediction, from the learner's copy of the lecture, else from the course's; None if neither has it.

    Args:
        name: of the prediction, such as ``"03_5"``.
        work: the learner's folder.

    Raises:
        ValueError: the name is no name of a prediction, or there is no such unit.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"name is {name!r}; expected a unit's number and a prediction's, as '03_5'"
        )
    stem = of_number(name[:2]).stem
    for path in (work / stem / f"{stem}.ipynb", COURSE / f"{stem}.ipynb"):
        found = _in(
            [(str(cell.get("cell_type")), source_of(cell)) for cell in cells_of(path)], name
        )
        if found is not None:
            return found
    return None


def anchor(heading: str) -> str:
    """The name that JupyterLab gives to a heading: its text, with hyphens for spaces.

    >>> anchor("6. Which KL?")
    '6.-Which-KL?'
    """
    return heading.replace(" ", "-")


def _in(cells: list[tuple[str, str]], name: str) -> Question | None:
    """The question of this name among cells, each a kind and a text."""
    number, section = name[3:], ""
    for place, (kind, text) in enumerate(cells):
        asked = _call(text, name) if kind == "code" else None
        if asked is not None and place:
            before, mark, quoted = cells[place - 1][1].partition(f"> **Predict {number}.**")
            if not mark:
                return None
            words = "\n".join(line.lstrip().removeprefix(">").strip() for line in quoted.splitlines())  # fmt: skip
            told = HEADING.sub("", before).strip()
            answer = _answer([text for kind, text in cells[place:] if kind == "markdown"], number)
            return Question(name, words.strip(), told, *asked, section, answer)
        if kind == "markdown":
            section = next(iter(HEADING.findall(text)[-1:]), section)
    return None


def _call(source: str, name: str) -> tuple[tuple[str, ...], bool] | None:
    """Choices, and whether a number is asked for, of the call ``predict(name, ...)`` in a cell."""
    if f'predict("{name}"' not in source:
        return None
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        for call in calls:
            if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == name:
                given = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
                return tuple(map(str, given.get("choices") or ())), bool(given.get("number"))
    except (SyntaxError, ValueError, TypeError):  # a learner's copy may hold anything
        pass
    return None


def _answer(texts: list[str], number: str) -> str:
    """The inside of the first fold that answers prediction ``number``."""
    fold = rf"<details>\s*<summary>Answer to Predict {number}\b.*?</summary>(.*?)</details>"
    found = (re.search(fold, text, re.DOTALL) for text in texts)
    return next((match[1].strip() for match in found if match), "")
