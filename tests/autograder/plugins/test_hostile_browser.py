"""Hostile pages in a real Chromium, clicked everywhere: no mark changes but by the marker's own control, and nothing is asked elsewhere."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import pytest
from hostile_text import ANSWERS, NOTES
from nbformat.v4 import new_markdown_cell
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.grading import batch
from autograder.grading.class_folder import Classroom
from tests import browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]
STUB = "window.MathJax = {Hub: {Config() {}, Queue() {}, Startup: {signal: {Interest() {}}}}};"
STUDENTS = [f"s{number:02d}" for number in range(len(NOTES) + len(ANSWERS))]
# Points of a grid, but for those of the marker's own controls and of Formgrader's own links.
POINTS = """() => {
  const own = '.scoring-buttons, .score, .extra-credit, .comment, .navbar, .breadcrumb, nav, .help, #toc';
  const found = [];
  for (let y = 10; y < innerHeight; y += 40)
    for (let x = 30; x < innerWidth; x += 130) {
      const at = document.elementFromPoint(x, y);
      if (at && !at.closest(own)) found.push([x, y]);
    }
  return found;
}"""


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A graded class in which every student is hostile in another way."""
    root = tmp_path_factory.mktemp("course")
    tiny_class(root)
    for name in ("README.md", "nbgrader_config.py"):
        shutil.copyfile(browser.ROOT / name, root / name)
    shutil.copytree(browser.ROOT / "scripts", root / "scripts")
    (root / "autograder").mkdir()
    (root / "class.data").rename(root / "autograder" / "class.data")
    group = Classroom(tiny_class(root).course, root / "autograder" / "class.data")
    group.config.CheckedExecute.warm = False
    for student, text in zip(STUDENTS, [*NOTES.values(), *ANSWERS.values()], strict=True):
        answer = text if text in ANSWERS.values() else "Because."
        path = hand_in(group, student, {"00_double": "def double(x):\n    return 8"}, answer)
        if text in NOTES.values():
            notebook = nbformat.read(path, as_version=4)
            notebook.cells.insert(1, new_markdown_cell(text))
            path.write_text(nbformat.writes(notebook))
    rows = batch.run(group, UNIT, QUIET)
    assert all(row.points == {"00_double": 1.5, "00_why": None} for row in rows)
    return group


@pytest.fixture(scope="module")
def view(group: Classroom) -> Iterator[Any]:
    """A page that answers no address but the server's, and remembers what was asked of others."""
    with browser.lab(group.course.root) as url, browser.page() as page:
        page.address, page.asked = url, []

        def elsewhere(route: Any) -> None:
            if "mathjax" in route.request.url.lower():
                route.fulfill(body=STUB, content_type="text/javascript")
            else:
                page.asked.append(route.request.url)
                route.abort()

        ours = ("http://127.0.0.1", "file:", "data:", "blob:")
        page.route(lambda address: not address.startswith(ours), elsewhere)
        page.on("dialog", lambda dialog: (page.asked.append("a dialog"), dialog.dismiss()))
        page.context.on("page", lambda other: page.asked.append(f"a new page: {other.url}"))
        page.goto(url.format(path="README.md"), wait_until="domcontentloaded")
        page.asked.clear()
        yield page


def marks(group: Classroom, student: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(group.folder / "gradebook.db") as book:
        return book.execute(
            "select b.name, g.auto_score, g.manual_score, g.needs_manual_grade, g.extra_credit from grade g join base_cell b "
            "on g.cell_id = b.id join submitted_notebook n on g.notebook_id = n.id join submitted_assignment a "
            "on n.assignment_id = a.id where a.student_id = ? order by b.name", (student,)).fetchall()  # fmt: skip


def submission(group: Classroom, student: str) -> str:
    with sqlite3.connect(group.folder / "gradebook.db") as book:
        return str(book.execute("select n.id from submitted_notebook n join submitted_assignment a on n.assignment_id = a.id "
                                "where a.student_id = ?", (student,)).fetchone()[0])  # fmt: skip


def click_everywhere(view: Any) -> int:
    height = view.evaluate("document.documentElement.scrollHeight")
    view.set_viewport_size({"width": 1280, "height": min(height, 6_000)})
    points = view.evaluate(POINTS)
    for x, y in points:
        view.mouse.click(x, y)
    return len(points)


def comes_true(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not what() and time.monotonic() < deadline:
        time.sleep(0.1)
    return what()


@pytest.mark.parametrize("student", STUDENTS, ids=[*NOTES, *ANSWERS])
def test_clicking_everywhere_changes_no_mark(group: Classroom, view: Any, student: str) -> None:
    before = marks(group, student)
    address = (
        f"{view.address.partition('/lab')[0]}/formgrader/submissions/{submission(group, student)}/"
    )
    view.goto(address, wait_until="load")
    view.wait_for_function("window.formgrader && formgrader.grades && formgrader.grades.loaded")
    assert click_everywhere(view) > 100
    time.sleep(0.3)
    assert view.url.startswith(address) and marks(group, student) == before and not view.asked
    box = view.locator("[id='00_why']")
    assert box.count() == 1, "the marker's own control is the only one of its name"
    typed = "box => { box.value = '0.5'; $(box).trigger('change'); }"

    def saved() -> bool:
        box.evaluate(typed)
        time.sleep(0.5)
        return bool(marks(group, student)[1][2] == 0.5)

    assert comes_true(saved), "what the marker types is saved"


@pytest.mark.parametrize("student", STUDENTS, ids=[*NOTES, *ANSWERS])
def test_a_feedback_page_stays_where_it_is(group: Classroom, view: Any, student: str) -> None:
    page = group.folder / "feedback" / student / UNIT / f"{UNIT}.html"
    view.goto(page.as_uri(), wait_until="load")
    click_everywhere(view)
    assert view.url.partition("#")[0] == page.as_uri() and not view.asked
