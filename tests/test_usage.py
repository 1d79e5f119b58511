"""Where an instructor errs, a line says so; and the table shows which points a person gave."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_driver import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder import __main__ as program
from autograder.course import UsageError
from autograder.grading import points
from autograder.grading.class_folder import Classroom
from autograder.grading.result import Result, trouble
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
