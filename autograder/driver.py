"""Grade a class: many submissions at a time, on one machine or several, and none of them lost.

One machine: processes of joblib's executor (loky). Several: ``cluster="tcp://..."``, the address of a Dask scheduler, whose workers see
the same folder (start them with ``dask worker tcp://... --nthreads 1``: nbgrader changes the working directory, so one at a time in each).
Every submission is graded by a call of its own. A worker that dies takes its submission with it, and nothing else: the submission is
tried again, alone, and named if it kills its worker again. What is in the log is not graded again, so a run that was killed is resumed
by starting it anew.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from autograder import points, provenance
from autograder.classroom import Class
from autograder.jail.parent import shared
from autograder.rows import Row
from autograder.sanitize.names import safe_id

__all__ = ["Plan", "run", "work"]

TRIES = 2


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


def run(group: Class, unit: str, plan: Plan | None = None) -> list[Row]:
    """Grade all submissions of a unit that are not graded yet; a row for every submission, in order of names.

    Raises:
        BlockingIOError: another driver is grading this unit.
        RuntimeError: the unit cannot be entered into the gradebook.
    """
    from sqlalchemy.exc import SQLAlchemyError
    from tqdm import tqdm

    from autograder.late import settle

    plan = plan or Plan()
    ledger = group.ledger(unit)
    with shared(), ledger.run():
        group.register(unit)
        names = group.submitted(unit)
        edition = provenance.edition(unit, group.released(unit))
        done = {} if plan.force else ledger.done()
        rows: dict[str, Row] = {}
        todo = []
        for name in names:
            before = done.get(group.key(unit, name, edition, plan.only))
            if before:
                rows[safe_id(name)] = Row.of(before)
            else:
                todo.append(name)
        with tqdm(total=len(names), initial=len(rows), desc=f"grading {unit}", unit="student", disable=plan.quiet, file=sys.stderr) as bar:
            for row in _graded(group, unit, todo, plan):
                rows[row.student] = row
                bar.update()
                if not plan.quiet:
                    bar.write(line(row), file=sys.stderr)
        with suppress(SQLAlchemyError):  # trouble with the gradebook is in the rows; ``export`` settles again
            settle(group, unit)
            with group.gradebook() as gradebook:
                points.refresh(gradebook, unit, rows.values())
    return [rows[safe_id(name)] for name in names]


def line(row: Row) -> str:
    """One line about one student, while the others are still being graded."""
    told = row.failure or f"{row.total:g} points"
    waiting = sum(value is None for value in row.points.values())
    more = {f"{waiting} by hand": waiting, f"{len(row.repairs)} repairs": row.repairs, f"late: -{row.late:g}": row.late}
    return f"{row.student}: {', '.join([told, *(says for says, so in more.items() if so)])} ({row.seconds:.1f} s)"


def work(group: Class, unit: str, name: str, only: Sequence[str] = (), force: bool = False) -> Row:
    """What a worker does: grade one submission. It reads class and configuration anew from what it is sent."""
    return Class(group.course, group.folder, group.db_url, group.trusted).grade_one(unit, name, only, force)


def _graded(group: Class, unit: str, names: list[str], plan: Plan) -> Iterator[Row]:
    if plan.cluster:
        yield from _on_cluster(group, unit, names, plan)
    elif plan.workers <= 1:
        for name in names:
            yield group.grade_one(unit, name, plan.only, plan.force)
    else:
        yield from _on_processes(group, unit, names, plan)


def _on_processes(group: Class, unit: str, names: list[str], plan: Plan) -> Iterator[Row]:
    """As many processes as workers. Those in flight when one dies are tried again one by one, so that blame falls on the right one."""
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    waiting, suspects = list(names), list[str]()
    try:
        while waiting:
            flying: dict[Any, str] = {}
            executor = get_reusable_executor(max_workers=plan.workers, timeout=300, initializer=_watch, initargs=(os.getpid(),))
            try:
                while waiting or flying:
                    while waiting and len(flying) < plan.workers:
                        flying[executor.submit(work, group, unit, waiting[0], plan.only, plan.force)] = waiting[0]
                        waiting.pop(0)
                    for future in _finished(flying):
                        row = future.result()
                        del flying[future]
                        yield row
            except BrokenProcessPool:
                suspects += flying.values()
        for name in suspects:
            yield _alone(group, unit, name, plan)
    finally:
        get_reusable_executor(max_workers=plan.workers, reuse=True).shutdown(wait=True, kill_workers=True)


def _watch(driver: int) -> None:
    """Every worker ends within a second or so of its driver: loky's, left alone, would go on for ever."""

    def look() -> None:
        while os.getppid() == driver:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def _finished(flying: dict[Any, str]) -> list[Any]:
    from concurrent.futures import FIRST_COMPLETED, wait

    return sorted(wait(flying, return_when=FIRST_COMPLETED).done, key=lambda future: flying[future])


def _alone(group: Class, unit: str, name: str, plan: Plan) -> Row:
    """A submission in a process of its own, as often as it may kill one."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    for _ in range(TRIES):
        with ProcessPoolExecutor(max_workers=1, initializer=_watch, initargs=(os.getpid(),)) as executor:
            try:
                return executor.submit(work, group, unit, name, plan.only, plan.force).result()
            except BrokenProcessPool:
                pass
    return _named(group, unit, name, plan, f"its worker was killed {TRIES + 1} times while grading it")


def _on_cluster(group: Class, unit: str, names: list[str], plan: Plan) -> Iterator[Row]:
    """Dask starts a task again when its worker dies, and gives up on one whose workers died too often."""
    from distributed import Client, as_completed

    with Client(plan.cluster, timeout=30, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        futures = {client.submit(work, group, unit, name, plan.only, plan.force, pure=False, key=f"{unit}/{safe_id(name)}"): name
                   for name in names}  # fmt: skip
        for future in as_completed(futures, loop=client.loop):
            error = future.exception()
            yield future.result() if error is None else _named(group, unit, futures[future], plan, f"its workers died: {error}"[:200])


def _named(group: Class, unit: str, name: str, plan: Plan, reason: str) -> Row:
    """A submission that no worker survives, in the log by name."""
    row = Row(safe_id(name), failure=f"not graded: {reason}", status="failed")
    edition = provenance.edition(unit, group.released(unit))
    record = {"key": group.key(unit, name, edition, plan.only), "edition": edition, "name": ascii(name)[1:-1], "only": list(plan.only)}
    return group.logged(unit, row, record)

