"""Nothing lost, nothing twice: drivers and workers are killed, the disk is full, the gradebook is locked or on a server."""

from __future__ import annotations

import os
import random
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tiny_class import QUIET, hand_in, tiny_class
from tiny_course import UNIT

from autograder.commands.grade import Classroom
from autograder.course import ROOT
from autograder.grading import batch, class_folder
from autograder.grading.result import Result

pytestmark = pytest.mark.slow
TESTS = Path(__file__).resolve().parents[2]
STUDENTS = 6
SLOW = "import time; time.sleep(0.3)\n"


@pytest.fixture
def group(tmp_path: Path) -> Classroom:
    return _filled(tmp_path)


def _filled(root: Path, db_url: str = "", students: int = STUDENTS) -> Classroom:
    """Students 0, 2, ... are right, the others half; every one takes a moment."""
    group = tiny_class(root, db_url)
    for number in range(students):
        hand_in(
            group,
            f"s{number}",
            {"00_double": SLOW + f"def double(x):\n    return {'8' if number % 2 else '2 * x'}"},
        )
    return group


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), str(TESTS)]),
        "OMP_NUM_THREADS": "1",
    }


def start(group: Classroom, *more: str, limit: int = 0) -> subprocess.Popen[str]:
    """A driver in its own process group."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, str(TESTS / "grade_tiny.py"), str(group.course.root), *more]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True,
                            preexec_fn=limited if limit else None)  # fmt: skip


def wait_for(what: Callable[[], object], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def lines(group: Classroom) -> int:
    return len(group.ledger(UNIT).records())


def nothing_lost_nothing_twice(group: Classroom, students: int = STUDENTS) -> None:
    """Log, gradebook and pages agree: each student once, with the right points."""
    records = group.ledger(UNIT).records()
    final = [record for record in records if record["status"] == "graded"]
    assert sorted(record["student"] for record in final) == [
        f"s{number}" for number in range(students)
    ]
    with group.gradebook() as gradebook:
        submissions = gradebook.assignment_submissions(UNIT)
        assert len(submissions) == students
        for submission in submissions:
            assert submission.score == (1.5 if int(submission.student_id[1:]) % 2 else 3.0)
    pages = {
        path.parent.parent.name for path in group.folder.glob(f"feedback/*/{UNIT}/{UNIT}.html")
    }
    assert pages == {f"s{number}" for number in range(students)}


def resumed(group: Classroom, *more: str) -> None:
    done = start(group, *more)
    out, _ = done.communicate(timeout=300)
    assert done.returncode == 0 and out.count("graded") == STUDENTS, out


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.everything), "2"])
def test_the_driver_is_killed_again_and_again(group: Classroom, workers: str) -> None:
    rng = random.Random(int(workers))
    for _ in range(4):
        before = lines(group)
        run = start(group, workers)
        wait_for(lambda before=before, run=run: lines(group) > before or run.poll() is not None)
        time.sleep(rng.random())
        orphans = workers_of(run.pid)
        run.kill()  # the driver alone: its workers must see to themselves
        run.wait()
        assert not psutil.wait_procs(orphans, timeout=60)[1], "workers outlive their driver"
    assert lines(group) >= 4 or lines(group) == STUDENTS
    resumed(group, workers)
    nothing_lost_nothing_twice(group)


def workers_of(pid: int) -> list[psutil.Process]:
    """The processes that grade for a driver: what its server has forked."""
    try:
        children = psutil.Process(pid).children()
        return [
            worker
            for child in children
            if "forkserver" in " ".join(child.cmdline())
            for worker in child.children()
        ]
    except psutil.NoSuchProcess:
        return []


def holding(processes: list[psutil.Process], name: str) -> list[psutil.Process]:
    """Those that are grading a student."""
    found = []
    for process in processes:
        try:
            if any(file.path.endswith(f"/{name}.lock") for file in process.open_files()):
                found.append(process)
        except psutil.Error:
            pass
    return found


def test_a_killed_worker_costs_nobody_a_grade(group: Classroom) -> None:
    run = start(group, "2")
    wait_for(lambda: lines(group) >= 2)
    wait_for(lambda: workers_of(run.pid))
    workers_of(run.pid)[0].kill()
    out, _ = run.communicate(timeout=300)
    assert run.returncode == 0 and out.count("\tgraded\t") == STUDENTS, out
    nothing_lost_nothing_twice(group)


def test_who_kills_every_worker_is_named_and_the_others_are_graded(group: Classroom) -> None:
    run = start(group, "2")
    kills = 0
    while run.poll() is None:
        for process in holding(workers_of(run.pid), "s3"):
            process.kill()
            process.wait()
            kills += 1
        time.sleep(0.005)
    out = run.stdout.read() if run.stdout else ""
    rows = {line.split("\t")[0]: line.split("\t") for line in out.splitlines()}
    assert kills >= 2 and rows["s3"][1] == "failed" and "its worker was killed" in rows["s3"][3], (
        out
    )
    assert (
        all(row[1] == "graded" for name, row in rows.items() if name != "s3")
        and len(rows) == STUDENTS
    )
    resumed(group, "2")
    nothing_lost_nothing_twice(group)


# ------------------------------------------------------------------ a cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    scheduler = [
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        address.rpartition(":")[2],
        "--no-dashboard",
        "--no-show",
    ]
    worker = [
        "worker",
        address,
        "--nthreads",
        "1",
        "--no-nanny",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
    ]
    started = []
    log = (tmp_path / "dask.log").open("wb")
    for number, command in enumerate((scheduler, worker, worker)):
        where = tmp_path / f"dask{number}"
        where.mkdir()
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                env=environment(),
                cwd=where,
                stdout=log,
                stderr=log,
            )
        )
    yield address, started[1:]
    for process in started:
        process.kill()
        process.wait()
    log.close()


def test_a_cluster_loses_a_worker(
    group: Classroom, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    run = start(group, "1", address)
    wait_for(lambda: lines(group) >= 2, 120)
    workers[0].kill()
    out, _ = run.communicate(timeout=300)
    assert run.returncode == 0 and out.count("\tgraded\t") == STUDENTS, out
    nothing_lost_nothing_twice(group)
    hosts = {record["versions"]["host"] for record in group.ledger(UNIT).records()}
    assert len(hosts) == 1


# ------------------------------------------------------------------ a full disk


def test_a_file_that_may_not_grow(group: Classroom) -> None:
    """A quota in the midst of a run: nothing is believed that is not on the disk; with room again all is graded."""
    group.register(UNIT)
    run = start(group, "1", limit=60_000)  # less than the gradebook has already
    out, _ = run.communicate(timeout=300)
    assert "\tgraded\t" not in out and not group.ledger(UNIT).current()
    resumed(group)
    nothing_lost_nothing_twice(group)


def test_a_full_disk(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]).returncode
    ):
        pytest.skip("no right to mount a small file system here")
    try:
        group = _filled(place)
        group.register(UNIT)
        ballast = place / "ballast"
        failed, stopped = list[Result](), 0
        for free in (1_000, 60_000, 200_000):  # full at one step of the way or another
            with ballast.open("wb") as file:
                file.write(b"\0" * max(0, shutil.disk_usage(place).free - free))
            try:
                failed += [row for row in batch.run(group, UNIT, QUIET) if row.failure]
            except (RuntimeError, OSError) as error:
                assert "disk is full" in str(error) or "No space" in str(error)
                stopped += 1
            ballast.unlink()
        assert len(failed) + stopped >= 2 and all("disk" in row.failure for row in failed), failed
        rows = batch.run(group, UNIT, QUIET)
        assert not any(row.failure for row in rows)
        nothing_lost_nothing_twice(group)
    finally:
        subprocess.run(["umount", str(place)], check=True)


# ------------------------------------------------------------------ the gradebook


def test_a_locked_gradebook_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_folder, "BUSY", 3)
    group = _filled(tmp_path, students=2)
    group.register(UNIT)
    key = sqlite3.connect(
        group.folder / "gradebook.db", check_same_thread=False, isolation_level=None
    )

    key.execute("BEGIN EXCLUSIVE")
    threading.Timer(1.5, key.execute, ["COMMIT"]).start()
    assert group.grade_one(UNIT, "s0").points["00_double"] == 3.0, "a short lock is waited for"

    key.execute("BEGIN EXCLUSIVE")
    row = group.grade_one(UNIT, "s1")
    assert row.status == "failed" and "locked by another program" in row.failure
    with pytest.raises(RuntimeError, match="locked by another program"):
        batch.run(group, UNIT, QUIET)
    key.execute("COMMIT")
    assert not any(row.failure for row in batch.run(group, UNIT, QUIET))
    nothing_lost_nothing_twice(group, 2)


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of our own, on a socket in a temporary folder; it never runs as root."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed")
    places = [
        *map(Path, os.environ["PATH"].split(os.pathsep)),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
    ]
    found = next(
        (place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()),
        None,
    )
    if found is None:
        pytest.skip("no PostgreSQL server here (Debian: apt install postgresql)")
    folder = (
        Path("/tmp") / f"course_vi_pg_{os.getpid()}"
    )  # short, for a socket's path, and open to another user
    folder.mkdir(mode=0o755)
    user: dict[str, object] = {}
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
        user = {"user": "nobody"}
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **user}
    try:
        subprocess.run(
            [
                found / "initdb",
                "-D",
                data,
                "-U",
                "grader",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
            ],
            check=True,
            **quiet,
        )  # type: ignore[call-overload]
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        subprocess.run(
            [found / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"],
            check=True,
            **quiet,
        )  # type: ignore[call-overload]
        try:
            yield f"postgresql+psycopg2://grader@/postgres?host={folder}"
        finally:
            subprocess.run(
                [found / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=True, **quiet
            )  # type: ignore[call-overload]
    finally:
        shutil.rmtree(folder)


def test_a_gradebook_on_a_server(tmp_path: Path, postgres: str) -> None:
    """PostgreSQL by ``db_url``: two processes, one of them killed; the same grades; a dead server is named."""
    group = _filled(tmp_path, postgres)
    run = start(group, "2", "", postgres)
    wait_for(lambda: lines(group) >= 2)
    wait_for(lambda: workers_of(run.pid))
    workers_of(run.pid)[0].kill()
    out, _ = run.communicate(timeout=300)
    assert run.returncode == 0 and out.count("\tgraded\t") == STUDENTS, out
    nothing_lost_nothing_twice(group)
    assert not (group.folder / "gradebook.db").exists()
    gone = Classroom(group.course, group.folder, postgres.replace("course_vi_pg", "no_such"))
    row = gone.grade_one(UNIT, "s0", force=True)
    assert row.status == "failed" and "server" in row.failure
