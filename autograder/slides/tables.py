"""A table or a list that is longer than a slide, as several."""

from __future__ import annotations

import math
import re

from autograder.slides.sentences import word_count

__all__ = ["split_list", "split_table"]

LETTERS, LINES = 122, 20.0  # of a slide's width, shared by the columns; of a slide's height
RULE = 0.4  # of a line, between rows
WORDS = 150  # of a list


def split_table(table: str, lines: float = LINES) -> list[str]:
    r"""The rows dealt out to as few tables as hold them, each about as high as the others and under the same head.

    >>> split_table("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", lines=3)
    ['| a | b |\n|---|---|\n| 1 | 2 |', '| a | b |\n|---|---|\n| 3 | 4 |']
    """
    head, rule, *rows = table.strip().splitlines()
    widths = _widths([head, *rows])
    heights = [_height(row, widths) + RULE for row in rows]
    count = max(1, math.ceil(sum(heights) / (lines - _height(head, widths))))
    share = sum(heights) / count
    pages: list[list[str]] = [[]]
    filled = 0.0
    for row, height in zip(rows, heights, strict=True):
        if pages[-1] and filled + height / 2 > share * len(pages) and len(pages) < count:
            pages.append([])
        pages[-1].append(row)
        filled += height
    return ["\n".join([head, rule, *page]) for page in pages]


def split_list(text: str, words: int = WORDS) -> list[str]:
    r"""The items of a list dealt out to as few lists as hold them, numbered on.

    >>> split_list("1. one two\n2. three\n3. four", words=4)
    ['1. one two', '2. three\n3. four']
    """
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", text)
    sizes = list(map(word_count, items))
    count = math.ceil(sum(sizes) / words)
    pages: list[list[str]] = [[]]
    filled = 0.0
    for item, size in zip(items, sizes, strict=True):
        if pages[-1] and filled + size / 2 > sum(sizes) / count * len(pages):
            pages.append([])
        pages[-1].append(item)
        filled += size
    return ["\n".join(page) for page in pages]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def _widths(rows: list[str]) -> list[float]:
    """Letters a line for each column: in proportion to the square root of what stands in it, as a browser shares them, roughly."""
    table = [_cells(row) for row in rows]
    columns = max(map(len, table))
    need = [
        math.sqrt(sum(_letters(row[k]) for row in table if k < len(row)) + 1)
        for k in range(columns)
    ]
    return [max(6.0, LETTERS * part / sum(need)) for part in need]


def _height(row: str, widths: list[float]) -> int:
    cells = zip(_cells(row), widths, strict=False)
    return max(math.ceil(_letters(cell) / width) or 1 for cell, width in cells)


def _letters(cell: str) -> int:
    """A command of TeX is about one letter."""
    return len(re.sub(r"\\[a-zA-Z]+|[${}*`^_]", "", cell))
