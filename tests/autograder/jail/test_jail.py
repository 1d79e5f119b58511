"""The jail: what holds in each level is tried; kernels start, end, die and are replaced; nothing is left."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.checks.probe import LearnerError
from autograder.execution import closed_book, levels
from autograder.execution.outputs import Budget, Outputs
from autograder.execution.session import KernelLost, Session
from autograder.jail import filesystem, supervisor
from autograder.jail.fork_client import Parent, ParentError, environment, runtime_dir, shared
from autograder.jail.limits import Limits
from autograder.jail.selftest import PROTECTIONS, try_level
from autograder.protocol import wire

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux")


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    with shared() as folder:
        yield closed_book.room("00_none", folder)


@pytest.fixture(scope="module")
def best(room: Path) -> levels.Level:
    return levels.choose(room, trusted=True)


def cold(room: Path, level: str, **kwargs: Any) -> Session:
    return Session(room, level, warm=False, **kwargs)


def printed(session: Session, source: str, timeout: float = 60) -> str:
    return "".join(
        str(output.get("text", output.get("evalue", "")))
        for output in session.run(source, timeout).outputs
    ).strip()


# ------------------------------------------------------------------ levels


def test_the_level_that_is_chosen_holds_what_it_must(best: levels.Level) -> None:
    if best.trusted:
        pytest.skip(f"this machine holds no jail: {best.open}")
    assert best.name in ("namespaces", "uid") and best.protects >= levels.REQUIRED
    if best.name == "namespaces":
        assert best.protects == set(PROTECTIONS)


def test_limits_alone_are_refused_unless_somebody_trusts(room: Path) -> None:
    with pytest.raises(
        levels.LevelRefused, match=r"rlimits: not protected: .*the network"
    ) as refused:
        levels.choose(room, "rlimits")
    assert "--i-trust-these-submissions" in str(refused.value)
    level = levels.choose(room, "rlimits", trusted=True)
    assert (
        level.trusted
        and level.name == "rlimits"
        and {"memory", "disk"} <= level.protects
        and "network" not in level.protects
    )


def test_a_self_test_that_does_not_come_back_protects_nothing() -> None:
    for text in ("", "no json", "[]", json.dumps(dict.fromkeys(PROTECTIONS, "got through"))):
        protects, broken = try_level(lambda _, text=text: text or "null", {"address_space": 1})  # type: ignore[misc]
        assert not protects and broken


# ------------------------------------------------------------------ kernels


def test_a_kernel_from_start_to_end(room: Path, best: levels.Level, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    (tmp_path / "hidden.ipynb").write_text("{}")
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    before = set(os.listdir("/proc"))
    with cold(room, best.name, cwd=str(tmp_path)) as session:
        assert (
            printed(session, "import os; print(sorted(os.listdir('.')), open('data.csv').read())")
            == "['data.csv'] 1,2"
        )
        failed = session.run("1 / 0", 30)
        assert not failed.ok and failed.error.startswith("ZeroDivisionError")
        late = session.run("import time\ntime.sleep(60)", 0.5)
        assert late.timed_out and not late.ok
        assert printed(session, "print('still here')") == "still here"
        assert "below" in printed(
            session, "import os; os.write(2, b'below')\nimport time; time.sleep(0.3)"
        )
        assert "COURSE_VI" not in printed(session, "import os; print(dict(os.environ))")
        job = Path(str(session.provisioner.job))
        assert job.exists()
    assert not job.exists()
    time.sleep(0.3)
    mine = {
        pid
        for pid in set(os.listdir("/proc")) - before
        if pid.isdigit() and _of(pid, "jail.zygote")
    }
    assert len(mine) <= 1  # the server that forks stays, for the next kernel


def _of(pid: str, word: str) -> bool:
    try:
        return word in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_questions_and_answers_are_bytes(room: Path, best: levels.Level) -> None:
    request = wire.encode(
        {
            "kind": "value",
            "args": [np.arange(3.0)],
            "kwargs": {},
            "params": {},
            "problem": None,
            "seed": 1,
        }
    )
    with cold(room, best.name) as session:
        session.run("def double(x): return 2 * x\ndef never(x):\n    while True: pass", 60)
        assert wire.decode(session.ask(request, "double", 60))["value"].tolist() == [0.0, 2.0, 4.0]
        with pytest.raises(LearnerError) as error:
            session.ask(request, "undefined_name", 30)
        assert error.value.kind == "NameError"
        with pytest.raises(LearnerError) as error:
            session.ask(request, "never", 1.0)
        assert error.value.kind == "TimeLimit"
        assert wire.decode(session.ask(request, "double", 30))["value"].tolist() == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(("source", "why"), [
    ("import os; os._exit(7)", "exit code 7"),
    ("exit()", "asked to end"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)", "did not heed an interrupt"),
])  # fmt: skip
def test_what_ended_a_kernel_is_named(
    room: Path, best: levels.Level, source: str, why: str
) -> None:
    with cold(room, best.name) as session:
        with pytest.raises(KernelLost, match=why):
            session.run(source, 1.0)


def test_memory_is_bounded_for_all_processes_together(room: Path, best: levels.Level) -> None:
    source = "\n".join(["import os, time", "for _ in range(8):", "    if os.fork() == 0:", "        held = os.urandom(1) * (60 << 20)",
                        "        time.sleep(30)", "time.sleep(30)"])  # fmt: skip
    with (
        cold(room, best.name, limits={"memory": 300 << 20}) as session,
        pytest.raises(KernelLost, match="300 MB of memory"),
    ):
        session.run(source, 30)


def test_a_server_that_is_killed_costs_nobody_a_mark(room: Path, best: levels.Level) -> None:
    with cold(room, best.name) as session:
        assert printed(session, "print(1)") == "1"
        server = _server(session)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(ParentError, match="was killed"):
            session.run("import time; time.sleep(20)", 30)
    with cold(room, best.name) as session:  # and the next kernel comes from a new one
        assert printed(session, "print(2)") == "2" and _server(session) != server


def _server(session: Session) -> int:
    parent = session.provisioner.parent_process
    assert parent is not None
    return next(
        int(pid) for pid in os.listdir("/proc") if pid.isdigit() and _of(pid, parent.socket_path)
    )


@pytest.mark.slow
def test_a_warm_kernel_shares_what_was_imported_and_computes_as_a_cold_one(
    room: Path, best: levels.Level
) -> None:
    source = "\n".join(["import torch, pyro", "torch.manual_seed(3)", "a = torch.randn(300, 300, requires_grad=True)",
                        "(a @ a).sin().sum().backward()", "print(repr(float(a.grad.sum())), torch.get_num_threads())"])  # fmt: skip
    with Session(room, best.name, warm=True) as warm, cold(room, best.name) as plain:
        server = _server(warm)
        assert len(os.listdir(f"/proc/{server}/task")) == 1
        assert printed(warm, source) == printed(plain, source) and printed(warm, source).endswith(
            " 1"
        )
        kernel = (
            Path(f"/proc/{warm.provisioner.pid}/task/{warm.provisioner.pid}/children")
            .read_text()
            .split()[0]
        )
        lines = Path(f"/proc/{kernel}/smaps_rollup").read_text().splitlines()
        private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
        assert private < 60, f"{private:.0f} MB"


@pytest.mark.slow
def test_a_server_ends_with_its_owner_and_takes_its_kernels_along(
    room: Path, best: levels.Level, tmp_path: Path
) -> None:
    source = (
        "import os, sys, time\nfrom pathlib import Path\nfrom autograder.execution.session import Session\n"
        f"session = Session(Path({str(room)!r}), {best.name!r}, warm=False)\nsession.start()\n"
        "print(session.provisioner.pid, flush=True)\ntime.sleep(60)\n"
    )
    import subprocess

    here = Path(__file__).resolve().parents[3]
    env = {**os.environ, "PYTHONPATH": f"{here / 'src'}:{here}"}
    env.pop("COURSE_VI_RUNTIME")
    driver = subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, env=env
    )
    assert driver.stdout is not None
    supervisor = int(driver.stdout.readline())
    assert os.path.exists(f"/proc/{supervisor}")
    driver.kill()
    driver.wait()
    driver.stdout.close()
    for _ in range(100):
        if not os.path.exists(f"/proc/{supervisor}"):
            return
        time.sleep(0.1)
    pytest.fail("the kernel outlived its driver")


# ------------------------------------------------------------------ the pieces


def test_the_grader_environment_stays_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_VI_SECRET", "x" * 32)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    assert not {"COURSE_VI_SECRET", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"} & set(
        environment("/home")
    )


def test_only_plain_files_are_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "data.txt").write_text("kept")
    (source / "big.bin").write_bytes(b"")
    os.truncate(source / "big.bin", filesystem.MOST_BYTES + 1)
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder_link").symlink_to("/etc")
    os.mkfifo(source / "pipe")
    (source / "gradebook.db").write_text("left")
    left = filesystem.copy_files(str(source), str(target))
    assert [
        path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()
    ] == ["sub/data.txt"]
    assert set(left) == {"big.bin", "link", "pipe"}


def test_every_job_has_a_user_of_its_own() -> None:
    assert len({supervisor.job_uid(number) for number in range(1000)}) == 1000
    assert min(supervisor.job_uid(number) for number in range(1000)) >= 20_000


def test_limits_travel_as_json() -> None:
    assert Limits(**json.loads(json.dumps(Limits(memory=5).as_json()))) == Limits(memory=5)


def test_a_parent_is_shared_and_started_once(room: Path) -> None:
    first, second = Parent(room, warm=False), Parent(room, warm=False)
    first.start()
    second.start()
    assert first.socket_path == second.socket_path and second.alive()
    assert runtime_dir()[1].stat().st_mode & 0o777 == 0o700


# ------------------------------------------------------------------ what a cell may leave


def message(kind: str, **content: Any) -> dict[str, Any]:
    return {"msg_type": kind, "content": content}


def test_text_and_pictures_are_kept_and_nothing_that_acts() -> None:
    kept = Outputs()
    png = "iVBORw0KGgoAAAANSUhEUg=="
    kept.take(message("stream", name="stderr", text="careful\n"))
    kept.take(message("stream", name="stdout", text="fine\x00\n"))
    kept.take(
        message(
            "display_data",
            data={"text/html": "<script>", "image/svg+xml": "<svg>", "text/plain": "t"},
        )
    )
    kept.take(message("display_data", data={"image/png": png, "text/markdown": "x"}))
    kept.take(message("display_data", data={"image/png": "no picture"}))
    kept.take(message("execute_result", data={"text/plain": ["a", "list"]}))
    kept.take(message("comm_open", data={}))
    kept.take(message("error", ename=7, evalue=None, traceback="no list"))
    outputs = kept.done()
    assert (outputs[0]["output_type"], outputs[0]["name"], outputs[0]["text"]) == (
        "stream",
        "stdout",
        "careful\nfine\n",
    )
    assert [set(output["data"]) for output in outputs if "data" in output] == [
        {"text/plain"},
        {"image/png"},
    ]
    assert outputs[-1]["output_type"] == "error" and outputs[-1]["traceback"]


def test_output_is_cut_and_says_so() -> None:
    budget = Budget(text=60_000)
    first, second = Outputs(budget), Outputs(budget)
    for _ in range(100):
        first.take(message("stream", name="stdout", text="x" * 1000))
    second.take(message("stream", name="stdout", text="y" * 20_000))
    texts = ["".join(output["text"] for output in kept.done()) for kept in (first, second)]
    assert [text.count(letter) for text, letter in zip(texts, "xy", strict=True)] == [
        50_000,
        10_000,
    ]
    assert all("the rest was cut" in text for text in texts)
