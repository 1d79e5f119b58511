"""From the blocks of a lecture to its slides: title, goals, what is needed, the sections, and what to write next."""

from __future__ import annotations

import re
from typing import Any

from autograder.slides.lecture import Block, blocks, polls
from autograder.slides.sections import Section
from autograder.slides.sentences import lead, sentences
from autograder.slides.slide import Slide
from autograder.units import EXERCISES
from course_vi.syllabus import Unit, of_number

__all__ = ["slides"]

LEFT_OUT = ("Further reading", "0. Preflight")
NEEDED = 6  # lines of the box of what is needed


def slides(notebook: dict[str, Any], unit: Unit) -> list[Slide]:
    """All slides of a lecture.

    Args:
        notebook: the stored lecture, with its outputs.
        unit: whose lecture it is.

    Raises:
        ValueError: the lecture has no section.
    """
    asked = polls(notebook)
    preface: list[Block] = []
    sections: list[Section] = []
    left_out = False
    for block in blocks(notebook):
        if block.kind == "section":
            left_out = block.text in LEFT_OUT
            if not left_out:
                sections.append(Section(block.text, asked))
        elif left_out:
            continue
        elif sections:
            sections[-1].read(block)
        else:
            preface.append(block)
    if not sections:
        raise ValueError(f"{unit.stem} has no section; expected headings such as '## 1. Name'")
    middle = [slide for section in sections for slide in section.finished()]
    for slide in middle:
        slide.kind = slide.kind if slide.filled else "part"
    return [*_opening(preface, unit), *middle, *_closing(unit)]


def _opening(preface: list[Block], unit: Unit) -> list[Slide]:
    """Title, goals, and the box of what is needed, as far as the lecture has them."""
    texts = [block.text for block in preface if block.kind == "text"]
    why = [
        text
        for text in texts
        if not re.match(r"\*\*(After this|Time|You need)|Logarithms are natural", text)
    ]
    needs = ", ".join(f"{number:02d} {of_number(f'{number:02d}').title}" for number in unit.needs)
    found = [
        Slide(
            "title",
            unit.title,
            f"Unit {unit.number:02d}",
            words=[lead(why[0], 55)] if why else [],
            printed=f"Builds on {needs}" if needs else "",
            notes=texts,
        )
    ]
    goals = next((block.text for block in preface if block.kind == "list"), "")
    if goals:
        found.append(Slide("text", "After this unit you can", words=[goals]))
    box = next((block.text for block in preface if block.kind == "quote"), "")
    items = re.split(r"(?m)^- ", box)[1:]
    if items:
        short = [f"- {sentences(item)[0]}" for item in items[:NEEDED]]
        found.append(Slide("text", "What you need", words=["\n".join(short)], notes=[box]))
    return found


def _closing(unit: Unit) -> list[Slide]:
    """What the problem set asks for."""
    own = [exercise for exercise in EXERCISES.values() if exercise.unit == unit.stem]
    if not own:
        return []
    rows = [f"| {each.title} | {each.difficulty} of 5 | {each.minutes} |" for each in own]
    table = "\n".join(["| You write | difficulty | minutes |", "|---|---|---|", *rows])
    return [Slide("closing", "The problem set", table=table, notes=[f"`{unit.stem}_problems`, in JupyterLab."])]  # fmt: skip
