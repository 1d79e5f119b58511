"""A stored lecture, read as a row of blocks: what a slide can be made of, in the order of the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.build.folding import ANSWER, QUESTION
from autograder.slides.pictures import Picture, pictures_of

__all__ = ["Block", "Poll", "blocks", "polls", "reader"]

OVERRIDE = "slide"  # the key of a cell's metadata that overrides what is chosen for it
KINDS = {
    "paragraph_open": "text",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "math_block": "formula",
    "math_block_label": "formula",
    "blockquote_open": "quote",
    "fence": "code",
    "html_block": "html",
}
SILENT = ("predict", "reveal", "tally")  # calls whose output belongs to no slide


@dataclass(frozen=True)
class Poll:
    """A prediction as it is asked of a room.

    Attributes:
        number: which of the lecture.
        choices: what to choose from; empty where a number or a few words are asked for.
        truth: what it is, one of the choices where there are any.
    """

    number: int
    choices: tuple[str, ...] = ()
    truth: str = ""


@dataclass(frozen=True)
class Block:
    """One piece of a lecture.

    Attributes:
        kind: ``section``, ``part`` (a heading below a section), ``text``, ``list``, ``table``, ``formula``, ``quote``,
            ``question``, ``answer``, ``figure``, ``code`` or ``printed``.
        text: Markdown; code; what was printed; the title of a heading.
        number: of a question or an answer.
        override: what the cell's metadata say under ``slide``: ``"skip"`` (for the speaker alone) or ``"show"``.
    """

    kind: str
    text: str = ""
    number: int = 0
    picture: Picture | None = None
    override: str = ""


@dataclass
class _Answer:
    number: int = 0
    texts: list[str] = field(default_factory=list)


def reader() -> MarkdownIt:
    """The Markdown of the lectures: CommonMark, tables, and formulas between dollars."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    return markdown.use(dollarmath_plugin, allow_space=True, allow_digits=True, double_inline=True)


def blocks(notebook: dict[str, Any]) -> list[Block]:
    """All blocks of a lecture in order.

    Args:
        notebook: the lecture as JSON, with its outputs.

    >>> lecture = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": "## 1. Why\\n\\nBecause.\\n\\n$$a = b$$"}]}
    >>> [(block.kind, block.text) for block in blocks(lecture)]
    [('section', '1. Why'), ('text', 'Because.'), ('formula', 'a = b')]
    """
    found: list[Block] = []
    answer: _Answer | None = None
    for cell in notebook["cells"]:
        source, override = "".join(cell["source"]), str(cell["metadata"].get(OVERRIDE, ""))
        if cell["cell_type"] == "code":
            found += _of_code(cell, source, override)
        elif cell["cell_type"] == "markdown":
            for block in _of_text(source, override):
                if block.kind == "html":
                    asked = ANSWER.search(block.text)
                    if asked:
                        answer = _Answer(int(asked[1]))
                    if answer and "</details>" in block.text:
                        told = "\n\n".join(answer.texts)
                        found.append(Block("answer", told, answer.number, override=override))
                        answer = None
                elif answer:
                    answer.texts.append(f"$${block.text}$$" if block.kind == "formula" else block.text)  # fmt: skip
                else:
                    found.append(block)
    return found


def polls(notebook: dict[str, Any]) -> dict[int, Poll]:
    """The predictions of a lecture by number, with choices and truth, read from the calls of ``predict`` and ``reveal``."""
    choices: dict[int, tuple[str, ...]] = {}
    truths: dict[int, str] = {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not re.search(r"\b(predict|reveal)\(", source):
            continue
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id == "predict":
                asked = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
                choices[_number(node)] = tuple(map(str, asked.get("choices") or ()))
            elif node.func.id == "reveal":
                truth = ast.literal_eval(node.args[1])
                truths[_number(node)] = truth if isinstance(truth, str) else f"{float(truth):.4g}"
    return {number: Poll(number, choices[number], truths.get(number, "")) for number in choices}


def _number(call: ast.Call) -> int:
    return int(str(ast.literal_eval(call.args[0])).split("_")[1])


def _of_text(source: str, override: str) -> Iterator[Block]:
    lines = source.splitlines()
    tokens = reader().parse(source)
    for index, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        text = "\n".join(lines[token.map[0] : token.map[1]]).strip()
        if token.type == "heading_open":
            title = tokens[index + 1].content
            if token.tag != "h1":
                yield Block("section" if token.tag == "h2" else "part", title, override=override)
        elif token.type in ("math_block", "math_block_label"):
            yield Block("formula", token.content.strip(), override=override)
        elif token.type == "blockquote_open" and (asked := QUESTION.search(text)):
            plain = "\n".join(line.lstrip("> ") for line in text.splitlines())
            question = plain.split(".**", 1)[1].strip()
            yield Block("question", question, int(asked[1]), override=override)
        elif token.type == "blockquote_open":
            plain = "\n".join(re.sub(r"^> ?", "", line) for line in text.splitlines())
            yield Block("quote", plain, override=override)
        elif token.type == "fence":
            yield Block("code", token.content.rstrip(), override=override)
        elif token.type in KINDS:
            yield Block(KINDS[token.type], text, override=override)


def _of_code(cell: dict[str, Any], source: str, override: str) -> Iterator[Block]:
    if source.startswith(SILENT) or "\nreveal(" in source:
        return
    if override != "skip":
        yield Block("code", source.strip(), override=override)
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            yield Block("printed", "".join(output["text"]).rstrip(), override=override)
    for picture in pictures_of(cell["outputs"]):
        yield Block("figure", picture.alt, picture=picture, override=override)
