"""Where an instructor errs, a line says so; and the table shows which points a person gave."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from nbgrader.utils import determine_grade
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder import __main__ as program
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.commands import extend, of_class
from autograder.course import UsageError
from autograder.grading import points
from autograder.grading.class_folder import Classroom
from autograder.grading.result import Result, trouble
from autograder.plugins.checked_execute import outputs
from autograder.reports.gradebook_table import table


@pytest.mark.parametrize("command", ["report", "similarity", "export"])
def test_a_class_outside_the_course_and_a_unit_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert program.main([command, "03", "--class", str(tmp_path)]) == 1
    assert "expected a folder inside the course" in capsys.readouterr().err
    assert program.main([command, "77"]) == 1
    assert "there is no unit '77'" in capsys.readouterr().err


def test_a_class_outside_is_an_error_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder inside"):
        Classroom(tiny_class(tmp_path / "course").course, tmp_path / "elsewhere")


def test_an_exercise_added_after_submissions_is_told_in_a_sentence() -> None:
    log = "Traceback\n  ...\nnbgrader...: Cannot add or remove cells in an assignment with submissions"
    assert "drop an exercise" in trouble(log) and "Traceback" not in trouble(log)


def test_the_table_shows_what_no_check_gave(tmp_path: Path) -> None:
    group = tiny_class(tmp_path)
    rows = [Result("ann", {"00_double": 3.0, "00_why": 1.0}), Result("bob", {"00_double": 3.0})]
    with group.gradebook() as gradebook:
        for row in rows:
            gradebook.update_or_create_student(row.student)
            gradebook.update_or_create_submission(UNIT, row.student)
        for grade in gradebook.find_submission_notebook(UNIT, UNIT, "ann").grades:
            grade.auto_score, grade.needs_manual_grade = 1.5, False
            if grade.name == "00_double":
                grade.manual_score, grade.extra_credit = 2.5, 1.0
        gradebook.find_submission_notebook(UNIT, UNIT, "ann").late_submission_penalty = 0.4
        gradebook.db.commit()
        points.refresh(gradebook, UNIT, rows)
    text = table(group.course, UNIT, rows)
    assert "3.5*+" in text and "(late: -0.4)" in text and "a person has overruled" in text


@pytest.mark.slow
def test_points_that_change_are_graded_anew_and_marks_of_other_points_wait(tmp_path: Path) -> None:
    """One point for the question in words, then two, then one again: a mark out of one is none out of two."""
    from autograder.build import notebooks
    from autograder.grading import batch

    group = tiny_class(tmp_path)
    hand_in(group, "ann", {"00_double": "def double(x):\n    return 8"})
    batch.run(group, UNIT, QUIET)
    with group.gradebook() as gradebook:
        grade = gradebook.find_grade("00_why", UNIT, UNIT, "ann")
        grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    (row,) = batch.run(group, UNIT, QUIET)
    assert row.points == {"00_double": 1.5, "00_why": 1.0}
    for name, worth in (("00_why", 2.0), ("00_double", 6.0)):
        group.course.registry[name].points = worth
    try:
        notebooks.build(group.course, [UNIT], run_lectures=False)
        (row,) = batch.run(group, UNIT, QUIET)
    finally:
        group.course.registry["00_why"].points, group.course.registry["00_double"].points = 1.0, 3.0
    assert row.points["00_why"] is None, "it waits for a mark out of two"
    notebooks.build(group.course, [UNIT], run_lectures=False)
    (row,) = batch.run(group, UNIT, QUIET)
    assert row.points["00_double"] == 1.5 and row.total <= 4.0


def test_an_exercise_worth_nothing_is_dropped() -> None:
    """What the checks write for an exercise of 0 points is what nbgrader takes for 0 of 0."""
    report = run_check("03_gaussian_kl", InProcess(lambda *arguments: None), seed=1)
    cell = new_code_cell("check()")
    cell.metadata["nbgrader"] = nbformat.from_dict(
        {"grade": True, "solution": False, "points": 0.0}
    )
    cell.outputs = outputs(report, 0.0)
    assert determine_grade(cell) == (0.0, 0.0)


def test_more_time_for_one_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    group = tiny_class(tmp_path)
    group.config.LatePenalty.percent_per_day = 10.0
    monkeypatch.setattr(of_class, "open_class", lambda *_: group)
    monkeypatch.setattr(of_class, "this_course", lambda: group.course)
    with pytest.raises(UsageError, match="who has been graded once"):
        extend.main(["00", "ann", "--days", "2"])
    with group.gradebook() as gradebook:
        for student in ("ann", "bob"):
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(
                UNIT, student, timestamp="2026-05-02 12:00:00 UTC"
            )
            for grade in gradebook.find_submission_notebook(UNIT, UNIT, student).grades:
                grade.auto_score, grade.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    with pytest.raises(UsageError, match="no due date"):
        extend.main(["00", "ann", "--days", "2"])
    with group.gradebook() as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-05-01 00:00:00 UTC")
    assert (
        extend.main(["00", "ann", "--days", "2"]) == 0
        and "until 2026-05-03" in capsys.readouterr().out
    )
    with group.gradebook() as gradebook:
        late = {
            s: gradebook.find_submission(UNIT, s).late_submission_penalty for s in ("ann", "bob")
        }
    assert late == {"ann": 0.0, "bob": pytest.approx(0.4)}
    extend.main(["00", "ann", "--days", "0"])
    with group.gradebook() as gradebook:
        assert gradebook.find_submission(UNIT, "ann").late_submission_penalty == pytest.approx(0.4)
