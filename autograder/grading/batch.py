"""Grade a class: many submissions at a time, on one machine or several, and none of them lost.

One machine: processes of joblib's executor (loky). Several: ``cluster="tcp://..."``, the address of a Dask scheduler, whose workers see
the same folder (start them with ``dask worker tcp://... --nthreads 1``: nbgrader changes the working directory, so one at a time in each).
Every submission is graded by a call of its own. A worker that dies takes its submission with it, and nothing else: the submission is
tried again, alone, and named if it kills its worker again. What is in the log is not graded again, so a run that was killed is resumed
by starting it anew.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from autograder.grading import points, provenance
from autograder.grading.class_folder import Classroom
from autograder.grading.ledger import keys
from autograder.grading.result import Result
from autograder.grading.submission import Submission
from autograder.grading.workers import Lost, side_by_side
from autograder.intake.names import safe_id
from autograder.jail.fork_client import shared

__all__ = ["Plan", "run", "work"]


@dataclass(frozen=True)
class Plan:
    """How to grade.

    Attributes:
        workers: submissions at a time on this machine; 1 grades in this process.
        cluster: the address of a Dask scheduler instead.
        only: exercises whose points are written (``--regrade``); all by default.
        force: grade again what the log has already.
        quiet: no progress on the screen.
    """

    workers: int = 1
    cluster: str = ""
    only: tuple[str, ...] = ()
    force: bool = False
    quiet: bool = False


def run(group: Classroom, unit: str, plan: Plan | None = None) -> list[Result]:
    """Grade all submissions of a unit that are not graded yet; a row for every submission, in order of names.

    Raises:
        BlockingIOError: another driver is grading this unit.
        RuntimeError: the unit cannot be entered into the gradebook.
    """
    from sqlalchemy.exc import SQLAlchemyError
    from tqdm import tqdm

    from autograder.grading.late import settle

    plan = plan or Plan()
    ledger = group.ledger(unit)
    with shared(), ledger.run():
        group.register(unit)
        names = group.submitted(unit)
        decided_by = provenance.decided_by(unit, group.released(unit))
        current = {} if plan.force else ledger.current()
        with group.gradebook() as gradebook:
            held = points.held(gradebook, unit)
        rows: dict[str, Result] = {}
        todo = []
        for name in names:
            submission = Submission.find(group.home, unit, name, decided_by)
            before = current.get(submission.student, {})
            if (
                before
                and submission.key(plan.only) in keys(before)
                and before.get("auto") == held.get(submission.student, {})
            ):
                rows[submission.student] = Result.of(before)
            else:
                todo.append(name)
        with tqdm(
            total=len(names),
            initial=len(rows),
            desc=f"grading {unit}",
            unit="student",
            disable=plan.quiet,
            file=sys.stderr,
        ) as bar:
            for row in _graded(group, unit, todo, plan):
                rows[row.student] = row
                bar.update()
                if not plan.quiet:
                    bar.write(line(row), file=sys.stderr)
        with suppress(
            SQLAlchemyError
        ):  # trouble with the gradebook is in the rows; ``export`` settles again
            settle(group, unit)
            with group.gradebook() as gradebook:
                points.refresh(gradebook, unit, rows.values())
    return [rows[safe_id(name)] for name in names]


def line(row: Result) -> str:
    """One line about one student, while the others are still being graded."""
    told = row.failure or f"{row.total:g} points"
    waiting = sum(value is None for value in row.points.values())
    more = {
        f"{waiting} by hand": waiting,
        f"{len(row.repairs)} repairs": row.repairs,
        f"late: -{row.late:g}": row.late,
    }
    return f"{row.student}: {', '.join([told, *(says for says, so in more.items() if so)])} ({row.seconds:.1f} s)"


def work(
    group: Classroom, unit: str, name: str, only: Sequence[str] = (), force: bool = False
) -> Result:
    """What a worker does: grade one submission. It reads class and configuration anew from what it is sent."""
    return Classroom(group.course, group.folder, group.db_url, group.trusted).grade_one(
        unit, name, only, force
    )


def _graded(group: Classroom, unit: str, names: list[str], plan: Plan) -> Iterator[Result]:
    if plan.cluster:
        yield from _on_cluster(group, unit, names, plan)
    elif plan.workers <= 1:
        for name in names:
            yield group.grade_one(unit, name, plan.only, plan.force)
    else:
        yield from _on_processes(group, unit, names, plan)


def _on_processes(group: Classroom, unit: str, names: list[str], plan: Plan) -> Iterator[Result]:
    """As many processes as workers."""

    def submit(executor: Any, name: str) -> Any:
        return executor.submit(work, group, unit, name, plan.only, plan.force)

    if not names:
        return
    ahead = threading.Thread(target=_prepare, args=(group, unit), daemon=True)
    ahead.start()
    try:
        for name, row in side_by_side(names, plan.workers, submit):
            yield _named(group, unit, name, plan, str(row)) if isinstance(row, Lost) else row
    finally:
        ahead.join()


def _prepare(group: Classroom, unit: str) -> None:
    """Have the parent of kernels started and the jail tried while the workers are still importing. What fails here, they will tell."""
    from autograder.plugins.checked_execute import CheckedExecute

    with suppress(Exception):
        CheckedExecute(config=group.config).prepare(unit)


def _on_cluster(group: Classroom, unit: str, names: list[str], plan: Plan) -> Iterator[Result]:
    """Dask starts a task again when its worker dies, and gives up on one whose workers died too often."""
    from distributed import Client, as_completed

    with Client(plan.cluster, timeout=30, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        futures = {client.submit(work, group, unit, name, plan.only, plan.force, pure=False, key=f"{unit}/{safe_id(name)}"): name
                   for name in names}  # fmt: skip
        for future in as_completed(futures, loop=client.loop):
            error = future.exception()
            yield (
                future.result()
                if error is None
                else _named(group, unit, futures[future], plan, f"its workers died: {error}"[:200])
            )


def _named(group: Classroom, unit: str, name: str, plan: Plan, reason: str) -> Result:
    """A submission that no worker survives, in the log by name."""
    row = Result(safe_id(name), failure=f"not graded: {reason}", status="failed")
    decided_by = provenance.decided_by(unit, group.released(unit))
    submission = Submission.find(group.home, unit, name, decided_by)
    return group.logged(unit, row, submission.record(plan.only))
