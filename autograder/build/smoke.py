"""Run every text master as a script, fast: forked children of one warm parent instead of a Jupyter kernel each::

    python -m autograder smoke [UNIT ...] [--jobs N] [--json]

Lectures must run top to bottom. Problem sets run twice: with their solutions every check gives full marks; as students
get them every check fails politely, with no points, no exception and nothing on stderr (nbgrader scores that as zero).

``COURSE_VI_SMOKE=1`` caps the steps of ``fit``; figures are made and not drawn, which tests of their own do, and `make
notebooks`. The parent has imported torch and the course and computed nothing, on one thread: a child of a parent that ran
a parallel operation could hang for ever. Where there is no safe fork (macOS, Windows) the notebooks run one after another
in the parent itself.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.build import cells, notebooks
from autograder.build.cells import display, run_cell
from autograder.course import Course, MasterError

LIMIT_SECONDS = 120
CAN_FORK = sys.platform.startswith("linux")
ENVIRONMENT = {
    "COURSE_VI_SMOKE": "1",
    "COURSE_VI_FIGURES": "0",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
WARM = (  # what most children would load, each for itself
    "numpy", "torch", "torch._dynamo", "matplotlib.pyplot", "pandas", "sklearn.datasets", "statsmodels.api", "pyro",
    "pyro.infer.autoguide", "IPython.display", "ipywidgets", "nbgrader.apps", "course_vi", "course_vi.plots", "autograder",
    "autograder.units",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One notebook to run: ``kind`` is "lecture", "solved" (solutions in place) or "stub" (as students get it)."""

    name: str
    kind: str
    folder: Path
    notebook: NotebookNode
    broken: str = ""  # why the master cannot even be built


@dataclass
class Outcome:
    """What came of a run: ``faults`` is empty when all went as it should. Checks are timed on the processor's clock."""

    name: str
    kind: str
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    points: dict[str, float] = field(default_factory=dict)
    check_seconds: dict[str, float] = field(default_factory=dict)


def jobs_of(course: Course, units: list[str]) -> list[Job]:
    """The runs that prove these units."""
    found = []
    for unit in units:
        for name, kinds, master, build in (
            (f"lectures/{unit}", ("lecture",), course.lecture(unit, ".py"), notebooks.lecture),
            (
                f"solutions/{unit}",
                ("solved", "stub"),
                course.source(unit, ".py"),
                notebooks.problem_set,
            ),
        ):
            if not master.exists():
                continue
            try:
                built = [
                    nbformat.reads(data.decode(), as_version=4) for data in build(course, unit)
                ]
                found += [
                    Job(name, kind, master.parent, nb)
                    for kind, nb in zip(kinds, built, strict=True)
                ]
            except MasterError as error:
                found += [
                    Job(name, kind, master.parent, nbformat.v4.new_notebook(), str(error))
                    for kind in kinds
                ]
    return found


def run_notebook(job: Job) -> Outcome:
    """Execute the code cells of one notebook in this process, in a namespace of its own, and judge what they did.

    No cell may fail, not even in a problem set that nobody has solved: a cell that uses an answer stands under ``when_written``.
    """
    outcome = Outcome(job.name, job.kind, faults=[job.broken] if job.broken else [])
    started = time.perf_counter()
    scope: dict[str, Any] = {"__name__": "__main__", "display": display}
    previous = os.getcwd()
    os.chdir(job.folder)
    try:
        for number, cell in enumerate(job.notebook.cells, start=1):
            if cell.cell_type != "code":
                continue
            grader = cell.metadata.get("nbgrader", {})
            errors, began = io.StringIO(), time.process_time()
            where = f"{job.name}, cell {number}"
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
                    value = run_cell(cell.source, scope, f"<{where}>")
            except (
                BaseException
            ) as error:  # also SystemExit: a cell that quits is a cell that fails
                outcome.faults.append(f"{where} failed:\n{cell.source}\n{_own_frames(error)}")
                break
            if grader.get("grade"):
                name = grader["grade_id"]
                outcome.check_seconds[name] = time.process_time() - began
                outcome.points[name] = _points(value)
                wanted = 0.0 if job.kind == "stub" else float(grader["points"])
                if outcome.points[name] != wanted:
                    outcome.faults.append(
                        f"{where}: {name} gave {value!r} points, not {wanted}\n{value}"
                    )
                if errors.getvalue():
                    outcome.faults.append(
                        f"{where}: {name} wrote to stderr: {errors.getvalue()[:500]}"
                    )
    finally:
        os.chdir(previous)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    outcome.seconds = time.perf_counter() - started
    return outcome


def run_all(
    jobs: list[Job], workers: int = 1, tell: Callable[[Outcome], object] = lambda _: None
) -> list[Outcome]:
    """Run the jobs, ``workers`` at a time, each in a forked child where that is safe; ``tell`` hears of every one."""
    if not CAN_FORK:
        outcomes = []
        for job in jobs:
            outcomes.append(run_notebook(job))
            tell(outcomes[-1])
        return outcomes
    done: dict[int, Outcome] = {}
    running: dict[int, tuple[int, Any, float]] = {}
    waiting = list(enumerate(jobs))
    while waiting or running:
        while waiting and len(running) < workers:
            index, job = waiting.pop(0)
            running[index] = (*_fork(job), time.monotonic())
        for index, (pid, pipe, began) in list(running.items()):
            late = time.monotonic() - began > LIMIT_SECONDS
            if late:
                os.kill(pid, signal.SIGKILL)
            if os.waitpid(pid, 0 if late else os.WNOHANG)[0] == 0:
                continue
            pipe.seek(0)
            text, job = pipe.read(), jobs[index]
            pipe.close()
            why = f"{job.name} " + (f"ran over {LIMIT_SECONDS} s" if late else "ended its process")
            done[index] = (
                Outcome(**json.loads(text)) if text else Outcome(job.name, job.kind, faults=[why])
            )
            tell(done[index])
            del running[index]
        time.sleep(0.01)
    return [done[index] for index in range(len(jobs))]


def _fork(job: Job) -> tuple[int, Any]:
    """Start a child that runs the job and leaves its outcome, as JSON, in the file returned with its process id."""
    answer = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - the parent reads and closes it
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid, answer
    try:
        json.dump(asdict(run_notebook(job)), answer)
        answer.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(0)


def _points(value: Any) -> float:
    """The points that nbgrader would read from what a check returned; -1 for what it could not read."""
    try:
        return float(repr(value))
    except ValueError:
        return -1.0


def _own_frames(error: BaseException) -> str:
    """The traceback from the cell on: the frames of these files say nothing to an author."""
    frames: Any = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename in (__file__, cells.__file__):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))


def warm_up() -> None:
    """Import in the parent what every child needs. Nothing is computed, and torch is told to keep to one thread."""
    for name in WARM:
        importlib.import_module(name)
    sys.modules["torch"].set_num_threads(1)
    sys.modules["matplotlib"].use("Agg")
