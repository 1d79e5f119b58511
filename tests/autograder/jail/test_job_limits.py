"""What one submission may take: the pieces, without a kernel."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.checking import check
from autograder.jail import control_group, fair_share, memory, seccomp
from autograder.jail.control_group import Group
from autograder.jail.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the jail is Linux")
KL = "03_gaussian_kl"


def in_child(work: Callable[[], object]) -> int:
    """The exit code of a forked child: 0 if ``work`` returned something true."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException as error:  # noqa: B902
            print(type(error).__name__, error, file=sys.stderr)
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# ------------------------------------------------------------------ system calls


@pytest.mark.parametrize("machine", list(seccomp.MACHINES))
def test_every_jump_of_the_filter_lands_in_it(machine: str) -> None:
    code = seccomp.program(machine)
    assert len(code) < 4096
    for place, (step, true, false, _) in enumerate(code):
        if step not in (seccomp.RETURN, seccomp.LOAD, seccomp.AND):
            assert max(true, false) < 256 and place + 1 + max(true, false) < len(code)
    assert code[-1][0] == seccomp.RETURN


@pytest.mark.parametrize("machine", list(seccomp.MACHINES))
def test_the_filter_decides_as_it_says(machine: str) -> None:
    """The program, interpreted: every allowed call passes, all others are refused, on both machines."""
    column, architecture = seccomp.MACHINES[machine]
    allowed = seccomp.numbers(machine)

    def decide(number: int, *arguments: int, arch: int = architecture) -> int:
        data = [number, arch, 0, 0]
        for value in (*arguments, 0, 0, 0, 0, 0, 0)[:6]:
            data += [value & 0xFFFFFFFF, value >> 32]
        code, place, loaded = seccomp.program(machine), 0, 0
        while True:
            step, true, false, value = code[place]
            if step == seccomp.RETURN:
                return value
            jump = 0
            if step == seccomp.LOAD:
                loaded = data[value // 4]
            elif step == seccomp.AND:
                loaded &= value
            else:
                holds = {
                    seccomp.EQUAL: loaded == value,
                    seccomp.GREATER: loaded > value,
                    seccomp.AT_LEAST: loaded >= value,
                    seccomp.ANY: bool(loaded & value),
                }[step]
                jump = true if holds else false
            place += 1 + jump

    passes = {number for number in range(600) if decide(number) == seccomp.ALLOW}
    with_conditions = {"prctl", "socket", "socketpair"}
    assert passes == {n for name, n in allowed.items() if name not in with_conditions}
    assert decide(allowed["read"], arch=0x40000003) != seccomp.ALLOW
    for name, good, bad in (
        ("socket", [(1,), (2,), (16, 3, 0)], [(40,), (17,), (16, 3, 12), (38,)]),
        ("prctl", [(15,), (1, 9)], [(22, 2), (4, 0), (62,)]),
        ("mmap", [(0, 1, 3, 0x22), (0, 1, 3, 1)], [(0, 1, 3, 0x21), (0, 1, 3, 0x40022)]),
        ("clone", [(0x3D0F00,)], [(0x10000000,), (0x20000,), (0x80,)]),
        ("fcntl", [(3, 2), (3, 4)], [(3, 6), (3, 37), (3, 1024), (3, 1031)]),
        ("setsockopt", [(3, 1, 2), (3, 6, 7)], [(3, 1, 7), (3, 1, 8)]),
        ("prlimit64", [(0, 7)], [(1, 7), (4711, 0)]),
        ("sched_setscheduler", [(5, 0)], [(1, 5), (0, 3), (0, 1)]),
    ):
        assert all(decide(allowed[name], *arguments) == seccomp.ALLOW for arguments in good)
        assert all(decide(allowed[name], *arguments) != seccomp.ALLOW for arguments in bad)


def test_what_is_refused_is_refused_and_the_rest_works() -> None:
    if not seccomp.available():
        pytest.skip("no filter for this machine")

    def work() -> bool:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(38, ctypes.c_ulong(1), 0, 0, 0)
        seccomp.install()
        try:
            os.memfd_create("x")
            return False
        except OSError:
            pass
        done = subprocess.run([sys.executable, "-I", "-S", "-c", "print(7)"], capture_output=True)
        return libc.unshare(0x10000000) != 0 and done.stdout == b"7\n"

    assert in_child(work) == 0


# ------------------------------------------------------------------ memory


def test_shared_pages_are_counted_once_and_unshared_ones_each_time() -> None:
    held = bytearray(os.urandom(1) * (64 << 20))
    children, (told, tell) = [], os.pipe()
    for number in range(3):
        child = os.fork()
        if child == 0:
            if number == 2:
                held[:] = bytes([number]) * len(held)  # its own copy
                os.write(tell, b"!")
            time.sleep(60)
            os._exit(0)
        children.append(child)
    try:
        assert os.read(told, 1) == b"!"
        bound = sum(memory.mapped(child) for child in children)
        shared = memory._share(children[0])
        own = memory._share(children[2])
        assert shared is not None and own is not None
        assert bound > 3 * (64 << 20) and own - shared > 40 << 20
        assert memory.Memory(0, 20 << 20).too_much(children)
        assert not memory.Memory(0, bound + (1 << 20)).too_much(children)
        half = shared * 2 + own + (8 << 20)
        assert half < bound and not memory.Memory(0, half).too_much(children)
        again = memory.Memory(0, 20 << 20)
        assert again.too_much(children) and not again.too_much(children), "it rests"
        state = Path(f"/proc/{children[0]}/stat").read_text().rpartition(")")[2].split()[0]
        assert state != "T"
    finally:
        os.close(told), os.close(tell)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert memory.mapped(2**22 + 1) == 0 and memory.sockets() >= 0
    assert not memory.Memory(0, 0).too_much([2**22 + 1])


def test_the_grader_bounds_itself_and_recovers() -> None:
    """In a process of its own: one that has freed much has room that no limit sees."""
    script = """
import resource
from autograder.execution.own_memory import bounded
before = resource.getrlimit(resource.RLIMIT_AS)
with bounded(256 << 20):
    assert resource.getrlimit(resource.RLIMIT_AS)[1] == before[1]
    try:
        bytearray(1 << 30)
    except MemoryError:
        print("refused")
    bytearray(1 << 20)
assert resource.getrlimit(resource.RLIMIT_AS) == before
"""
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout == "refused\n", told.stderr


# ------------------------------------------------------------------ processors


def test_many_busy_threads_weigh_as_one() -> None:
    for number in (1, 2, 5, 20, 60):
        weight = number / fair_share.STEP ** fair_share.niceness(number)
        assert 0.75 < weight <= 1.0
    assert fair_share.niceness(10**6) == 19


def test_a_job_of_many_is_lowered_and_a_single_one_is_not() -> None:
    def spin() -> int:
        child = os.fork()
        if child == 0:
            while True:
                pass
        return child

    children = [spin() for _ in range(4)]
    try:
        time.sleep(0.3)
        assert fair_share.lower(children[:1]) == 0
        assert os.getpriority(os.PRIO_PROCESS, children[0]) == os.getpriority(os.PRIO_PROCESS, 0)
        assert fair_share.lower(children) == 7
        assert all(os.getpriority(os.PRIO_PROCESS, child) >= 7 for child in children)
        assert fair_share.busy([2**22 + 1]) == []
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


# ------------------------------------------------------------------ control groups


@pytest.fixture
def delegated(tmp_path: Path) -> Path:
    """A folder that looks like a group that was handed over; the system's part of the work is not there."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("\n")
    return tmp_path


def test_a_group_that_was_handed_over_is_used(
    delegated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(control_group.VARIABLE, str(delegated))
    assert control_group.parent.__wrapped__() == delegated
    assert (delegated / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    limits = Limits(memory=100, disk=10, processes=7)
    group = Group.make(delegated, "job", limits)
    told = {path.name: path.read_text() for path in group.folder.iterdir()}
    assert told["memory.max"] == "130" and told["pids.max"] == "7" and told["cpu.weight"] == "100"
    assert Path(group.entrance).parent == Path(group.events).parent == delegated / "job"


def test_without_controllers_or_delegation_there_is_no_group(
    delegated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (delegated / "cgroup.controllers").write_text("cpu hugetlb\n")
    monkeypatch.setenv(control_group.VARIABLE, str(delegated))
    assert control_group.parent.__wrapped__() is None
    assert control_group._delegated(delegated) is None
    assert control_group._delegated(None) is None
    assert not (delegated / "grader").exists()


def test_a_group_that_cannot_be_made_is_taken_away_again(
    delegated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Group, "settings", lambda *_: {"no/such": "file"})
    with pytest.raises(OSError, match="No such file"):
        Group.make(delegated, "job", Limits())
    assert not (delegated / "job").exists()


def test_an_end_for_want_of_memory_is_told_from_others() -> None:
    assert control_group.out_of_memory(
        "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n"
    )
    assert not control_group.out_of_memory("oom 1\noom_kill 0\noom_group_kill 0\n")


# ------------------------------------------------------------------ the page


def test_what_a_function_prints_of_hidden_inputs_is_not_shown() -> None:
    def tells(loc: object, *others: object) -> None:
        print("INPUT", loc)
        raise ValueError(f"INPUT 0.12345678 {float(loc.flatten()[0])!r} 3e-05 of shape (2, 3)")  # type: ignore[attr-defined]

    report = check(KL, tells, seed=1)
    assert "INPUT tensor" in str(report) and "0.12345678" in str(report)
    graded = report.without_answers()
    for shown in (str(graded), graded._repr_html_()):
        assert "INPUT tensor" not in shown and "not shown" in shown
        assert "0.1234" not in shown and "ValueError" in shown and "(2, 3)" in shown
    silent = check(KL, lambda *arguments: arguments[0], seed=1).without_answers()
    assert "not shown" not in str(silent)
