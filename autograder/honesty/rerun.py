"""Running a report again: all of it once, in this process, and single arms as often as asked.

A report is code, and this runs it. Whoever reads reports of strangers runs the command where a stranger's notebook may run.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import torch

from autograder.build.cells import run_cell
from autograder.honesty.page import Page
from autograder.honesty.record_rules import own_library
from course_vi.study import Event, Study

__all__ = ["Ran", "heard_seeds", "run_report"]


@dataclass
class Ran:
    """What came of running a report.

    Attributes:
        page: the report.
        studies: those that it made.
        error: what ended it, or nothing.
        where: the cell that ended it.
        changed: the names of the library that it set to something of its own.
    """

    page: Page
    studies: list[Study] = field(default_factory=list)
    error: str = ""
    where: str = ""
    changed: list[str] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        return [event for study in self.studies for event in study.events]

    def all(self, kind: Any) -> list[Any]:
        """The events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def before_an_error(self) -> bool:
        """Whether the report ended early: what is not there may stand below."""
        return bool(self.error)


def run_report(page: Page) -> Ran:
    """Run the cells of a report in order, in a namespace of its own; the first that fails ends it."""
    ran, scope = Ran(page), {"__name__": "__main__", "display": lambda *_, **__: None}
    before, kept = os.getcwd(), list(Study.live)
    Study.live.clear()
    os.chdir(page.path.resolve().parent)
    kept_environment = dict(os.environ)
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.pop("COURSE_VI_SMOKE", None)  # or nothing would be judged
    try:
        with own_library() as ran.changed:
            _run_cells(page, scope, ran)
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept_environment)
        ran.studies = list(Study.live)
        Study.live[:] = kept
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
    return ran


def _run_cells(page: Page, scope: dict[str, Any], ran: Ran) -> None:
    for cell in page.cells:
        if not cell.code:
            continue
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                run_cell(cell.source, scope, f"<{page.path.name}, {cell.where}>")
        except (Exception, SystemExit) as error:  # a cell that quits is a cell that fails
            ran.error, ran.where = f"{type(error).__name__}: {error}", cell.where
            return


class _Heard(torch.Generator):
    """A generator that tells which seeds it is given."""

    seeds: set[int] = set()  # noqa: RUF012 - one list for all, emptied by ``heard_seeds``

    def manual_seed(self, seed: int) -> torch.Generator:
        self.seeds.add(int(seed))
        return super().manual_seed(seed)


@contextlib.contextmanager
def heard_seeds() -> Iterator[set[int]]:
    """The seeds that generators are given inside, of torch, NumPy and Python."""
    _Heard.seeds.clear()

    def listening(plain: Any) -> Any:
        def call(seed: Any = None, *more: Any, **named: Any) -> Any:
            if isinstance(seed, (int, np.integer)):
                _Heard.seeds.add(int(seed))
            return plain(seed, *more, **named)

        return call

    with (
        mock.patch.object(torch, "Generator", _Heard),
        mock.patch.object(torch, "manual_seed", listening(torch.manual_seed)),
        mock.patch.object(np.random, "default_rng", listening(np.random.default_rng)),
        mock.patch.object(np.random, "seed", listening(np.random.seed)),
        mock.patch.object(random, "seed", listening(random.seed)),
    ):
        yield _Heard.seeds
