"""One check, two places, the same verdict: in this process, and in a Jupyter kernel that only bytes can reach."""

import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from sampled import seldom

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InKernel, InProcess
from autograder.units import EXERCISES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: Any, source: str) -> None:
    reply = client.execute_interactive(source, timeout=60, output_hook=lambda message: None)
    assert reply["content"]["status"] == "ok", reply["content"]


def findings(report: Any) -> list[tuple[Any, ...]]:
    return [(part.name, part.finding) for part in report.parts]


def some() -> list[Any]:
    """Of each exercise every right answer, since idioms differ in what they return, and one wrong one; `test_corpus` judges all of them
    in this process."""
    asked = []
    for _, group in groupby(corpus(), key=lambda answer: answer.exercise):
        answers = list(group)
        wrong = sorted(
            (a for a in answers if not a.right), key=lambda a: zlib.crc32(a.name.encode())
        )
        asked += [*(a for a in answers if a.right), wrong[0]]
    return asked


def test_every_exercise_is_asked_in_a_kernel() -> None:
    coded = {name for name, exercise in EXERCISES.items() if not exercise.written}
    assert {answer.exercise for answer in some()} == coded and {a.name for a in some()} >= {
        a.name for a in corpus() if a.right
    }


@pytest.mark.parametrize(
    "answer", [pytest.param(a, id=a.name, marks=seldom(a.name, one_in=4)) for a in some()]
)
def test_same_verdict_in_a_kernel(client: Any, answer: Any) -> None:
    run(client, answer.source)
    outside = run_check(
        answer.exercise, InKernel(client, EXERCISES[answer.exercise].function), seed=11
    )
    inside = run_check(answer.exercise, InProcess(answer.load()), seed=11)
    assert outside.points == inside.points and outside.passed is answer.right
    assert outside.diagnoses == inside.diagnoses
    assert [(name, finding.ok) for name, finding in findings(outside)] == [
        (name, finding.ok) for name, finding in findings(inside)
    ]


def test_what_a_kernel_may_do_to_the_reply(client: Any) -> None:
    """Undefined names, nonsense and errors become findings, never exceptions of the grader."""
    for source in (
        "gaussian_path_derivative = lambda *a: object()",
        "gaussian_path_derivative = lambda *a: 1 / 0",
        "def gaussian_path_derivative(*a):\n    raise SystemExit",
    ):
        run(client, source)
        assert (
            run_check(
                "09_gaussian_path_derivative", InKernel(client, "gaussian_path_derivative"), seed=1
            ).points
            == 0
        )
    report = run_check("09_gaussian_path_derivative", InKernel(client, "never_defined"), seed=1)
    assert report.points == 0 and "raises_NameError" in report.diagnoses
