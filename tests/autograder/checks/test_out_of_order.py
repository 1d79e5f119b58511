"""Problem sets survive cells run out of order: answers in any order, checks backwards, twice, and after the learner moved global state."""

import random

import nbformat
import pytest
import torch
from sampled import later

from autograder.build import notebooks
from autograder.checks.report import Report
from autograder.course import this_course
from autograder.units import EXERCISES

COURSE = this_course()
UNITS = sorted({exercise.unit for exercise in EXERCISES.values()})


@pytest.fixture(autouse=True)
def numbers_of_all_tests():
    """A problem set may choose its kind of numbers, and keeps it to itself."""
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def code_cells(unit: str, which: int) -> dict[str, list[tuple[str, str]]]:
    """(grade_id, source) of code cells by role; ``which`` is 0 for the solved problem set and 1 for the released one."""
    found: dict[str, list[tuple[str, str]]] = {"setup": [], "answer": [], "check": []}
    for cell in nbformat.reads(notebooks.problem_set(COURSE, unit)[which].decode(), 4).cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and marks:
            role = (
                "check"
                if marks["grade"] and marks["locked"]
                else "answer"
                if marks["solution"]
                else "setup"
            )
            found[role].append((marks["grade_id"], cell.source))
    return found


@pytest.mark.parametrize(
    "unit", [pytest.param(unit, marks=later(unit, one_in=5)) for unit in UNITS]
)
def test_answers_in_any_order_and_checks_backwards(unit: str) -> None:
    cells, rng, space = code_cells(unit, 0), random.Random(unit), {}
    for _, source in cells["setup"]:
        exec(source, space)
    for _, source in rng.sample(cells["answer"], len(cells["answer"])):
        exec(source, space)
    before = torch.get_default_dtype()
    try:
        for turn, (name, source) in enumerate(reversed(cells["check"])):
            torch.manual_seed(turn), torch.randn(turn + 1)
            torch.set_default_dtype(torch.float64 if turn % 2 else torch.float32)
            report = eval(source, space)
            assert isinstance(report, Report) and report.passed, f"{name}\n{report}"
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("unit", UNITS)
def test_a_check_before_its_answer_names_what_is_missing(unit: str) -> None:
    """Nothing was run but the setup: Python names the function. With the stub alone, the report says it is not yet written."""
    cells, space = code_cells(unit, 1), {}
    for _, source in cells["setup"]:
        exec(source, space)
    for name, source in cells["check"]:
        with pytest.raises(NameError, match=EXERCISES[name].function):
            eval(source, space)
    for _, source in cells["answer"]:
        exec(source, space)
    for name, source in reversed(cells["check"]):
        report = eval(source, space)
        assert report.unwritten and report.points == 0, f"{name}\n{report}"
