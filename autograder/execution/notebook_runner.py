"""A submission, cell by cell: run what is run, check what is checked, and let nothing cost more than itself.

A loop is interrupted; a kernel that dies is replaced: the cells that were run before are run again, but for those that ended a kernel, and
the rest is graded. What ended it is named (``blame``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.checks.report import Report
from autograder.execution.blame import ENDED, Blame, Group
from autograder.execution.kernel_runner import Asker
from autograder.execution.outputs import Budget, Outputs, clean_text
from autograder.execution.session import KernelLost, Session

__all__ = ["Clock", "Notes", "Runner"]

CUT_SOURCE = 200_000  # characters of a cell that are run


@dataclass(frozen=True)
class Clock:
    """Seconds: for one cell, one call of the learner's function, one exercise, one notebook."""

    cell: float = 120.0
    call: float = 30.0
    exercise: float = 120.0
    notebook: float = 900.0


@dataclass
class Notes:
    """What the log of a grading run wants to know."""

    lost: list[str] = field(default_factory=list)  # why kernels ended
    starts: int = 0
    seconds: dict[str, float] = field(
        default_factory=lambda: {"start": 0.0, "cells": 0.0, "checks": 0.0}
    )


class Runner:
    """Runs the code cells of a notebook in order.

    Args:
        open_session: makes a kernel that is not started yet.
        exercise_of: the exercise whose check a cell is, or None for a cell to be run.
        verdict: ``(exercise, asker) -> Report``: the check, outside.
        function_of: the name that the learner defines for an exercise.
        wanted: whether an exercise is to be checked this time.
    """

    def __init__(
        self,
        nb: NotebookNode,
        open_session: Callable[[], Session],
        exercise_of: Callable[[NotebookNode], str | None],
        verdict: Callable[[str, Asker], Report],
        function_of: Callable[[str], str],
        clock: Clock,
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.wanted = wanted
        self.nb, self.open_session, self.exercise_of = nb, open_session, exercise_of
        self.verdict, self.function_of, self.clock = verdict, function_of, clock
        self.notes, self.budget = Notes(), Budget()
        self.session: Session | None = None
        self.blame = Blame(self.notes.lost)
        self.ran: set[int] = set()  # cells that were run to their end
        self.failed: dict[int, str] = {}  # cells that raised, and what
        self.end = time.monotonic() + clock.notebook

    def run(self) -> dict[str, Report]:
        """All cells; the reports by exercise. ``ParentError`` when the fault is ours."""
        reports: dict[str, Report] = {}
        most = 8 + 2 * sum(
            self.exercise_of(cell) is not None for cell in self.nb.cells if cell.cell_type == "code"
        )
        try:
            for index, cell in enumerate(self.nb.cells):
                if cell.cell_type != "code":
                    continue
                exercise = self.exercise_of(cell)
                if exercise is not None:
                    if not self.wanted(exercise):
                        continue
                    reports[exercise] = self._check(index, exercise, most)
                else:
                    self._execute(index, cell, most)
        finally:
            if self.session is not None:
                self.session.close()
        return reports

    def why(self, index: int) -> str:
        """What went wrong in the cells just above a check, in a sentence; empty if nothing did."""
        for before in range(index - 1, -1, -1):
            cell = self.nb.cells[before]
            if cell.cell_type == "code":
                if self.exercise_of(cell) is not None:
                    break
                if before in self.blame.left_out:
                    return f"A cell above ended the kernel ({self.blame.left_out[before]}) and was left out."
                if before in self.failed:
                    return f"A cell above stopped with {self.failed[before]}."
        return ""

    # ------------------------------------------------------------------ one cell

    def _execute(self, index: int, cell: NotebookNode, most: int) -> None:
        cell.outputs, cell.execution_count = [], None
        if not cell.source.strip():
            return
        again = True
        while True:
            session = self._alive(index, most)
            if session is None:
                cell.outputs = [
                    _text(
                        "Not run: the time for this notebook was used up, or it ended too many kernels.\n"
                    )
                ]
                return
            start = time.monotonic()
            try:
                ran = session.run(
                    cell.source[:CUT_SOURCE], self._allow(self.clock.cell), Outputs(self.budget)
                )
                cell.outputs = [NotebookNode(output) for output in ran.outputs]
                self.ran.add(index)
                if not ran.ok:
                    self.failed[index] = clean_text(ran.error)[:200]
                return
            except KernelLost as lost:
                self.session, why = None, clean_text(str(lost))
                if self.blame.next(why):
                    continue
                if again and why.startswith(ENDED):
                    again = False
                    self.blame.note(f"cell {index}: {why}; tried again")
                    continue
                self.blame.cell(index, why)
                cell.outputs = [
                    _text(
                        f"This cell ended the kernel: {lost}. It is left out; the cells after it are run in a new one.\n"
                    )
                ]
                return
            finally:
                self.notes.seconds["cells"] += time.monotonic() - start

    def _check(self, index: int, exercise: str, most: int) -> Report:
        again = suspected = False
        while True:
            report, lost = self._ask(index, exercise, most)
            if not lost:
                return report
            self.session, why = None, f"{exercise}: {lost}"
            if self.blame.next(why):
                continue
            if lost.startswith(ENDED) and not again:
                again = True  # ended by this call, or by what an earlier cell set going: a second try tells
                self.blame.note(f"{why}; tried again")
                continue
            if lost.startswith(ENDED) and not suspected:
                suspected = True
                self.blame.suspect(self._groups(index))
                if self.blame.next(why):
                    continue
            self.blame.note(why)
            self.blame.suspect([self._cells_of(index)])
            return report

    def _ask(self, index: int, exercise: str, most: int) -> tuple[Report, str]:
        """The report of a check, and how it lost its kernel if it did."""
        session = self._alive(index, most)
        start = time.monotonic()
        asker = Asker(
            session,
            self.function_of(exercise),
            self.clock.call,
            self._allow(self.clock.exercise),
        )
        report = self.verdict(exercise, asker)
        self.notes.seconds["checks"] += time.monotonic() - start
        return report, asker.lost or ""

    # ------------------------------------------------------------------ the kernel

    def _allow(self, seconds: float) -> float:
        return max(1.0, min(seconds, self.end - time.monotonic()))

    def _cells_of(self, index: int) -> Group:
        """The learner's cells between the check before this one and this one."""
        found = []
        for before in range(index - 1, -1, -1):
            cell = self.nb.cells[before]
            if cell.cell_type == "code":
                if self.exercise_of(cell) is not None:
                    break
                locked = cell.metadata.get("nbgrader", {}).get("locked")
                if before not in self.blame.left_out and not locked:
                    found.append(before)
        return tuple(found)

    def _groups(self, index: int) -> list[Group]:
        """The learner's cells of each exercise that was checked before this cell."""
        return [
            self._cells_of(before)
            for before, cell in enumerate(self.nb.cells[:index])
            if cell.cell_type == "code" and self.exercise_of(cell) is not None
        ]

    def _alive(self, before: int, most: int) -> Session | None:
        """A kernel in which the cells before this one were run; None if there is to be no other."""
        while self.session is None or not self.session.alive():
            if (
                self.session is not None
            ):  # it died between two cells: of something that an earlier cell left running
                self.session.close()
                self.session = None
                why = f"before cell {before}: it ended between two cells"
                if not self.blame.next(why):
                    self.blame.note(why)
                    self.blame.suspect(self._groups(before))
            if self.notes.starts >= most or time.monotonic() > self.end:
                return None
            self._start(before)
        return self.session

    def _start(self, before: int) -> None:
        start = time.monotonic()
        session = self.open_session()
        session.start()
        self.session, self.notes.starts = session, self.notes.starts + 1
        self.notes.seconds["start"] += time.monotonic() - start
        if self.notes.starts == 1:
            return
        start = time.monotonic()
        for index, cell in enumerate(self.nb.cells[:before]):
            if (
                cell.cell_type != "code"
                or not cell.source.strip()
                or self.exercise_of(cell) is not None
                or index in self.blame.left_out
            ):
                continue
            try:
                session.run(
                    cell.source[:CUT_SOURCE], self._allow(self.clock.cell), Outputs(Budget(0, 0))
                )
            except KernelLost as lost:
                self.session, why = None, clean_text(str(lost))
                if not self.blame.next(f"cell {index}: {why}"):
                    if index in self.ran and why.startswith(
                        ENDED
                    ):  # it did not end a kernel before
                        self.ran.discard(index)
                        self.blame.note(f"cell {index}, run again: {why}")
                        self.blame.suspect(self._groups(index))
                    else:
                        self.blame.cell(index, why)
                break
        self.notes.seconds["cells"] += time.monotonic() - start


def _text(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=clean_text(text))
