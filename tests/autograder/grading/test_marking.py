"""The marker's page: answers as text, marks by keys, kept in the gradebook and for the text they were given to."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from hostile_text import ANSWERS, NOTES
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.course import this_course
from autograder.grading import batch, marking
from autograder.grading.class_folder import Classroom
from autograder.reports.marker_server import Desk
from autograder.reports.typeset import typeset
from autograder.units import units
from tests import browser

TEXTS = [*ANSWERS.values(), "</pre><script>alert(1)</script>", NOTES["a form"], "Because."]
HALF = {"00_double": "def double(x):\n    return 8"}


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    group = tiny_class(tmp_path_factory.mktemp("class"))
    for number, text in enumerate(TEXTS[1:]):
        hand_in(group, f"s{number}", HALF, text)
    batch.run(group, UNIT, QUIET)
    return group


@pytest.fixture
def desk(group: Classroom) -> Iterator[Desk]:
    with Desk(group, UNIT) as desk:
        thread = threading.Thread(target=desk.serve_forever, daemon=True)
        thread.start()
        yield desk
        desk.shutdown()
        thread.join()


def ask(desk: Desk, path: str = "", data: object = None, **headers: str) -> tuple[int, str]:
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(desk.address + path, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("unit", units())
def test_what_a_marker_reads_of_the_course_is_its_section_with_formulas_set(unit: str) -> None:
    """No premise is left out, and no TeX is left over."""
    for question in marking.questions(this_course(), unit).values():
        assert (
            question.text.count("*Difficulty*")
            == question.text.count("\n## ") + question.text.startswith("## ")
            == 1
        )
        for text in (question.text, question.model, question.scheme):
            page = typeset(text)
            assert not set(page) & {"$", "\\"} and "<mi>&" not in page.replace("&#", "")


@pytest.mark.slow
def test_the_question_the_scheme_and_the_answers_as_text(group: Classroom, desk: Desk) -> None:
    (question,) = marking.questions(group.course, UNIT).values()
    assert question.scheme == "One point for naming addition." and question.title == "Say why"
    assert "MARK SCHEME" not in question.model and "Say why" in question.text
    pages = [ask(desk, f"?answer={place}")[1] for place in range(len(TEXTS) - 1)]
    for page in pages:
        assert "One point for naming addition." in page and page.count("<script") == 2
        assert "<form" not in page and "alert(1)</script>" not in page
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in page for page in pages)
    assert "s0, " not in "".join(pages) or desk.names
    desk.names = False
    assert all(f"s{number}," not in ask(desk)[1] for number in range(len(TEXTS)))


@pytest.mark.slow
def test_a_mark_is_kept_for_the_text_it_was_given_to(group: Classroom, desk: Desk) -> None:
    origin = desk.address.partition(f"/{desk.secret}")[0]
    place, one = next((n, one) for n, one in enumerate(desk.answers()) if one.text == "Because.")
    told = {"answer": place, "digest": one.digest, "key": 3, "comment": "Say why."}
    assert ask(desk, "mark", told, Origin=origin) == (200, "saved")
    kept = desk.answers()[place]
    assert (kept.mark, kept.waiting, kept.comment) == (0.75, False, "Say why.")
    assert group.grade_one(UNIT, one.student, force=True).points["00_why"] == 0.75
    hand_in(group, one.student, HALF, "Another reason.")
    group.grade_one(UNIT, one.student)
    status, why = ask(desk, "mark", told, Origin=origin)
    assert status == 409 and "handed in anew" in why and desk.answers()[place].waiting
    with pytest.raises(marking.Stale):
        marking.save(group, UNIT, one, 1.0)
    with pytest.raises(ValueError, match="expected 0 to 1"):
        marking.save(group, UNIT, desk.answers()[place], 1.25)


@pytest.mark.slow
def test_nobody_else_can_mark(desk: Desk) -> None:
    one = desk.answers()[0]
    told = {"answer": 0, "digest": one.digest, "key": 4, "comment": ""}
    origin = desk.address.partition(f"/{desk.secret}")[0]
    assert ask(desk, "mark", told, Origin="https://evil.example")[0] == 403
    assert ask(desk, "mark", told)[0] == 403
    assert ask(desk, "mark", told, Origin=origin, Host="evil.example")[0] == 404
    assert ask(desk, "mark", {**told, "key": 5}, Origin=origin)[0] == 400
    assert ask(desk, "mark", {**told, "answer": 99}, Origin=origin)[0] == 400
    desk.secret = "another"
    assert ask(desk, "../guess/")[0] == 404
    assert desk.answers()[0] == one


@pytest.mark.slow
@pytest.mark.browser
def test_forty_answers_by_keys_in_a_browser(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real Chromium: clicking on the answers marks nobody; each key marks one and goes on to the next; all are kept."""
    group = tiny_class(tmp_path_factory.mktemp("forty"))
    texts = [TEXTS[number % len(TEXTS)] + f" ({number})" for number in range(40)]
    for number, text in enumerate(texts):
        hand_in(group, f"s{number}", HALF, text)
    batch.run(group, UNIT, batch.Plan(workers=2, quiet=True))
    asked: list[str] = []
    with Desk(group, UNIT, names=False) as desk, browser.page() as view:
        thread = threading.Thread(target=desk.serve_forever, daemon=True)
        thread.start()
        view.on("request", lambda request: asked.append(request.url))
        view.on("dialog", lambda dialog: (asked.append("a dialog"), dialog.dismiss()))
        view.goto(desk.address)
        started = time.monotonic()
        for turn in range(40):
            box = view.locator(".answer").bounding_box()
            for x in range(10, int(box["width"]), 160):
                view.mouse.click(box["x"] + x, box["y"] + box["height"] / 2)
            assert f"{40 - turn} wait." in view.locator("p").first.inner_text()
            with view.expect_navigation():
                view.keyboard.press(str(turn % 5))
        seconds = time.monotonic() - started
        assert "0 wait." in view.locator("p").first.inner_text() or "1 wait." in view.locator("p").first.inner_text()  # fmt: skip
        marks = [one.mark for one in desk.answers()]
        desk.shutdown()
        thread.join()
    assert sorted(mark for mark in marks if mark is not None) == sorted(turn % 5 / 4 for turn in range(40))  # fmt: skip
    assert all(url.startswith((desk.address, "data:image/")) for url in asked) and seconds < 120
