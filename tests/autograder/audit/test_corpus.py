"""The checks are fair and they see: every right answer passes, every wrong one fails by name, the empty stub fails politely."""

import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sampled import later, seldom

from autograder.audit.calibrate import PROMISE, false_failure, statistical_parts, table, upper_bound
from autograder.audit.corpus import Answer, CorpusError, answers, corpus, difference, patched
from autograder.checking import check, run_check
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES

COSTLY = {
    "00_is_biased",
    "02_gp_evidence",
    "02_sealed_case",
    "05_bbvi",
    "13_train",
}  # seconds a check
CODED = [name for name, exercise in EXERCISES.items() if not exercise.written]


def asked() -> list[Any]:
    """Every answer on one seed: a sixth of the right ones and one in eighteen of the wrong ones in `make test`, half and a third of them in
    `make test-all`; with everything the right ones and a third of the wrong ones on another seed, too (`make audit` asks all on many)."""
    cases = []
    for answer in corpus():
        draw = 0 if answer.right else zlib.crc32(answer.name.encode()) % 6
        one_in = (6 if answer.right else 18) * (8 if answer.exercise in COSTLY else 1)
        marks = later(answer.name, one_in, all_in=2 if answer.right else 3)
        cases.append(pytest.param(answer, 1, id=answer.name, marks=marks))
        if draw % 3 == 0 and answer.exercise not in COSTLY:
            marks = [pytest.mark.slow, *seldom(answer.name, one_in=8)]
            again = pytest.param(answer, 2, id=f"{answer.name}-again", marks=marks)
            cases.append(again)
    return cases


@pytest.mark.parametrize(("answer", "seed"), asked())
def test_answer_gets_what_it_deserves(answer: Answer, seed: int) -> None:
    report = run_check(answer.exercise, InProcess(answer.load()), seed)
    if answer.right:
        assert report.passed and report.points == report.max_points, str(report)
        return
    assert not report.passed and report.points < report.max_points, "a wrong answer passed"
    assert answer.named_in(report.diagnoses), (
        f"diagnosed {report.diagnoses}, not {answer.diagnosis}\n{report}"
    )


@pytest.mark.parametrize("exercise", CODED)
def test_corpus_is_large_enough(exercise: str) -> None:
    counts = Counter(answer.right for answer in corpus() if answer.exercise == exercise)
    assert counts[True] >= 3, (
        f"{exercise} has {counts[True]} right answers; expected 3 or more idioms"
    )
    assert counts[False] >= 5, (
        f"{exercise} has {counts[False]} wrong answers; expected 5 or more mistakes"
    )


@pytest.mark.parametrize("exercise", CODED)
def test_right_answers_are_different(exercise: str) -> None:
    sources = [answer.source for answer in corpus() if answer.exercise == exercise and answer.right]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("exercise", CODED)
def test_empty_stub_fails_politely(exercise: str, capfd: pytest.CaptureFixture[str]) -> None:
    def stub(*args: object, **kwargs: object) -> None:
        raise NotImplementedError("write me")

    report = check(exercise, stub, seed=0)
    assert report.points == 0 and report.unwritten and repr(report) == "0.0"
    assert "NOT YET WRITTEN" in report._repr_html_() and "Traceback" not in str(report)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "exercise", [pytest.param(name, marks=later(name, one_in=5)) for name in CODED]
)
def test_nonsense_fails_without_a_crash(exercise: str) -> None:
    for nonsense in (
        lambda *a, **k: None,
        lambda *a, **k: "text",
        lambda *a, **k: 0.0,
        lambda *a, **k: 1 / 0,
        lambda: None,
    ):
        report = check(exercise, nonsense, seed=0)
        assert report.points == 0 and not report.passed, str(report)
        assert all(part.finding.expected or part.finding.diagnosis for part in report.parts)


@pytest.mark.parametrize(
    "exercise", [pytest.param(name, marks=later(name, one_in=5)) for name in CODED]
)
def test_false_failure_is_derived_and_small(exercise: str) -> None:
    """The table of simulated nulls covers the statistical parts of today's check, and keeps the promise."""
    rows = table().get(exercise)
    assert rows is not None, (
        f"no simulated null for {exercise}: run python -m autograder calibrate {exercise}"
    )
    assert [int(index) for index in rows] == statistical_parts(exercise)
    assert [row["name"] for row in rows.values()] == [
        EXERCISES[exercise].parts[int(index)].name for index in rows
    ]
    assert sum(false_failure(row) for row in rows.values()) <= PROMISE


def test_upper_bound_is_the_rule_of_three_and_a_bit() -> None:
    assert upper_bound(0, 10_000) == pytest.approx(
        -__import__("math").log(0.025) / 10_000, rel=1e-3
    )
    assert upper_bound(10, 10) == 1.0 and upper_bound(5, 1000) > 0.005


# ---- the files of answers -------------------------------------------------------------------------------------------------
RIGHT = "# %% right loop: One by one.\ndef f(x):\n    y = x\n    y = 2 * y\n    return y\n\n\n"
WRONG = "# %% wrong squared, from right loop: A square is not twice.\n# diagnosis: squared\n"


def test_a_wrong_answer_is_its_parent_but_for_the_lines_that_differ() -> None:
    right, wrong = answers("00_twice", RIGHT + WRONG + "#-     y = 2 * y\n#+     y = y**2\n")
    source = "def f(x):\n    y = x\n    y = 2 * y\n    return y\n"
    assert right == Answer("00_twice", "00_twice/right_loop", True, "", source, "", "One by one.")
    assert (
        wrong.source == right.source.replace("2 * y", "y**2")
        and wrong.parent == right.name
        and wrong.short == "wrong_squared"
    )
    assert (wrong.diagnosis, wrong.says) == ("squared", "A square is not twice.")
    assert wrong.named_in(["shape", "squared"]) and not wrong.named_in(["shape"])
    assert replace(wrong, diagnosis="cubed or squared").named_in(["squared"])
    assert (
        answers("00_twice", RIGHT + WRONG + "def f(x):\n    return x**2\n")[1].source
        == "def f(x):\n    return x**2\n"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import torch\n" + RIGHT, "begins with 'import torch'"),
        (
            RIGHT.replace(": One by one.", ""),
            "section '# %% right loop': expected '# %% right NAME: a sentence'",
        ),
        (RIGHT + RIGHT, "one of this name already"),
        (RIGHT + WRONG.replace(", from right loop", ""), "comes 'from right PARENT'"),
        (
            RIGHT + WRONG.replace("right loop", "right sum"),
            "there is no 00_twice/right_sum before it",
        ),
        (
            RIGHT + WRONG.replace("# diagnosis: squared\n", "") + "#-     y = 2 * y\n",
            "expected '# diagnosis: KEY'",
        ),
        (RIGHT + WRONG + "#-     y = 3 * y\n#+     y = y**2\n", "0 times"),
        (RIGHT + WRONG + "#+     y = y**2\n", "4 times|5 times"),
        (RIGHT + WRONG + "#-     return y\n#@@\n#-     y = x\n", "in this order"),
        (RIGHT + WRONG + "#! y = 2 * y\n", "is no changed line"),
        (RIGHT + WRONG, "it has no code"),
    ],
)
def test_a_malformed_section_is_named(text: str, complaint: str) -> None:
    with pytest.raises(CorpusError, match=complaint) as caught:
        answers("00_twice", text)
    assert str(caught.value).startswith("twice.py")


@pytest.mark.parametrize(
    "old, new",
    [
        ("a\nb\na\nb\n", "a\nb\na\nc\n"),
        ("a\na\na\n", "a\na\n"),
        ("a\n\nb\n", "x\na\n\nb\ny\n"),
        ("a\na\na\na\n", "a\nb\na\na\nb\na\n"),
    ],
)
def test_differences_are_undone_by_patching(old: str, new: str) -> None:
    assert patched(old, difference(old, new)) == new.strip("\n")


def test_every_wrong_answer_is_told_by_its_differences() -> None:
    sources = {answer.name: answer.source for answer in corpus()}
    for answer in corpus():
        if not answer.right:
            assert (
                patched(sources[answer.parent], difference(sources[answer.parent], answer.source))
                + "\n"
                == answer.source
            ), answer.name
