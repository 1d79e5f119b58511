"""The same attacks on stock nbgrader, for the guide: a course of its own in a scratch folder, with nbgrader's own configuration.

They are run with the rights of whoever runs this, which is the point. Attacks that say ``stock: not run`` are left out; run the rest on a
machine that you can afford to lose.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde

from autograder.audit import sample_class
from autograder.audit.attack import UNIT, Attack
from autograder.build.release import convert, load_config
from autograder.course import ROOT, this_course

__all__ = ["stock_course", "stock_scores"]

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.CourseDirectory.ignore = ["*.py", "jupytext.toml", "__pycache__"]
c.Execute.timeout = 30
"""
SECONDS = 120


def stock_course(root: Path, unit: str = UNIT) -> None:
    """A course as nbgrader's documentation lays it out, with one of our units as its assignment."""
    course = this_course()
    (root / "source" / unit).mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    shutil.copy(course.source(unit, ".ipynb"), root / "source" / unit)
    outcome = nbgrader(root, "generate_assignment", unit)
    if outcome.returncode:
        raise RuntimeError(
            f"stock nbgrader could not make the assignment:\n{outcome.stderr[-2000:]}"
        )


def nbgrader(
    root: Path, *command: str, timeout: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """A stock command in a stock course."""
    ours = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": ours,
        "PATH": path,
        "COURSE_VI_SMOKE": "1",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        start_new_session=True,
    )


def stock_scores(chosen: Sequence[Attack], root: Path) -> dict[str, str]:
    """What each attack gets, in words; an honest student is graded last, to see what became of a neighbour."""
    stock_course(root)
    course = this_course()
    released = nbformat.read(course.release(UNIT), as_version=4)
    solutions = sample_class._solutions(course, UNIT)
    known = {
        "ROOT": str(root),
        "CLASS": str(root),
        "GRADEBOOK": str(root / "gradebook.db"),
        "RUNTIME": str(root),
        "PORT": 9,
    }
    found = {}
    for attack in chosen:
        if attack.stock != "run":
            found[attack.name] = attack.stock
            continue
        attack.hand_in(released, solutions, root / "submitted", known)
        found[attack.name] = _grade(root, attack.name)
        print(f"stock: {attack.name}: {found[attack.name]}", flush=True)
        sample_class.hand_in(
            sample_class.Student("neighbour", solutions, {}), released, root / "submitted", UNIT
        )
        if attack.name == "write_gradebook":
            after = _grade(root, "neighbour")
            found[attack.name] += f"; a neighbour then {after}"
            for path in root.glob("gradebook.db*"):
                path.unlink()
            nbgrader(root, "generate_assignment", UNIT, "--force")
    return found


def _grade(root: Path, student: str) -> str:
    """Grade one submission in a forked child, so that nbgrader need not be imported each time, and what hangs can be ended."""
    child = get_context("fork").Process(target=_autograde, args=(root, student))
    child.start()
    child.join(SECONDS)
    hung = child.is_alive()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid or 0, signal.SIGKILL)  # its own session: the kernel goes with it
    child.join()
    if hung:
        return f"not graded: still running after {SECONDS} s"
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}", "stock") as book:
        try:
            grades = book.find_submission_notebook(UNIT, UNIT, student).grades
        except MissingEntry:
            return "not graded"
        score = sum(float(grade.score) for grade in grades if not grade.needs_manual_grade)
    return "not graded, and the command fails" if child.exitcode else f"{score:g}"


def _autograde(root: Path, student: str) -> None:
    os.setsid()
    os.chdir(root)
    os.environ.update(COURSE_VI_SMOKE="1", OMP_NUM_THREADS="1")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    config = load_config(root)
    config.CourseDirectory.root = str(root)
    outcome = convert(Autograde, config, UNIT, student)
    os._exit(0 if outcome["success"] else 1)
