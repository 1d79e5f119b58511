"""A large class through the driver, with kills: nobody lost, nobody graded twice, no slower and no larger at the end than at the start.

    python benchmarks/scale.py                                 10,000 submissions of problem set 03, two workers, SQLite
    python benchmarks/scale.py --number 500 --kills 3
    python benchmarks/scale.py --minutes 60                    an hour of it; `--go-on` as often as it takes, to the end
    python benchmarks/scale.py --db postgresql://user@/name?host=/run/postgresql

The class is the sample class over and over (right answers in several idioms, named mistakes, a syntax error, a killed kernel, an untouched
notebook), and every tenth submission is damaged: a byte order mark and foreign line ends, no metadata, saved outputs by the megabyte, a
file cut in the middle. The driver is killed, hard, at random moments, and started again; the last run goes to the end. Then the log, the
gradebook and what was promised are compared. When the minutes are over the driver is killed, too; what it looked at is
kept beside the class, and the next call goes on (from the same files: where a check has changed, all is graded again).
"""

from __future__ import annotations

import argparse
import collections
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import nbformat
import psutil

from autograder.audit import sample_class
from autograder.course import CLASS, this_course
from autograder.grading import batch
from autograder.grading.class_folder import STEPS, Classroom

UNIT = "03_elbo"
LOOK = 2.0  # seconds between two looks at the memory
PAUSE = 120.0  # nobody was at work for so many seconds


def no_metadata(text: str) -> bytes:
    nb = json.loads(text)
    for cell in nb["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return json.dumps({**nb, "nbformat_minor": 4}).encode()


def saved_outputs(text: str) -> bytes:
    nb = json.loads(text)
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 300_000}]
    return json.dumps(nb).encode()


DAMAGE = {  # name: (what is done to the file, whether the points stay)
    "foreign_line_ends": (lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), True),
    "no_metadata": (no_metadata, True),
    "saved_outputs": (saved_outputs, True),
    "cut": (lambda text: text[: len(text) * 2 // 3].encode(), False),
}


def hand_in(
    group: Classroom, number: int, write: bool = True
) -> dict[str, dict[str, float] | None]:
    """Write the class, unless it stands; what each must get, None where nothing is promised."""
    course = this_course()
    released = nbformat.read(course.release(UNIT), as_version=4)
    members = sample_class.students(course, UNIT)
    solved, damages = members[0], list(DAMAGE.items())
    promised: dict[str, dict[str, float] | None] = {}
    for index in range(number):
        damaged = index % 10 == 9
        member = solved if damaged else members[index % len(members)]
        kind, (damage, stays) = damages[index // 10 % len(damages)]
        name = f"s{index:05d}_{kind if damaged else member.name}"
        student = sample_class.Student(name, member.cells, member.promised, member.written)
        if write:
            path = sample_class.hand_in(student, released, group.folder / "submitted", UNIT)
            if damaged:
                path.write_bytes(damage(path.read_text(encoding="utf-8")))
        points = None if member.promised is None or damaged and not stays else dict(member.promised)
        promised[name] = points
    return promised


def drive(folder: Path, db: str, workers: int) -> None:
    """The driver, in a process of its own."""
    group = Classroom(this_course(), folder, db, trusted=True)
    rows = batch.run(group, UNIT, batch.Plan(workers=workers, quiet=True))
    print(json.dumps({row.student: row.points for row in rows}))


def resident(pid: int) -> dict[str, float]:
    """Megabytes that the driver and the largest of its workers hold by themselves."""
    found = {"driver": 0.0, "worker": 0.0}
    try:
        driver = psutil.Process(pid)
        found["driver"] = driver.memory_full_info().uss / 2**20
        for child in driver.children(recursive=True):
            if "forkserver" in " ".join(child.cmdline()):
                found["worker"] = max(found["worker"], child.memory_full_info().uss / 2**20)
    except psutil.Error:
        pass
    return found


def run(
    folder: Path, options: argparse.Namespace, after: float
) -> tuple[str, list[dict[str, float]]]:
    """Start a driver; kill it after so many seconds (never: infinity). What it printed, and its memory from look to look."""
    command = [sys.executable, __file__, "--drive", str(folder), "--db", options.db]
    # Not a pipe: one that nobody reads meanwhile is full after some hundred students.
    told = tempfile.TemporaryFile("w+")
    driver = subprocess.Popen([*command, "--workers", str(options.workers)], stdout=told)
    start, looks = time.monotonic(), []
    while driver.poll() is None:
        if time.monotonic() - start > after:
            driver.send_signal(signal.SIGKILL)
            driver.wait()
            break
        time.sleep(LOOK)
        looks.append(resident(driver.pid))
    if driver.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the driver ended by itself, with {driver.returncode}")
    told.seek(0)
    return told.read(), looks


def rates(records: list[dict[str, object]]) -> tuple[float, float, float, float]:
    """Seconds of work for a submission, its median, in the first and in the last tenth; and of wall-clock time, likewise."""
    tenth = max(2, len(records) // 10)
    parts = records[:tenth], records[-tenth:]
    work = [statistics.median(float(str(one["seconds"])) for one in part) for part in parts]
    wall = []
    for part in parts:
        times = [datetime.fromisoformat(str(one["when"])).timestamp() for one in part]
        gaps = [after - before for before, after in itertools.pairwise(times)]
        wall.append(statistics.mean(gap for gap in gaps if gap < PAUSE))
    return work[0], work[1], wall[0], wall[1]


def main() -> None:
    parser = argparse.ArgumentParser(description="a large class, with kills")
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--between", type=float, default=60.0, help="mean seconds between kills")
    parser.add_argument("--db", default="", help="the gradebook's address; SQLite by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--go-on", action="store_true", help="with the class that stands")
    parser.add_argument("--drive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if options.drive:
        drive(options.drive, options.db, options.workers)
        return
    group = Classroom(this_course(), CLASS / "scale", options.db, trusted=True)
    kept = group.folder / "looks.json"
    if not options.go_on:
        for step in (*STEPS, "logs"):
            shutil.rmtree(group.folder / step, ignore_errors=True)
        for file in (group.folder / "gradebook.db", kept):
            file.unlink(missing_ok=True)
    promised = hand_in(group, options.number, write=not options.go_on)
    print(
        f"{options.number} submissions of {UNIT}, {options.workers} at a time, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    rng, begun = random.Random(options.seed), time.monotonic()
    past = (
        json.loads(kept.read_text()) if kept.exists() else {"seconds": 0.0, "kills": 0, "looks": []}
    )
    looks, kills, told, last, stopped = past["looks"], past["kills"], "", [], False
    plan = [options.between * (0.5 + rng.random()) for _ in range(options.kills)][kills:]
    for after in (*plan, float("inf")):
        left = options.minutes * 60 - (time.monotonic() - begun)
        told, last = run(group.folder, options, min(after, left))
        looks += last
        seconds = past["seconds"] + time.monotonic() - begun
        stopped = not told.strip() and time.monotonic() - begun >= options.minutes * 60
        kills += not told.strip() and not stopped
        kept.write_text(json.dumps({"seconds": seconds, "kills": kills, "looks": looks}))
        if told.strip() or stopped:
            break
    if stopped:
        done = len({one["student"] for one in group.ledger(UNIT).records()})
        print(
            f"{done} of {options.number} stand after {seconds:.0f} s and {kills} kills; go on with --go-on"
        )
        return
    rows = json.loads(told.strip().splitlines()[-1])
    records = group.ledger(UNIT).records()
    final = collections.Counter(
        one["student"] for one in records if one["status"] in ("graded", "refused")
    )
    lost = sorted(set(promised) - set(final))
    twice = sorted(name for name, count in final.items() if count > 1)
    wrong = {name: rows[name] for name, points in promised.items() if points is not None
             and any(abs((rows[name].get(ex) or 0.0) - value) > 1e-9 for ex, value in points.items())}  # fmt: skip
    status = collections.Counter(one["status"] for one in records)
    with group.gradebook() as book:
        entered = {one.student.id for one in book.find_assignment(UNIT).submissions}
    work, work_end, wall, wall_end = rates(records)
    print(
        f"{seconds:.0f} s in all, {seconds / options.number:.2f} s each; {kills} kills; log: {dict(status)}"
    )
    print(
        f"lost: {len(lost)}; graded twice: {len(twice)}; not in the gradebook: {len(set(promised) - entered)}"
    )
    print(f"not what was promised: {len(wrong)} {list(wrong.items())[:3]}")
    print(
        f"seconds of work, first and last tenth: {work:.2f}, {work_end:.2f} "
        f"({work_end / work - 1:+.0%}); between two: {wall:.2f}, {wall_end:.2f}"
    )
    tenth = max(1, len(last) // 10)
    for who in ("driver", "worker"):
        first, end = (max(one[who] for one in part) for part in (last[:tenth], last[-tenth:]))
        print(
            f"own memory of the {who}, last run, first and last tenth: {first:.0f}, {end:.0f} MB; "
            f"most ever {max(one[who] for one in looks):.0f} MB"
        )
    if lost or twice or wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
