"""Twenty students at once, all of the attacks on time, memory and processors among them: how long the class takes, and its neighbours.

    python benchmarks/hostile_class.py                       each honest student beside each attack, under the ordinary limits
    python benchmarks/hostile_class.py --workers 20

Three classes are graded: honest students alone; the same with the attackers; honest students alone again, because a shared machine is not
the same twice. It prints the time of each class, what the time should be at most ((1 + share of attackers) times the honest class), the
honest students' times in both classes, and every score that is not the honest one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import threading
import time

import nbformat
import psutil

from autograder.audit import sample_class
from autograder.audit.attack import UNIT, Attack, attacks
from autograder.course import CLASS, this_course
from autograder.grading import batch
from autograder.grading.class_folder import STEPS, Classroom
from autograder.grading.result import Result
from autograder.jail.fork_client import shared

RESOURCES = (
    "use_", "jail_signals", "jail_hidden_memory", "reply_endless", "reply_flood", "reply_frames", "reply_headers",
    "reply_huge", "reply_json", "reply_just", "reply_list", "reply_outputs", "reply_quotes", "reply_strings",
)  # fmt: skip


class Lowest:
    """The least memory that the machine had to spare while this was open, in MB; and the most that this process and its workers held."""

    def __enter__(self) -> Lowest:
        self.least, self.workers, self.over = float("inf"), 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self) -> None:
        me = psutil.Process()
        while not self.over.wait(0.2):
            self.least = min(self.least, psutil.virtual_memory().available / 2**20)
            for process in me.children(recursive=True):
                try:
                    if "forkserver" in " ".join(process.cmdline()):
                        self.workers = max(self.workers, process.memory_info().rss / 2**20)
                except psutil.Error:
                    continue

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def graded(
    honest: int, hostile: list[Attack], options: argparse.Namespace
) -> tuple[float, dict[str, Result], Lowest]:
    """Seconds from the first submission to the last, the rows, and what the machine had left."""
    course = this_course()
    group = Classroom(course, CLASS / "hostile")
    for step in (*STEPS, "logs"):
        shutil.rmtree(group.folder / step, ignore_errors=True)
    (group.folder / "gradebook.db").unlink(missing_ok=True)
    released = nbformat.read(course.release(UNIT), as_version=4)
    solutions = sample_class._solutions(course, UNIT)
    for index in range(honest):  # in the order of names they lie between the attackers
        name = f"{chr(ord('a') + index * 25 // max(1, honest - 1))}{index:02d}_honest"
        student = sample_class.Student(name, solutions, {})
        sample_class.hand_in(student, released, group.folder / "submitted", UNIT)
    with shared() as runtime:
        known = {"ROOT": str(course.root), "CLASS": str(group.folder), "GRADEBOOK": str(group.folder / "gradebook.db"),
                 "RUNTIME": str(runtime), "PORT": 9}  # fmt: skip
        for attack in hostile:
            attack.hand_in(released, solutions, group.folder / "submitted", known)
        with Lowest() as memory:
            start = time.perf_counter()
            rows = batch.run(group, UNIT, batch.Plan(workers=options.workers, quiet=True))
            seconds = time.perf_counter() - start
    return seconds, {row.student: row for row in rows}, memory


def main() -> None:
    parser = argparse.ArgumentParser(description="a class with every attack on resources")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--honest", type=int, default=20)
    parser.add_argument(
        "--names", nargs="+", help="attacks whose names begin so; those on resources by default"
    )
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    names = tuple(options.names or RESOURCES)
    hostile = [attack for attack in attacks() if attack.name.startswith(names)]
    everything = {
        name: float(points)
        for name, points in Attack("", "", True, frozenset(), "", ()).honest.items()
    }
    times, honest_times = [], []
    for members in ([], hostile, []):
        seconds, rows, memory = graded(options.honest, members, options)
        neighbours = [row.seconds for name, row in rows.items() if name.endswith("_honest")]
        times.append(seconds)
        honest_times.append(statistics.median(neighbours))
        print(f"{len(rows)} students, {len(members)} of them hostile, {options.workers} at a time: {seconds:.0f} s; honest students "
              f"{statistics.median(neighbours):.1f} s each, at most {max(neighbours):.1f}; least memory to spare "
              f"{memory.least:.0f} MB, largest worker {memory.workers:.0f} MB, load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
        for name, row in rows.items():
            wanted = next((attack.honest for attack in members if attack.name == name), everything)
            for fault in row.differs(wanted):
                print(f"  {name}: {fault}", flush=True)
        for name, row in (
            sorted(rows.items(), key=lambda pair: -pair[1].seconds)[:5] if members else ()
        ):
            print(f"  longest: {name} {row.seconds:.1f} s")
    everybody = options.honest + len(hostile)
    share = len(hostile) / everybody
    alone = (times[0] + times[2]) / 2 / options.honest * everybody
    print(
        f"share of attackers {share:.2f}; as many honest students would take {alone:.0f} s, "
        f"(1 + share) times that is {(1 + share) * alone:.0f} s; it took {times[1]:.0f} s"
    )
    print(
        f"neighbours: {honest_times[1] / ((honest_times[0] + honest_times[2]) / 2):.2f} of their time alone"
    )


if __name__ == "__main__":
    main()
