r"""Numbers in prose: which there are, and which record holds them.

Counted are figures, percentages, numbers in formulas that state a value, and the idioms of ratios ("twice as", "three times as", "a tenth
of"). Not counted: code, headings' own numbers, list markers, links, years, references ("section 3"), indices and exponents, 0 and 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.honesty.page import Cell

__all__ = ["Block", "Quoted", "blocks", "quoted", "supports"]

NO_EVIDENCE = re.compile(r"further reading|references|sources|literature", re.I)
NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?(?P<per>\s?\\?%|\s?per ?cent\b)?(?![\w])"
)
ABOUT = re.compile(
    r"(about|around|roughly|some|nearly|almost|over|under|more than|less than|at least|at most|approximately|≈|\\approx|~)\W*$",
    re.I,
)
REFERENCE = re.compile(
    r"\b(sections?|units?|lectures?|exercises?|figures?|tables?|chapters?|pages?|pp?\.|vol\.|equations?|rules?|parts?)\s+"
    r"\d+(?:(?:\s*(?:,|and|to|-|–)\s*)\d+)*",
    re.I,
)
WORDS = dict(
    zip("two three four five six seven eight nine ten".split(), range(2, 11), strict=True)
) | {"twenty": 20, "fifty": 50, "hundred": 100, "a hundred": 100, "a thousand": 1000}
PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "tenth": 10, "twentieth": 20, "hundredth": 100}  # fmt: skip
THAN = "as|more|less|the|better|worse|larger|smaller|lower|higher|fewer"
MANY = re.compile(
    rf"\b({'|'.join(sorted(WORDS, key=len, reverse=True))})(?:[ -]?fold\b| times (?={THAN}))", re.I
)
PART = re.compile(rf"\ban? ({'|'.join(PARTS)}) of\b|\b(half) (?:as|of the|the)\b", re.I)
TWICE = re.compile(r"\b(?:twice|double) (?:as\b|the\b(?! (?:\d+ )?steps))", re.I)
LOOSE = 0.25  # what "a tenth of" may be off by


@dataclass(frozen=True)
class Quoted:
    """A number as it stands in the text: its value, by how much the record may differ, and whether it is a percentage."""

    text: str
    value: float
    slack: float
    percent: bool = False


@dataclass(frozen=True)
class Block:
    """A paragraph, a list or a table: its words, and the statements that it names."""

    cell: Cell
    text: str
    names: tuple[str, ...]


def blocks(cells: Iterable[Cell], known: Iterable[str]) -> list[Block]:
    """The paragraphs of all text cells, without those that list literature."""
    found, skipped, names = [], 0, set(known)
    for cell in cells:
        if cell.code:
            continue
        text = re.sub(r"```.*?```|<!--.*?-->", "", cell.source, flags=re.S)
        for part in re.split(r"\n\s*\n", re.sub(r"(?m)^(#{1,6} .*)$", r"\n\1\n", text)):
            heading = re.match(r"\s*(#{1,6}) (.*)", part)
            if heading:
                level = len(heading[1])
                if NO_EVIDENCE.search(heading[2]):
                    skipped = level
                elif skipped and level <= skipped:
                    skipped = 0
                part = re.sub(r"^\s*#{1,6} (\d+\.?\d*[.:·]?\s)?", "", part)
            if skipped or not part.strip():
                continue
            words, named = _named(part, names)
            found.append(Block(cell, _plain(words), named))
    return found


def _named(text: str, known: set[str]) -> tuple[str, tuple[str, ...]]:
    """A paragraph without its brackets, and the known names in them."""
    named: list[str] = []

    def take(match: re.Match[str]) -> str:
        parts = [part.strip().strip("`") for part in re.split(r"[,;]", match[1])]
        named.extend(part for part in parts if part in known)
        return " " if any(part in known for part in parts) else match[0]

    return re.sub(r"\[([^\[\]]+)\](?!\()", take, text), tuple(named)


def _plain(text: str) -> str:
    """A paragraph without what is no prose: code, links' targets, formulas that define rather than tell."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>]+>", " ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"`[^`]*`|https?://\S+", " ", text)
    text = re.sub(r"(?m)^\s*\d+[.)]\s", " ", text)
    text = re.sub(r"\$\$?(.+?)\$\$?", lambda m: f" {_formula(m[1])} ", text, flags=re.S)
    text = REFERENCE.sub(" ", text)
    return re.sub(r"\b\d+-D\b|\b\d+(?:st|nd|rd|th)\b", " ", text)


def _formula(tex: str) -> str:
    """The numbers of a formula that state a value: those with decimals, those after a sign of relation, or all if there are no letters."""
    tex = re.sub(
        r"(?:(\d+(?:\.\d+)?)\s*(?:\\times|\\cdot)\s*)?10\s*\^\s*\{?\s*(-?\d+)\s*\}?",
        lambda m: f" {m[1] or 1}e{m[2]} ",
        tex,
    )
    tex = re.sub(r"[\^_]\s*(\{[^{}]*\}|\\?\w)", " ", tex.replace("{,}", ","))
    if not re.search(r"[A-Za-z]", re.sub(r"\\(pm|times|cdot|approx|[;, %])|e-?\d+", "", tex)):
        return tex
    values = re.findall(
        r"(?:=|\\approx|<|>|\\leq?|\\geq?)\s*([-−]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?)(?!\s*[\\A-Za-z(])",
        tex,
    )
    decimals = re.findall(r"(?<![\d.])\d+\.\d+", tex)
    return " ; ".join(dict.fromkeys([*values, *decimals]))


def quoted(text: str) -> list[Quoted]:
    """The numbers of a paragraph that need a record.

    >>> [one.text for one in quoted("Better by 0.21 ± 0.02 nats in 12% of 3,101 cases, twice as often as in 2005.")]
    ['0.21', '0.02', '12%', '3,101', 'twice as']
    """
    found = []
    for match in NUMBER.finditer(text):
        figure = re.sub(r"(\s?\\?%|\s?per ?cent)$", "", match[0]).replace(",", "")
        value, percent = float(figure), bool(match["per"])
        plain = re.fullmatch(r"\d+", figure)
        if plain and not percent and (value in (0, 1) or (1800 <= value < 2100 and "," not in match[0])):  # fmt: skip
            continue
        mantissa, _, exponent = figure.lower().partition("e")
        decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
        slack = 0.5001 * 10.0**-decimals if not plain or percent else 1e-6
        if ABOUT.search(text[: match.start()]):
            slack = max(slack, 0.1 * value)
        found.append(Quoted(match[0].strip(), value, slack, percent))
    for pattern, value_of in (
        (MANY, lambda m: float(WORDS[m[1].lower()])),
        (PART, lambda m: 1.0 / PARTS[(m[1] or m[2]).lower()]),
        (TWICE, lambda m: 2.0),
    ):
        for match in pattern.finditer(text):
            value = value_of(match)
            found.append(Quoted(match[0].strip(), value, LOOSE * value))
    return found


def supports(numbers: Iterable[float], one: Quoted) -> bool:
    """Whether a record holds a number, to the digits that are quoted; a difference may be quoted without its sign.

    >>> supports([-0.2149], quoted("by 0.21")[0]), supports([0.12], quoted("12%")[0]), supports([0.2], quoted("by 0.21")[0])
    (True, True, False)
    """
    for number in numbers:
        for candidate in (abs(number), 100 * abs(number)) if one.percent else (abs(number),):
            if abs(candidate - one.value) <= one.slack:
                return True
    return False
