"""What one slide holds. Words, formulas and notes are Markdown, as the lecture has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograder.slides.lecture import Poll
from autograder.slides.pictures import Picture
from autograder.slides.sentences import word_count

__all__ = ["Slide"]

LOW, FEW = 2.0, 45  # a figure's width over its height; words above it and a formula


@dataclass
class Slide:
    """One slide.

    Attributes:
        kind: ``title``, ``text``, ``poll``, ``answer`` or ``closing``.
        title: its heading.
        over: a small line above the heading, which says where we are.
        context: words above a question, which lead to it.
        words: paragraphs.
        formulas: displayed below the words, without their dollars.
        listed, table, code: Markdown of a list; of a table; a program.
        printed: what a cell printed.
        evidence: lines of ``claim``, each with seeds, difference and error.
        notes: for the speaker alone.
    """

    kind: str
    title: str
    over: str = ""
    context: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    listed: str = ""
    table: str = ""
    code: str = ""
    printed: str = ""
    picture: Picture | None = None
    poll: Poll | None = None
    evidence: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def words_in_all(self) -> int:
        """Words on the slide, those of a list included."""
        return sum(word_count(text) for text in (*self.words, self.listed))

    @property
    def filled(self) -> bool:
        """Whether anything stands below its heading."""
        large = self.picture or self.table or self.code or self.poll or self.listed
        return bool(self.words or self.formulas or self.evidence or large)

    @property
    def open_to_more(self) -> bool:
        """Whether words or a formula still find a place."""
        large = self.picture or self.table or self.code or self.poll or self.listed
        return not large and len(self.formulas) < 2

    def takes(self, picture: Picture) -> bool:
        """Whether a figure still finds a place: on a slide of words alone, or below one formula if it is low."""
        if not self.open_to_more or self.evidence or self.title == "Reflect":
            return False
        return not self.formulas or (
            len(self.formulas) == 1 and picture.aspect >= LOW and self.words_in_all <= FEW
        )
