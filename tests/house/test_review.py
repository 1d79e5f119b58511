"""Predictions that went wrong come back after 1, 3, 7 and 21 days; the clock is an argument."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from course_vi.progress import keep, kept, reveal, review
from course_vi.progress.predictions import _widget
from course_vi.progress.questions import question
from course_vi.progress.reviewing import Asked, ask_again, told
from course_vi.progress.spacing import DAYS, answered, cards, due
from course_vi.progress.start_page import start_page
from scripts.carry import bring_up_to_date

ROOT = Path(__file__).resolve().parents[2]
FIRST = date(2026, 3, 1)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with the page of reviews as the place where we stand."""
    for folder in ("lectures", "notebooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    bring_up_to_date(tmp_path, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work" / "review")
    return tmp_path / "work"


def went_wrong(name: str = "04_4", guess: str = "one half", truth: str = "three quarters") -> None:
    value = {"guess": guess, "kind": "choice", "truth": truth, "right": guess == truth}
    keep("predictions", name, {**value, "revealed": FIRST.isoformat()})


def days(count: int) -> date:
    return FIRST + timedelta(days=count)


def test_a_wrong_prediction_is_due_the_day_after_and_a_right_one_never(work: Path) -> None:
    went_wrong()
    went_wrong("04_1", "more rounds", "more rounds")
    keep("predictions", "04_2", {"guess": "it grows", "kind": "words", "truth": "a rise for ever"})
    assert [card.name for card in cards(work)] == ["04_4"]
    assert due(work, FIRST) == [] and [card.name for card in due(work, days(1))] == ["04_4"]
    assert len(due(work, days(400))) == 1  # overdue is due


def test_right_answers_move_it_on_by_one_box_and_four_of_them_end_it(work: Path) -> None:
    went_wrong()
    today = FIRST
    for wait in DAYS:
        (card,) = cards(work)
        assert card.due == today + timedelta(days=wait)
        assert due(work, card.due - timedelta(days=1)) == []
        today = card.due
        answered(card, card.truth, True, today, work)
    (card,) = cards(work)
    assert card.learned and due(work, days(10_000)) == []


@pytest.mark.parametrize("box", [1, 2, 3, 4])
def test_a_wrong_answer_sends_it_back_to_the_first_box(work: Path, box: int) -> None:
    went_wrong()
    keep("reviews", "04_4", {"box": box, "day": FIRST.isoformat(), "guess": "one half", "right": True})  # fmt: skip
    (card,) = cards(work)
    assert card.box == box
    answered(card, "one quarter", False, days(30), work)
    (card,) = cards(work)
    assert (card.box, card.due, card.guess) == (1, days(31), "one quarter")


def test_running_a_lecture_again_moves_no_day(work: Path) -> None:
    _widget("04_4", ["one quarter", "one half", "three quarters"], False).children[0].value = "one half"  # fmt: skip
    reveal("04_4", "three quarters")
    place = work / "progress" / "predictions" / "04_4.json"
    value = json.loads(place.read_text())
    assert value["revealed"] == date.today().isoformat() and value["right"] is False
    place.write_text(json.dumps({**value, "revealed": FIRST.isoformat()}))
    reveal("04_4", "three quarters")
    assert cards(work)[0].due == days(1)


def test_a_question_is_the_lecture_s_with_its_choices_section_and_answer(work: Path) -> None:
    asked = question("04_4", work)
    assert asked and asked.choices == ("one quarter", "one half", "three quarters")
    assert asked.section == "4. What is missing decides the pace" and not asked.number
    assert asked.answer.startswith("Three quarters: the new mean is") and "details" not in asked.answer  # fmt: skip
    assert asked.text and ">" not in asked.text and "Predict" not in asked.text
    assert asked.link == "../04_em_and_mean_field/04_em_and_mean_field.ipynb#heading=4.-What-is-missing-decides-the-pace"  # fmt: skip
    number = question("09_8", work)
    assert number and number.number and number.choices == ()


def test_every_prediction_of_the_course_can_come_back(work: Path) -> None:
    """Each has a text, an answer and a section of its own lecture, and its truth is one of its choices."""
    seen = 0
    for path in sorted((ROOT / "lectures").glob("[0-9]*.py")):
        source = path.read_text("utf-8")
        truths = dict(re.findall(r'^reveal\("(\w+)", "?(.+?)"?\)$', source, re.MULTILINE))
        for name in re.findall(r'^predict\("(\w+)"', source, re.MULTILINE):
            asked = question(name, work)
            assert asked is not None, name
            assert asked.text and asked.answer and f" {asked.section}\n" in source, name
            assert asked.number != bool(asked.choices) and asked.fits(truths[name]), name
            seen += 1
    assert seen >= 150


def test_a_damaged_copy_is_passed_over_for_the_course_s(work: Path) -> None:
    stem = "04_em_and_mean_field"
    for text in ("", "{", '{"cells": [1]}', '{"cells": []}'):
        (work / stem / f"{stem}.ipynb").write_text(text)
        asked = question("04_4", work)
        assert asked and "three quarters" in asked.choices
    assert question("04_99", work) is None
    with pytest.raises(ValueError, match="expected a unit's number"):
        question("04_gap", work)


@pytest.mark.parametrize("text", ["", "[]", '{"box": 9, "day": "x"}', '{"box": "1"}'])
def test_a_damaged_record_starts_in_the_first_box(work: Path, text: str) -> None:
    went_wrong()
    keep("reviews", "04_4", {"box": 3})
    (work / "progress" / "reviews" / "04_4.json").write_text(text)
    assert [(card.box, card.due) for card in cards(work)] == [(1, days(1))]


def test_an_answer_is_kept_explained_and_final(work: Path) -> None:
    went_wrong()
    ((card, asked),) = ask_again(work, days(1))
    assert asked is not None
    widget = Asked(card, asked, days(1), work)
    widget.button.click()
    assert "Choose one first" in widget.told.outputs[0]["data"]["text/markdown"]
    widget.entry.value = "three quarters"
    widget.button.click()
    said = widget.told.outputs[0]["data"]["text/markdown"]
    assert "✓ Right" in said and "in 3 days (5 March)" in said and asked.answer in said
    assert widget.entry.disabled and kept("reviews")["04_4"]["box"] == 2
    widget.entry.value = "one half"
    widget.button.click()
    assert kept("reviews")["04_4"]["right"] is True
    assert "Look again" in (work / "START.md").read_text("utf-8")


def test_a_number_is_judged_as_in_the_lecture(work: Path) -> None:
    went_wrong("09_8", "0", "2")
    keep("predictions", "09_8", {**kept("predictions")["09_8"], "kind": "number"})
    for guess, right in (("2,1", True), ("3", False)):
        card = cards(work)[0]
        asked = question("09_8", work)
        assert asked
        widget = Asked(card, asked, days(1), work)
        widget.entry.value = "about two"
        widget.button.click()
        assert "A number, please" in widget.told.outputs[0]["data"]["text/markdown"]
        widget.entry.value = guess
        widget.button.click()
        assert kept("reviews")["09_8"]["right"] is right
    assert cards(work)[0].due == days(2)


def test_what_is_said_is_escaped(work: Path) -> None:
    went_wrong()
    asked = question("04_4", work)
    assert asked
    said = told(cards(work)[0]._replace(guess="<b>*x*</b>"), asked, False, FIRST)
    assert "&lt;b&gt;" in said and "*x*" not in said


def test_a_question_that_changed_is_not_asked_and_that_is_said(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    went_wrong(truth="nine tenths")
    went_wrong("03_2", "left", "right")
    review(days(1))
    out = capsys.readouterr().out
    assert "1 to look at again today" in out and "Predict 4 of unit 04 is not asked" in out
    assert "03_2: " in out and "04_4: " not in out


def test_the_page_says_when_nothing_waits_and_what_comes(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review(FIRST)
    assert "will come back here" in capsys.readouterr().out
    went_wrong()
    review(FIRST)
    out = capsys.readouterr().out
    assert "Nothing to look at again today" in out and "Next: 1 tomorrow." in out
    with pytest.raises(ValueError, match="most is 0"):
        review(FIRST, most=0)


def test_the_start_page_leads_to_the_review_once_something_went_wrong(work: Path) -> None:
    assert "Look again" not in start_page(work, FIRST)
    went_wrong()
    link = "[Look again](review/review.ipynb)"
    assert f"{link}**: nothing waits today." in start_page(work, FIRST)
    assert f"{link}**: 1 of the predictions that went wrong waits" in start_page(work, days(1))
