"""A submission is run in the jail and judged outside of it: what is written into the notebook, for people, for nbgrader and for the log."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.checks.probe import LearnerError, reply_bytes
from autograder.checks.report import Report
from autograder.course import this_course
from autograder.execution import levels, secret
from autograder.execution.closed_book import room
from autograder.jail.fork_client import runtime_dir, shared
from autograder.plugins.checked_execute import CheckedExecute, LevelRefused, outputs
from autograder.reports import class_report
from autograder.units import EXERCISES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kernels are forked")
UNIT = "03_elbo"
RIGHT = """
def gaussian_kl(loc, log_scale, other_loc, other_log_scale):
    p, q = (torch.distributions.Normal(m, r.exp()) for m, r in ((loc, log_scale), (other_loc, other_log_scale)))
    return torch.distributions.kl_divergence(p, q).sum(-1)
"""
SWAPPED = RIGHT.replace("(p, q)", "(q, p)")
HALF = RIGHT.replace(".sum(-1)", ".sum(-1) / 2")


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    with shared():
        yield


def submission(**answers: str) -> NotebookNode:
    """The released notebook of unit 03 without its figures, these answers in it."""
    nb = nbformat.read(this_course().release(UNIT), as_version=4)
    nb.cells = [
        cell for cell in nb.cells if cell.cell_type == "code" and cell.metadata.get("nbgrader")
    ]
    for cell in nb.cells:
        name = cell.metadata.nbgrader.grade_id
        if name.removesuffix("_answer") in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name.removesuffix("_answer")]
    return nb


def run(nb: NotebookNode, tmp_path: Path, student: str = "ada", **traits: Any) -> dict[str, Any]:
    """What is in the metadata afterwards."""
    step = CheckedExecute(trusted=True, secret_file=str(tmp_path / "secret.key"), **traits)
    step.preprocess(nb, {"nbgrader": {"assignment": UNIT, "notebook": UNIT, "student": student}})
    told: dict[str, Any] = json.loads(json.dumps(nb.metadata["course_vi"]))
    return told


def check_cell(nb: NotebookNode, exercise: str) -> NotebookNode:
    return next(cell for cell in nb.cells if cell.metadata.nbgrader.grade_id == exercise)


def test_points_reports_and_the_log(tmp_path: Path) -> None:
    nb = submission(**{"03_gaussian_kl": RIGHT})
    told = run(nb, tmp_path)
    assert told["points"]["03_gaussian_kl"] == 2.0 and sum(told["points"].values()) == 2.0
    assert (
        told["level"]
        and told["kernel"] in ("warm", "cold")
        and told["starts"] == 1
        and not told["lost"]
    )
    assert (
        set(told["seeds"])
        == set(told["points"])
        == {ex.id for ex in EXERCISES.values() if ex.unit == UNIT and not ex.written}
    )
    page, points = check_cell(nb, "03_gaussian_kl").outputs
    assert points.output_type == "execute_result" and points.data["text/plain"] == "2.0"
    assert (
        "PASSED" in page.data["text/html"]
        and "stay hidden" in page.data["text/html"]
        and "seed=" not in page.data["text/html"]
    )
    page, points = check_cell(nb, "03_gap").outputs
    assert points.data["text/plain"] == "0.0" and "NOT YET WRITTEN" in page.data["text/html"]


def test_the_foot_of_a_problem_set_runs_where_a_class_is_graded_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    nb = nbformat.read(this_course().release(UNIT), as_version=4)
    nb.cells = nb.cells[-1:]
    run(nb, tmp_path)
    (output,) = nb.cells[0].outputs
    assert output.name == "stdout" and output.text.startswith("Points and predictions are shown")


def test_a_regrade_draws_the_same_inputs_and_another_student_others(tmp_path: Path) -> None:
    half = {"03_gaussian_kl": HALF}
    first, again, other = (
        run(submission(**half), tmp_path, who, only=["03_gaussian_kl"])
        for who in ("ada", "ada", "bob")
    )
    assert (
        first["seeds"] == again["seeds"]
        and first["points"] == again["points"]
        and set(first["seeds"]) == {"03_gaussian_kl"}
    )
    assert first["seeds"] != other["seeds"]
    nb = submission(**half)
    nb.cells[-1].source += "\nprint('what I was given')"
    assert run(nb, tmp_path, "ada", only=["03_gaussian_kl"])["seeds"] != first["seeds"]


def test_a_wrong_answer_is_told_what_is_wrong_and_not_what_is_right(tmp_path: Path) -> None:
    nb = submission(**{"03_gaussian_kl": HALF})
    told = run(nb, tmp_path, only=["03_gaussian_kl"])
    html = check_cell(nb, "03_gaussian_kl").outputs[0].data["text/html"]
    assert told["points"]["03_gaussian_kl"] < 2 and "✗ fail" in html
    assert not re.search(r"Expected:</b>[^<]*\d", html) and "Came:</b> [" not in html


def test_the_mistakes_of_a_submission_reach_the_report_on_its_class(tmp_path: Path) -> None:
    nb = submission(**{"03_gaussian_kl": SWAPPED})
    told = run(nb, tmp_path, only=["03_gaussian_kl"])
    (sentence,) = told["mistakes"]["03_gaussian_kl"]
    assert sentence in str(check_cell(nb, "03_gaussian_kl").outputs[0].data["text/plain"])
    assert class_report.mistakes(nb) == {"03_gaussian_kl": {sentence}}


def test_what_ended_a_kernel_costs_its_exercise_and_is_named(tmp_path: Path) -> None:
    nb = submission(**{"03_gaussian_kl": RIGHT, "03_three_forms": "import os\nos._exit(9)"})
    told = run(nb, tmp_path, only=["03_gaussian_kl", "03_three_forms"])
    assert told["points"] == {"03_gaussian_kl": 2.0, "03_three_forms": 0.0} and told["starts"] == 3
    assert len(told["lost"]) == 2 and "tried again" in told["lost"][0]
    assert "exit code 9" in told["lost"][1]
    page = check_cell(nb, "03_three_forms").outputs[0].data["text/html"]
    assert "A cell above ended the kernel (it ended itself with exit code 9)" in page


def test_a_loop_costs_its_exercise(tmp_path: Path) -> None:
    loop = "def three_forms(*args):\n    while True:\n        pass"
    nb = submission(**{"03_gaussian_kl": RIGHT, "03_three_forms": loop})
    told = run(nb, tmp_path, only=["03_gaussian_kl", "03_three_forms"], call_timeout=1.0)
    assert told["points"] == {"03_gaussian_kl": 2.0, "03_three_forms": 0.0} and told["starts"] == 1
    assert told["diagnoses"]["03_three_forms"] == ["raises_TimeLimit"]


def test_the_weakest_level_is_refused(tmp_path: Path) -> None:
    step = CheckedExecute(level="rlimits", secret_file=str(tmp_path / "secret.key"))
    with pytest.raises(LevelRefused, match="--i-trust-these-submissions"):
        step.preprocess(
            submission(), {"nbgrader": {"assignment": UNIT, "notebook": UNIT, "student": "ada"}}
        )


def test_whom_one_trusts_is_graded_on_any_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine without user namespaces, and without root's rights."""
    real = levels._measure

    def poor(edition: Path, name: str) -> levels.Level:
        return (
            real(edition, name)
            if name == "rlimits"
            else levels.Level(name, frozenset(), "it does not run: not here")
        )

    monkeypatch.setattr(levels, "_measure", poor)
    monkeypatch.setattr(levels, "_measured", {})
    for path in runtime_dir()[1].glob("level-*.json"):
        path.unlink()
    nb = submission(**{"03_gaussian_kl": RIGHT})
    told = run(nb, tmp_path, only=["03_gaussian_kl"])
    assert (
        told["level"] == "rlimits" and told["trusted"] and told["points"] == {"03_gaussian_kl": 2.0}
    )
    with pytest.raises(LevelRefused, match="namespaces: it does not run: not here"):
        levels.choose(room(UNIT, runtime_dir()[1]))
    for path in runtime_dir()[1].glob("level-*.json"):
        path.unlink()


def test_it_works_where_a_loop_is_running(tmp_path: Path) -> None:
    """Formgrader calls nbgrader from within its server's event loop."""

    async def inside() -> dict[str, Any]:
        return run(submission(**{"03_gaussian_kl": RIGHT}), tmp_path, only=["03_gaussian_kl"])

    assert asyncio.run(inside())["points"] == {"03_gaussian_kl": 2.0}


# ------------------------------------------------------------------ the secret


def test_the_secret_is_made_once_and_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    path = tmp_path / "new" / "secret.key"
    first = secret.load(path)
    assert (
        secret.load(path) == first
        and len(first) == 64
        and stat.S_IMODE(path.stat().st_mode) == 0o600
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.key"]
    monkeypatch.setenv(secret.VARIABLE, "another, from the environment")
    assert secret.load(path) == b"another, from the environment"
    monkeypatch.setenv(secret.VARIABLE, "short")
    with pytest.raises(ValueError, match="5 characters"):
        secret.load(path)


def test_a_seed_depends_on_everything_it_should() -> None:
    base = (b"k" * 32, "vi", "03_elbo", "ada", "03_gap")
    seeds = {secret.seed(*base)}
    base = (*base, "")
    assert secret.seed(*base) in seeds
    for place in range(6):
        changed = list(base)
        changed[place] = b"l" * 32 if place == 0 else f"{base[place]!r}x"
        seeds.add(secret.seed(*changed))  # type: ignore[arg-type]
    assert len(seeds) == 7 and all(0 <= number < 2**63 for number in seeds)


# ------------------------------------------------------------------ replies


@pytest.mark.parametrize("content", [
    None, {}, {"user_expressions": None}, {"user_expressions": {"reply": 7}}, {"user_expressions": {"reply": {"status": "error"}}},
    {"user_expressions": {"reply": {"status": "ok"}}}, {"user_expressions": {"reply": {"status": "ok", "data": {"text/plain": 1}}}},
    {"user_expressions": {"reply": {"status": "ok", "data": {"text/plain": "'not base64!'"}}}},
    {"user_expressions": {"reply": {"status": "ok", "data": {"text/plain": "__import__('os').system('true')"}}}},
])  # fmt: skip
def test_what_is_no_reply_is_the_learners_fault(content: Any) -> None:
    with pytest.raises(LearnerError):
        reply_bytes(content)


def test_a_share_of_the_points_is_scaled_to_the_cell() -> None:
    report = Report(EXERCISES["03_gap"], (), seed=1)
    assert outputs(report, 4.0)[1].data["text/plain"] == "0.0"
