"""What one slide holds. Words, formulas and notes are Markdown, as the lecture has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.slides.lecture import Poll
from autograder.slides.pictures import Picture
from autograder.slides.sentences import is_formula, is_list, word_count

__all__ = ["LOW", "WIDE", "Slide"]

LOW, WIDE = (
    2.0,
    1.75,
)  # a figure's width over its height: below a formula; below words, and not beside them
FEW, SOME, MANY = (
    45,
    60,
    90,
)  # words, above a figure and a formula; beside a figure; on a slide without one


@dataclass
class Slide:
    """One slide.

    Attributes:
        kind: ``title``, ``text``, ``part`` (a heading alone), ``poll``, ``answer`` or ``closing``.
        title: its heading.
        over: a small line above the heading, which says where we are.
        context: words above a question, which lead to it.
        words: paragraphs, lists, and formulas between double dollars, in the order of the page.
        table, code: Markdown of a table; a program.
        printed: what a cell printed.
        evidence: lines of ``claim``, each with seeds, difference and error.
        notes: for the speaker alone.
    """

    kind: str
    title: str
    over: str = ""
    context: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    table: str = ""
    code: str = ""
    printed: str = ""
    picture: Picture | None = None
    poll: Poll | None = None
    evidence: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def formulas(self) -> list[str]:
        """Those of the paragraphs that are formulas."""
        return list(filter(is_formula, self.words))

    @property
    def lists(self) -> list[str]:
        """Those of the paragraphs that are lists."""
        return list(filter(is_list, self.words))

    @property
    def words_in_all(self) -> int:
        """Words on the slide."""
        return sum(map(word_count, self.words))

    @property
    def filled(self) -> bool:
        """Whether anything stands below its heading."""
        return bool(self.words or self.evidence or self.picture or self._large)

    def takes_formula(self) -> bool:
        """Whether a formula still finds a place: a second one, or one below a short list."""
        if self._large or self.picture:
            return False
        return len(self.formulas) < 2 and (not self.lists or self.words_in_all <= SOME)

    def takes_list(self, text: str) -> bool:
        """Whether a list still finds a place: below words and one formula, or beside a figure that is not wide."""
        words = self.words_in_all + word_count(text)
        if self._large or self.lists or len(self.formulas) > 1:
            return False
        return words <= (SOME if self.picture else MANY) and (not self.picture or self.picture.aspect < WIDE)  # fmt: skip

    def takes_picture(self, picture: Picture) -> bool:
        """Whether a figure still finds a place: on a slide of words alone, or below one formula if it is low."""
        if self._large or self.picture or self.lists or self.evidence or self.title == "Reflect":
            return False
        low = picture.aspect >= LOW and self.words_in_all <= FEW
        return not self.formulas or (len(self.formulas) == 1 and low)

    @property
    def _large(self) -> bool:
        return bool(self.table or self.code or self.poll)
