"""Whatever was done to a class before, grading it ends in the grades that grading it from nothing gives.

Kernels are left out here: what a notebook's answer says, and a check that can be edited, decide the points in their place; the gradebook,
the log, nbgrader's steps and the files are the real ones.
"""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.grading import batch, class_folder, points, provenance
from autograder.grading.class_folder import Classroom
from autograder.grading.result import Result

STUDENTS = ("ann", "bob")


class Killed(BaseException):
    """The machine stops here."""


class Fast:
    """What ``_graded`` does to the gradebook, without kernels: the last character of an answer is its share, times the check's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.share, self.worth, self.kill = 1.0, 3.0, ""
        self.graded = 0
        fast = self

        def graded(self: Classroom, submission: Any, only: Any) -> tuple[Result, dict[str, Any]]:
            fast.graded += 1
            text = next(submission.folder.glob("*.ipynb")).read_text()
            right = float(text.split("return 0.")[1][:1]) / 10
            if fast.kill == "before":
                raise Killed
            with self.gradebook() as gradebook:
                gradebook.update_or_create_student(submission.student)
                gradebook.update_or_create_submission(submission.unit, submission.student)
                notebook = gradebook.find_submission_notebook(UNIT, UNIT, submission.student)
                for grade in notebook.grades:
                    if not only or grade.name in only:
                        part = right * fast.worth if grade.name == "00_double" else fast.worth
                        grade.auto_score = round(part * fast.share, 6)
                        grade.needs_manual_grade = False
                gradebook.db.commit()
                scores, late = points.read(gradebook, UNIT, submission.student, set())
            if fast.kill == "after":
                raise Killed
            return Result(submission.student, scores, late=late), {"answers": {}}

        monkeypatch.setattr(Classroom, "_graded", graded)
        monkeypatch.setattr(Classroom, "register", lambda self, unit: None)
        decided = lambda unit, release: f"{fast.share}/{fast.worth}"  # noqa: E731
        for module in (provenance, batch.provenance, class_folder.provenance):
            monkeypatch.setattr(module, "decided_by", decided)


def grades(group: Classroom) -> dict[str, dict[str, float | None]]:
    with group.gradebook() as gradebook:
        return points.held(gradebook, UNIT)


def one_step(group: Classroom, fast: Fast, rng: random.Random) -> str:
    """Something that happens in a term."""
    what = rng.choice(["submit", "submit", "check", "worth", "grade", "kill", "regrade", "gradebook", "force"])  # fmt: skip
    plan = QUIET
    if what == "submit":
        answer = f"def double(x):\n    return 0.{rng.choice('05')} * x"
        hand_in(group, rng.choice(STUDENTS), {"00_double": answer})
    elif what == "check":
        fast.share = rng.choice([1.0, 0.5])
    elif what == "worth":
        fast.worth = rng.choice([2.0, 3.0])
    elif what == "gradebook":  # an older one is put back, or another program writes
        with group.gradebook() as gradebook:
            for submission in gradebook.assignment_submissions(UNIT):
                for notebook in submission.notebooks:
                    notebook.grades[0].auto_score = 0.25
            gradebook.db.commit()
    elif what == "kill":
        fast.kill = rng.choice(["before", "after"])
        try:
            batch.run(group, UNIT, QUIET)
        except Killed:
            pass
        fast.kill = ""
    else:
        only = (rng.choice(["00_double", "00_why"]),) if what == "regrade" else ()
        plan = batch.Plan(quiet=True, only=only, force=what == "force")
        batch.run(group, UNIT, plan)
    return what


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]
)
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_any_history_ends_in_the_grades_of_grading_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("autograder.grading.batch.shared", _nothing)
    rng = random.Random(seed)
    group = tiny_class(tmp_path / "old")
    fast = Fast(monkeypatch)
    for student in STUDENTS:
        hand_in(group, student, {"00_double": "def double(x):\n    return 0.5 * x"})
    story = [one_step(group, fast, rng) for _ in range(14)]
    batch.run(group, UNIT, QUIET)
    anew = tiny_class(tmp_path / "new")
    shutil.copytree(group.folder / "submitted", anew.folder / "submitted")
    batch.run(anew, UNIT, QUIET)
    assert grades(group) == grades(anew), story
    before = fast.graded
    batch.run(group, UNIT, QUIET)
    assert fast.graded == before, "and then there is nothing to do"


class _nothing:
    """No warm parent of kernels."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.slow
def test_what_was_handed_in_before_is_graded_when_it_is_handed_in_again(tmp_path: Path) -> None:
    """Right, then half, then right again, through kernels, log and page: the last one counts."""
    group = tiny_class(tmp_path)
    right, half = ({"00_double": f"def double(x):\n    return {what}"} for what in ("2 * x", "8"))
    scores = []
    for cells in (right, half, right):
        hand_in(group, "ann", cells)
        (row,) = batch.run(group, UNIT, QUIET)
        scores.append(row.points["00_double"])
    assert scores == [3.0, 1.5, 3.0] and grades(group)["ann"]["00_double"] == 3.0
    page = (group.folder / "feedback" / "ann" / UNIT / f"{UNIT}.html").read_text()
    assert "8" not in re.sub("<[^>]*>", "", page).partition("def double")[2][:40]
