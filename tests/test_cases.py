"""Answers by people who had not seen the checks: right ones get full marks, wrong ones never, and no report says what is false."""

import pytest
from case_files import Case, cases

from autograder.checking import run_check
from autograder.exercises import EXERCISES
from autograder.probes import InProcess

SEEDS = (101, 202, 303)
CASES = cases()


def test_the_files_are_whole():
    assert len({case.id for case in CASES}) == len(CASES) >= 300
    assert {case.exercise for case in CASES} == {name for name, one in EXERCISES.items() if not one.written}
    for case in CASES:
        assert callable(case.answer()), case.id
        assert not (case.right and case.not_told), f"{case.id}: a right answer is told nothing"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_verdict(case: Case):
    for seed in SEEDS:
        report = run_check(case.exercise, InProcess(case.answer()), seed)
        text = f"seed {seed}: {case.sentence}\n{report}"
        assert report.passed == case.right, text
        for claim in case.not_told:
            assert claim.lower() not in str(report).lower(), f"it is told, falsely, {claim!r}. {text}"
