"""Grading with nbgrader: from a class's submissions to its gradebook, feedback pages and CSV."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from sampled import seldom
from tiny_course import UNIT, tiny_check, tiny_corpus, tiny_course

from autograder.audit import sample_class
from autograder.audit.sample_class import Student
from autograder.build import masters, notebooks, release
from autograder.course import ROOT, Course, this_course
from autograder.grading import batch, export
from autograder.grading.class_folder import Classroom
from autograder.grading.result import Result
from autograder.plugins.checked_execute import CheckedExecute
from autograder.reports.gradebook_table import table

FULL = {"00_double": 3.0}
RIGHT = {"00_double": "def double(x):\n    return 2 * x"}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The tiny course, its problem set built."""
    course = tiny_course(tmp_path)
    notebooks.build(course, [UNIT], run_lectures=False)
    return course


def graded(course: Course, members: list[Student]) -> tuple[Classroom, dict[str, Result]]:
    """Hand in for these students and grade them."""
    group = Classroom(course, course.root / "class.data")
    released = nbformat.read(course.release(UNIT), as_version=4)
    for student in members:
        sample_class.hand_in(student, released, group.folder / "submitted", UNIT)
    return group, {row.student: row for row in batch.run(group, UNIT)}


# ------------------------------------------------------------------ the sample class


def test_a_class_is_planned_from_the_corpus(course: Course, tmp_path: Path) -> None:
    found = sample_class.students(course, UNIT, tiny_corpus(), tiny_check)
    members = {student.name: student for student in found}
    assert len(members) >= sample_class.LEAST
    assert "x + x" in members["ada_all_right"].cells["00_double"]
    assert "x << 1" in members["sofia_other_idiom"].cells["00_double"]
    assert members["kurt_squared"].promised == {"00_double": 0.0}
    assert (
        members["mary_one_more"].promised == {"00_double": 1.5}
        and "too far" in members["mary_one_more"].story
    )
    assert (
        members["otto_syntax_error"].promised
        == members["noel_handed_in_untouched"].promised
        == {"00_double": 0.0}
    )
    assert members["zoe_kills_her_kernel"].promised == {"00_double": 0.0}


def test_a_wrong_answer_with_full_marks_breaks_the_class(course: Course, tmp_path: Path) -> None:
    answers = tiny_corpus()
    answers[-1] = replace(answers[-1], source="def double(x):\n    return x + x\n")
    with pytest.raises(ValueError, match="wrong_one_more is called wrong"):
        sample_class.students(course, UNIT, answers, tiny_check)


def test_a_corpus_without_wrong_answers_is_refused(course: Course, tmp_path: Path) -> None:
    answers = [answer for answer in tiny_corpus() if answer.right]
    with pytest.raises(ValueError, match="no right or no wrong answers for 00_double"):
        sample_class.students(course, UNIT, answers, tiny_check)


def test_the_table_shows_points_and_promises(course: Course) -> None:
    ada = Student("ada", RIGHT, FULL, story="all of it")
    zoe = Student("zoe", {}, None)
    rows = [
        Result("ada", {"00_double": 1.5, "00_why": None}),
        Result("zoe", failure="not graded: kernel died"),
    ]
    lines = table(course, UNIT, rows, [ada, zoe]).splitlines()
    assert lines[0].split() == [
        "student",
        "1",
        "2",
        "total",
        "promised",
        "ok",
        "what",
        "they",
        "did",
    ]
    assert lines[1].split() == ["(points)", "3", "1", "4"]
    assert lines[3].split() == ["ada", "1.5", "by", "hand", "1.5", "3", "NO", "all", "of", "it"]
    assert lines[4].split() == ["zoe", "-", "-", "-", "-", "ok"]
    assert lines[-2:] == ["1  Twice (00_double)", "2  Say why (00_why)"]
    assert rows[0].differs(FULL) == ["00_double: 1.5 instead of 3"]
    assert (
        rows[0].differs(None)
        and rows[1].differs(FULL)
        and not Result("x", {"00_double": 3.0}).differs(FULL)
    )


# ------------------------------------------------------------------ the cycle


def test_one_submission_that_cannot_be_graded_does_not_stop_the_others(course: Course) -> None:
    """Full, partial and no points through nbgrader; a written answer waits for a person; a dead kernel costs its exercise and is named."""
    members = [
        Student("a_dies", {"00_double": sample_class.KILLS_ITS_KERNEL}, {"00_double": 0.0}),
        Student(
            "b_partial",
            {"00_double": "def double(x):\n    return 8"},
            {"00_double": 1.5},
            written="Because.",
        ),
        Student("c_right", RIGHT, FULL),
    ]
    group, rows = graded(course, members)
    assert rows["a_dies"].points["00_double"] == 0.0 and not rows["a_dies"].failure
    page = (group.folder / "feedback" / "a_dies" / UNIT / f"{UNIT}.html").read_text(
        encoding="utf-8"
    )
    assert "This cell ended the kernel: it ended itself with exit code 1." in page
    assert rows["b_partial"].points == {"00_double": 1.5, "00_why": None}
    assert rows["c_right"].points == {"00_double": 3.0, "00_why": 0.0}
    page = group.folder / "feedback" / "c_right" / UNIT / f"{UNIT}.html"
    assert "Twice" in page.read_text(encoding="utf-8")
    with export.plain(group, group.csv).open(newline="") as file:
        scores = {line["student_id"]: float(line["score"]) for line in csv.DictReader(file)}
    assert scores == {"a_dies": 0.0, "b_partial": 1.5, "c_right": 3.0}


@pytest.mark.slow
def test_a_gradebook_that_is_replaced_meanwhile_is_named(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs in one folder: the second empties it and enters the unit anew while the first one's cells run."""

    def meanwhile(self: CheckedExecute, notebook: Any, resources: Any) -> Any:
        folder = course.root / "class.data"
        shutil.rmtree(folder)
        Classroom(course, folder).register(UNIT)
        return notebook, resources

    monkeypatch.setattr(CheckedExecute, "preprocess", meanwhile)
    _, rows = graded(course, [Student("wanda", RIGHT, FULL)])
    assert "another program emptied the class's folder" in rows["wanda"].failure


@pytest.mark.slow
def test_the_sample_class_gets_what_the_corpus_promises(course: Course, tmp_path: Path) -> None:
    answers = tiny_corpus()
    for workers in (1, 2):  # a second time, over what the first left, two at a time
        group, members = sample_class.sample(
            course, UNIT, tmp_path / "class.data" / "sample", answers, tiny_check
        )
        rows = batch.run(group, UNIT, batch.Plan(workers=workers))
        promised = {student.name: student.promised for student in members}
        differences = {row.student: row.differs(promised[row.student]) for row in rows}
        assert len(rows) == len(members) and not any(differences.values())
        feedback = {
            path.parent.parent.name
            for path in (group.folder / "feedback").glob(f"*/{UNIT}/{UNIT}.html")
        }
        assert feedback == set(promised)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        pytest.param(unit, marks=seldom(unit, one_in=11))
        for unit in this_course().units()
        if (ROOT / "solutions" / unit).is_dir()
    ],
)
def test_warnings_and_repairs_in_the_real_course(unit: str, class_folder: Path) -> None:
    """End to end in a real unit: warnings and messages on stderr cost nothing, and an edited or deleted check comes back."""
    course, folder = this_course(), class_folder
    group, members = sample_class.sample(course, unit, folder)
    keep = {
        student.name: student
        for student in members
        if student.name in ("wanda_warns_a_lot", "noel_handed_in_untouched")
    }
    for path in (folder / "submitted").iterdir():
        if path.name not in keep:
            shutil.rmtree(path)
    submission = folder / "submitted" / "noel_handed_in_untouched" / unit / f"{unit}.ipynb"
    notebook = nbformat.read(submission, as_version=4)
    checks = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    ]
    checks[0].source = "1_000_000"
    notebook.cells.remove(checks[-1])
    submission.chmod(0o644)
    submission.write_bytes(masters.dumps(notebook))
    rows = batch.run(group, unit)
    assert len(rows) == 2
    for row in rows:
        assert row.differs(keep[row.student].promised) == []


@pytest.mark.slow
def test_the_stock_commands_work_from_the_root(course: Course) -> None:
    """generate_assignment, autograde, generate_feedback and export as an instructor types them."""
    root = course.root
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "autograder").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}

    def stock(*command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "nbgrader", *command],
            cwd=root,
            env=environment,
            check=True,
            timeout=120,
        )

    stock("generate_assignment", UNIT)  # notebooks/ is there already, as in a clone
    released = nbformat.read(course.release(UNIT), as_version=4)
    data = root / "autograder" / "class.data"
    sample_class.hand_in(Student("ada", RIGHT, FULL), released, data / "submitted", UNIT)
    stock("autograde", UNIT)
    stock("generate_feedback", UNIT)
    stock("export")
    with (data / "grades.csv").open(newline="") as file:
        assert [(line["student_id"], float(line["score"])) for line in csv.DictReader(file)] == [
            ("ada", 3.0)
        ]
    assert (data / "feedback" / "ada" / UNIT / f"{UNIT}.html").exists()
    assert {path.name for path in root.iterdir()} == {
        "lectures",
        "solutions",
        "notebooks",
        "autograder",
        "nbgrader_config.py",
    }


@pytest.mark.slow
def test_formgrader_answers_in_jupyterlab(course: Course) -> None:
    """Its page and its list of assignments, from a server started in the course root; the Lab extension is enabled."""
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.ip=127.0.0.1",
    ]
    bin_ = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
    }
    with (course.root / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=course.root, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            try:
                assignments = json.loads(
                    urllib.request.urlopen(
                        f"{address}/formgrader/api/assignments", timeout=30
                    ).read()
                )
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.3)
        else:
            pytest.fail((course.root / "server.log").read_text())
        assert [assignment["name"] for assignment in assignments] == [UNIT]
        page = urllib.request.urlopen(f"{address}/formgrader", timeout=30).read().decode()
        assert "formgrader" in page.lower()
        lab = urllib.request.urlopen(f"{address}/lab", timeout=30).read().decode()
        data = json.loads(
            lab.split('id="jupyter-config-data" type="application/json">')[1].split("</script>")[0]
        )
        (script,) = (
            one["load"]
            for one in data["federated_extensions"]
            if one["name"] == "@jupyter/nbgrader"
        )
        assert (
            urllib.request.urlopen(
                f"{address}/lab/extensions/@jupyter/nbgrader/{script}", timeout=30
            ).status
            == 200
        )
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_the_config_keeps_masters_and_gradebook_where_they_belong() -> None:
    config = release.load_config(ROOT).CourseDirectory
    assert {"*.py", "jupytext.toml", ".ipynb_checkpoints", "__pycache__"} <= set(config.ignore)
    assert (
        config.db_url
        == f"sqlite:///{(ROOT / 'autograder' / 'class.data' / 'gradebook.db').as_posix()}"
    )
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "autograder/class.data/gradebook.db"], cwd=ROOT
    )
    assert ignored.returncode == 0
