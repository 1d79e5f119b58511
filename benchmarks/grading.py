"""Grading a class: ours against stock nbgrader, on the same submissions, in one run.

    python benchmarks/grading.py                       a light problem set (03) and a heavy one (13)
    python benchmarks/grading.py --number 120 --workers 1 2 4 8

Every submission is the model solution. Ours is the whole way: sanitizers, jailed kernel, checks from outside, gradebook, log, feedback
page; stock is ``nbgrader autograde`` and ``generate_feedback``. Wall-clock time, because waiting counts; so run it on a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from autograder.audit import attack_stock, sample_class
from autograder.course import CLASS, this_course
from autograder.execution.closed_book import room
from autograder.execution.session import Session
from autograder.grading import batch
from autograder.grading.class_folder import STEPS, Classroom
from autograder.jail.fork_client import shared
from autograder.jail.fork_server import GATHER
from autograder.plugins.checked_execute import CheckedExecute

PARTS = ("start", "cells", "checks")
CLASS_SIZE = 10_000


def hand_in(unit: str, folder: Path, number: int) -> None:
    """``number`` students with the model solutions."""
    course = this_course()
    released = nbformat.read(course.release(unit), as_version=4)
    solutions = sample_class._solutions(course, unit)
    for index in range(number):
        sample_class.hand_in(
            sample_class.Student(f"s{index:04d}", solutions, {}), released, folder, unit
        )


def ours(unit: str, number: int, workers: int) -> tuple[float, dict[str, float]]:
    """Seconds a submission, and by part: the kernel's start, the student's cells, the checks, and nbgrader with all around it."""
    group = Classroom(this_course(), CLASS / "benchmark")
    for step in STEPS:
        shutil.rmtree(group.folder / step, ignore_errors=True)
    (group.folder / "gradebook.db").unlink(missing_ok=True)
    hand_in(unit, group.folder / "submitted", number)
    group.register(unit)  # as for stock nbgrader: an assignment is made once, whatever is graded
    start = time.perf_counter()
    rows = batch.run(group, unit, batch.Plan(workers=workers, quiet=True))
    seconds = (time.perf_counter() - start) / number
    points = {row.total for row in rows}
    if any(row.failure for row in rows) or len(points) != 1:
        raise SystemExit(
            f"not every submission got the same points: {points}, {[row.failure for row in rows if row.failure][:1]}"
        )
    told = [
        nbformat.read(path, as_version=4).metadata["course_vi"]
        for path in group.folder.glob(f"autograded/*/{unit}/*.ipynb")
    ]
    parts = {part: statistics.median(about["seconds"][part] for about in told) for part in PARTS}
    parts["nbgrader"] = statistics.median(row.seconds for row in rows) - sum(parts.values())
    print(f"  level {told[0]['level']}, kernels {told[0]['kernel']}", file=sys.stderr)
    shutil.rmtree(group.folder)
    return seconds, parts


def stock(unit: str, number: int) -> float:
    """Seconds a submission, of one command for all of them and one for their feedback."""
    with tempfile.TemporaryDirectory(prefix="stock-") as scratch:
        root = Path(scratch)
        attack_stock.stock_course(root, unit)
        hand_in(unit, root / "submitted", number)
        start = time.perf_counter()
        for command in ("autograde", "generate_feedback"):
            outcome = attack_stock.nbgrader(root, command, unit, timeout=3600)
            if outcome.returncode:
                failed = len(list((root / "submitted").iterdir())) - len(
                    list((root / "autograded").glob(f"*/{unit}/{unit}.ipynb"))
                )
                print(
                    f"  stock nbgrader's {command} failed: {failed} submissions were not graded",
                    file=sys.stderr,
                )
        return (time.perf_counter() - start) / number


def private_memory(unit: str) -> float:
    """Megabytes that a warm kernel does not share, after it has run the model solutions."""
    nb = nbformat.read(this_course().source(unit, ".ipynb"), as_version=4)
    with shared() as folder:
        for _ in range(GATHER):  # what comes later is forked from memory in larger pages
            with Session(room(unit, folder)):
                pass
        with Session(room(unit, folder), settings=CheckedExecute()._settings()) as session:
            for cell in nb.cells:
                if cell.cell_type == "code":
                    session.run(cell.source, 300)
            supervisor = session.provisioner.pid
            kernel = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0]
            lines = Path(f"/proc/{kernel}/smaps_rollup").read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="grading: ours against stock nbgrader")
    parser.add_argument("--units", nargs="+", default=["03_elbo", "13_variational_autoencoders"])
    parser.add_argument("--number", type=int, default=12, help="submissions, for ours")
    parser.add_argument(
        "--stock", type=int, default=4, help="submissions, for stock nbgrader; 0 leaves it out"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    options = parser.parse_args()
    if options.quick:
        options.units, options.number, options.stock, options.workers = options.units[:1], 2, 0, [1]
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    for unit in options.units:
        print(
            f"\n{unit}: {options.number} submissions ({options.stock} for stock nbgrader), {os.cpu_count()} cores"
        )
        reference = stock(unit, options.stock) if options.stock else float("nan")
        if options.stock:
            print(f"stock nbgrader     {reference:7.2f} s each  {60 / reference:6.0f} a minute")
        best = float("inf")
        for workers in options.workers:
            seconds, parts = ours(unit, options.number, workers)
            best = min(best, seconds)
            told = ", ".join(f"{part} {value:.2f}" for part, value in parts.items())
            print(
                f"ours, {workers:2d} at a time {seconds:7.2f} s each  {60 / seconds:6.0f} a minute {reference / seconds:5.1f}x  ({told})"
            )
        print(f"private memory of a warm kernel after it: {private_memory(unit):.0f} MB")
        hours = (CLASS_SIZE * each / 3600 for each in (best, reference))
        print(
            f"{CLASS_SIZE:,} submissions at the best of these rates: {next(hours):.1f} h; stock: {next(hours):.1f} h"
        )


if __name__ == "__main__":
    main()
