"""The slides of one section: an opening, then one for each figure, prediction, answer, list or further formula.

What is chosen: the first sentences of the section and its first formula open it; a figure stands with the sentence that follows it; a
prediction is a poll, and its answer a slide with the figure that shows the truth. The rest of the prose is for the speaker. Of an
*aside* only the predictions have slides.
"""

from __future__ import annotations

import re
from typing import Any

from autograder.slides.lecture import Block, Poll
from autograder.slides.pictures import Picture
from autograder.slides.printed import claims_of, is_short
from autograder.slides.sentences import (
    closed,
    last_sentences,
    lead,
    opening,
    word_count,
)
from autograder.slides.slide import LOW, Slide
from autograder.slides.tables import split_list, split_table

__all__ = ["Section", "is_aside", "plain_title"]

FIGURES_OF_AN_ANSWER, WORDS_OF_AN_ANSWER = 2, 60
MOST_WORDS = 75  # of a slide whose formula brings its own sentence along
CONTEXT = 50  # words above a question
LONG_LIST = 120  # words; a longer one is prose
REFLECT = re.compile(r"^\*\*Reflect\.?\*\*\s*")
REMARK = re.compile(
    r"\s*\((?:[^()]|\([^()]*\))*\)\s*$"
)  # the answer to such a question, in brackets behind it
REMEMBER = "What to remember"


class Section:
    """Reads the blocks of a section one by one; ``slides`` are those that they make.

    Args:
        title: the heading, with its number.
        polls: the predictions of the lecture.
    """

    def __init__(self, title: str, polls: dict[int, Poll]) -> None:
        self.title, self.polls = plain_title(title), polls
        self.part = ""  # the heading below the section's, if there was one
        self.whole_aside = self.aside = is_aside(title)
        self._slides: list[Slide] = []
        self._waiting: list[str] = []  # notes for the first slide of a part
        self._fresh = True  # a heading has passed, and no slide since
        self._above = ""  # the paragraph above, as long as no slide has it
        self._leads: list[
            tuple[Slide, str]
        ] = []  # what a figure falls back on if no words follow it
        self._asked = False  # between a prediction and its answer,
        self._seen: list[Picture] = []  # what was shown there
        self._printed: list[str] = []
        if self.aside:
            self._waiting.append(f"*{self.title}* stands in the lecture.")
        else:
            self._add("text")

    def read(self, block: Block) -> None:
        """Take in the next block."""
        if block.override == "skip" and block.kind not in ("part", "question", "answer"):
            if block.kind in ("text", "list", "table", "quote"):
                self._note(block.text)
            return
        handle = getattr(self, f"_on_{block.kind}", None)
        if handle:
            handle(block)

    def finished(self) -> list[Slide]:
        """The slides, without an opening on which nothing stands, and with words for every figure."""
        for slide, sentence in self._leads:
            if not slide.words and sentence:
                slide.words.append(sentence)
        slides = self._slides
        for slide in slides:
            if slide.words and (slide.picture or not (slide.table or slide.code)):
                slide.words[-1] = closed(slide.words[-1])
        if len(slides) > 1 and (not slides[0].filled or _leads_to_a_poll(*slides[:2])):
            slides[1].context = slides[0].words
            slides[1].notes[:0] = slides[0].notes
            slides = slides[1:]
        if slides:
            slides[-1].notes += self._waiting
        return slides

    # -- one method for each kind of block ------------------------------------------------------------------------------

    def _on_part(self, block: Block) -> None:
        self.part, self._fresh, self._above = plain_title(block.text), True, ""
        self.aside = self.whole_aside or is_aside(block.text)
        if self.aside and self._slides:
            self._slides[-1].notes.append(f"*{self.part}* stands in the lecture.")

    def _on_text(self, block: Block) -> None:
        self._note(block.text)
        if self._asked or self.aside or block.text.startswith(("**Next**", "(")):
            return
        if REFLECT.match(block.text):
            question = REFLECT.sub("", block.text)
            self._add("text", "Reflect", words=[lead(REMARK.sub("", question), 70)], notes=[question])  # fmt: skip
            self._fresh = True
            return
        self._above = block.text
        now = self._now
        if now and not now.words and (now.picture or not now.filled):
            now.words.append(lead(block.text))

    def _on_formula(self, block: Block) -> None:
        if self._asked or self.aside:
            self._note(f"$${block.text}$$")
            return
        now = self._now
        if now is None or not now.takes_formula():
            now = self._add("text")
        bridge = last_sentences(self._above)
        known = " ".join(now.words)
        if bridge and bridge not in known and now.words_in_all + word_count(bridge) < MOST_WORDS:
            now.words.append(bridge)
        now.words.append(f"$${block.text}$$")
        self._note(f"$${block.text}$$")
        self._above = ""

    def _on_list(self, block: Block) -> None:
        self._note(block.text)
        if self.title == REMEMBER:
            for part in split_list(block.text):
                self._add("text", words=[part])
            return
        if self._asked or self.aside or word_count(block.text) > LONG_LIST:
            return
        now = self._now
        if now is None or not now.takes_list(block.text):
            now = self._add("text", words=self._bridge())
        now.words.append(block.text)
        self._above = re.split(r"(?m)^(?:[-*]|\d+\.) ", block.text)[-1]

    def _on_table(self, block: Block) -> None:
        if self._asked or self.aside:
            self._note(block.text)
            return
        for table in split_table(block.text):
            self._add("text", table=table, words=self._bridge())

    def _on_quote(self, block: Block) -> None:
        self._note(block.text)

    def _on_code(self, block: Block) -> None:
        if block.override == "show":
            self._add("text", code=block.text, words=self._bridge())

    def _on_printed(self, block: Block) -> None:
        claims = claims_of(block.text)
        if self._asked:
            self._printed.append(block.text)
        elif claims and self._now and not self.aside:
            self._now.evidence += claims[: 2 - len(self._now.evidence)]
            self._now.notes += [f"Measured: {claim}" for claim in claims]

    def _on_figure(self, block: Block) -> None:
        if block.picture and self._asked:
            self._seen.append(block.picture)
            return
        if self.aside and block.override != "show":
            return
        now = self._now
        if now is None or block.picture is None or not now.takes_picture(block.picture):
            now = self._add("text")
        now.picture = block.picture
        self._leads.append((now, last_sentences(self._above)))
        self._above = ""

    def _on_question(self, block: Block) -> None:
        poll = self.polls[block.number]
        told = [f"It is: {poll.truth}"] if poll.truth else []
        self._add("poll", f"Predict {block.number}", words=[block.text], poll=poll, notes=told)
        self._asked, self._seen, self._printed = True, [], []

    def _on_answer(self, block: Block) -> None:
        poll, shown = self.polls[block.number], self._seen
        room = not shown or shown[-1].aspect >= LOW
        claims = [claim for text in self._printed for claim in claims_of(text)]
        for picture in shown[-FIGURES_OF_AN_ANSWER:-1]:
            self._add("answer", f"Predict {block.number}: what came", picture=picture)
        slide = self._add(
            "answer",
            f"Answer to Predict {block.number}",
            words=opening(block.text, WORDS_OF_AN_ANSWER, formulas=room),
            evidence=claims[:2],
            notes=[block.text, *(f"Measured: {claim}" for claim in claims)],
        )
        if shown:
            slide.picture = shown[-1]
        elif not claims:
            slide.printed = next(filter(is_short, reversed(self._printed)), "")
        slide.poll = poll
        self._asked, self._above = False, ""

    # -- what they share ------------------------------------------------------------------------------------------------

    @property
    def _now(self) -> Slide | None:
        """The slide that takes more; none where a heading has passed since."""
        return None if self._fresh else self._slides[-1]

    def _add(self, kind: str, title: str = "", notes: list[str] | None = None, **parts: Any) -> Slide:  # fmt: skip
        """A new slide; it takes the notes that wait for one."""
        here = self.part or self.title
        over = here if title else self.title if self.part else ""
        slide = Slide(kind, title or here, over, notes=[*self._waiting, *(notes or [])], **parts)
        self._waiting, self._fresh = [], False
        self._slides.append(slide)
        return slide

    def _note(self, text: str) -> None:
        if not self.aside:
            (self._now.notes if self._now else self._waiting).append(text)

    def _bridge(self) -> list[str]:
        """The last sentence above, once."""
        sentence, self._above = last_sentences(self._above), ""
        on_show = " ".join(self._slides[-1].words) if self._slides else ""
        return [sentence] if sentence and sentence not in on_show else []


def is_aside(title: str) -> bool:
    """Whether a heading says that the ten-week route skips what it heads."""
    return plain_title(title).lower().startswith("aside")


def plain_title(title: str) -> str:
    """A heading without the number of its section.

    >>> plain_title("3. What to freeze")
    'What to freeze'
    """
    return re.sub(r"^\d+\.\s+", "", title)


def _leads_to_a_poll(opening: Slide, following: Slide) -> bool:
    """Whether an opening of a few words can stand above the question that follows it."""
    plain = opening.words and not (opening.formulas or opening.lists or opening.evidence)
    return bool(plain and not opening.picture and following.kind == "poll" and opening.words_in_all <= CONTEXT)  # fmt: skip
