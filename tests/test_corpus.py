"""The checks are fair and they see: every right answer passes, every wrong one fails by name, the empty stub fails politely."""

from collections import Counter

import pytest

from autograder.audit.calibrate import PROMISE, false_failure, statistical_parts, table, upper_bound
from autograder.audit.corpus import Answer, corpus
from autograder.checking import check, run_check
from autograder.checks import CHECKS
from autograder.checks.probe import InProcess
from autograder.exercises import EXERCISES

CODED = [name for name, exercise in EXERCISES.items() if not exercise.written]


@pytest.mark.parametrize("answer", corpus(), ids=lambda answer: answer.name)
def test_answer_gets_what_it_deserves(answer: Answer) -> None:
    for seed in (1, 2):
        report = run_check(answer.exercise, InProcess(answer.load()), seed)
        if answer.right:
            assert report.passed and report.points == report.max_points, str(report)
        else:
            assert not report.passed and report.points < report.max_points, f"a wrong answer passed at seed {seed}"
            assert answer.diagnosis in report.diagnoses, f"diagnosed {report.diagnoses}, not {answer.diagnosis}\n{report}"


@pytest.mark.parametrize("exercise", CODED)
def test_corpus_is_large_enough(exercise: str) -> None:
    counts = Counter(answer.right for answer in corpus() if answer.exercise == exercise)
    assert counts[True] >= 3, f"{exercise} has {counts[True]} right answers; expected 3 or more idioms"
    assert counts[False] >= 5, f"{exercise} has {counts[False]} wrong answers; expected 5 or more mistakes"


@pytest.mark.parametrize("exercise", CODED)
def test_right_answers_are_different(exercise: str) -> None:
    sources = [answer.path.read_text().split('"""', 2)[-1].strip() for answer in corpus() if answer.exercise == exercise and answer.right]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("exercise", CODED)
def test_empty_stub_fails_politely(exercise: str, capfd: pytest.CaptureFixture[str]) -> None:
    def stub(*args: object, **kwargs: object) -> None:
        raise NotImplementedError("write me")

    report = check(exercise, stub, seed=0)
    assert report.points == 0 and report.unwritten and repr(report) == "0.0"
    assert "NOT YET WRITTEN" in report._repr_html_() and "Traceback" not in str(report)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("exercise", CODED)
def test_nonsense_fails_without_a_crash(exercise: str) -> None:
    for nonsense in (lambda *a, **k: None, lambda *a, **k: "text", lambda *a, **k: 0.0, lambda *a, **k: 1 / 0, lambda: None):
        report = check(exercise, nonsense, seed=0)
        assert report.points == 0 and not report.passed, str(report)
        assert all(part.finding.expected or part.finding.diagnosis for part in report.parts)


@pytest.mark.parametrize("exercise", CODED)
def test_false_failure_is_derived_and_small(exercise: str) -> None:
    """The table of simulated nulls covers the statistical parts of today's check, and keeps the promise."""
    rows = table().get(exercise)
    assert rows is not None, f"no simulated null for {exercise}: run python -m autograder calibrate {exercise}"
    assert [int(index) for index in rows] == statistical_parts(exercise)
    assert [row["name"] for row in rows.values()] == [CHECKS[exercise].parts[int(index)].name for index in rows]
    assert sum(false_failure(row) for row in rows.values()) <= PROMISE


def test_upper_bound_is_the_rule_of_three_and_a_bit() -> None:
    assert upper_bound(0, 10_000) == pytest.approx(-__import__("math").log(0.025) / 10_000, rel=1e-3)
    assert upper_bound(10, 10) == 1.0 and upper_bound(5, 1000) > 0.005
