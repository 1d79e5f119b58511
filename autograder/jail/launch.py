"""From a forked child to a jailed kernel: who forks whom, and who gives up what, when.

    server -> A (leaves namespaces, builds the root, is gone at once)
                -> S (pid 1 of its own world: watches time and memory, reaps, forwards interrupts)
                     -> K (the kernel: no rights, no way out, limits that bind)

S is made a child of the server when A ends, so the end of the server ends S, and the end of S ends everything in its pid namespace. What
the learner's code does to itself changes nothing about that: K cannot signal, trace or outlive S.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from . import control_group, filesystem, linux, seccomp, supervisor
from . import kernel as inside
from .limits import Limits

__all__ = ["INSIDE", "start"]

INSIDE = 1000  # the user that a kernel believes to be
WORK = "/home/work"


def start(spec: dict[str, Any], sockets: list[int]) -> int:
    """Fork a jailed kernel and return the supervisor's pid. ``OSError`` says why the jail could not be built.

    ``spec``: ``level``, ``limits``, ``connection``, ``cwd``, ``views``, ``hidden``, ``env``, ``job``, ``group`` (see the provisioner).
    """
    reader, writer = os.pipe()
    gate, key = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            os.close(reader)
            _build(spec, sockets, writer, gate, key)
        except BaseException as error:  # noqa: B902  (nothing may return into the server's loop)
            os.write(
                writer, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()[:3000]
            )
        finally:
            os._exit(0)
    os.close(writer)
    os.close(gate)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.readline()
    os.waitpid(middle, 0)
    try:
        os.write(key, b"!")  # A is gone, S is ours: now it may bind its life to ours
    except BrokenPipeError:
        pass
    os.close(key)
    answer = json.loads(told or b'{"error": "the child died"}')
    if "error" in answer:
        raise OSError(answer["error"])
    return int(answer["pid"])


def _build(spec: dict[str, Any], sockets: list[int], writer: int, gate: int, key: int) -> None:
    """A: in the forked child."""
    os.setsid()
    if sys.platform == "linux":
        linux.new_session_keyring()
    job, root, limits = spec["job"], os.path.join(spec["job"], "root"), Limits(**spec["limits"])
    null, log = (
        os.open(os.devnull, os.O_RDWR),
        os.open(os.path.join(job, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
    )
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    verdict = os.open(os.path.join(job, "exit"), os.O_WRONLY | os.O_CREAT, 0o600)
    as_root, uid = os.geteuid() == 0, os.geteuid()
    level = spec["level"]
    entrance = events = -1
    if spec.get("group"):  # opened here, used where no path leads to it any more
        group = control_group.Group(Path(spec["group"]))
        entrance = os.open(group.entrance, os.O_WRONLY)
        events = os.open(group.events, os.O_RDONLY)
    if level == "namespaces":
        ours = linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS
        if as_root:
            linux.unshare(ours)
        else:
            gid = os.getegid()
            linux.unshare(ours | linux.NEWUSER)
            _map(INSIDE, uid, gid)
        linux.make_private()
        os.makedirs(root, exist_ok=True)
        filesystem.build(root, spec["views"], spec["hidden"], limits.disk)
        work = root + WORK
    else:
        if level == "uid":
            try:
                linux.unshare(linux.NEWNET | linux.NEWIPC)
            except OSError:
                pass  # the self-test sees that the network is open
        work = os.path.join(job, "work")
    left = filesystem.copy_files(spec["cwd"], work)
    supervisor = os.fork()
    if supervisor == 0:
        try:
            os.close(writer)
            os.close(key)
            if os.read(gate, 1) != b"!":
                os._exit(1)  # the server died
            os.close(gate)
            if sys.platform == "linux":
                linux.die_with_parent(signal.SIGKILL)
            _supervise(spec, sockets, verdict, root, work, as_root, limits, entrance, events)
        except BaseException as error:  # noqa: B902
            os.write(
                verdict,
                f"the jail could not be entered: {type(error).__name__}: {error}\n".encode(),
            )
        finally:
            os._exit(1)
    os.write(writer, json.dumps({"pid": supervisor, "left": left}).encode() + b"\n")


def _supervise(
    spec: dict[str, Any],
    sockets: list[int],
    verdict: int,
    root: str,
    work: str,
    as_root: bool,
    limits: Limits,
    entrance: int,
    events: int,
) -> None:
    """S: finish the world, start the kernel, and watch it."""
    level, on_linux = spec["level"], sys.platform == "linux"
    crowd = (
        0
        if as_root or level == "namespaces" and _counts_by_namespace()
        else supervisor.threads_of(os.getuid())
    )
    job_uid = (
        supervisor.job_uid(spec["number"]) if as_root and level in ("namespaces", "uid") else None
    )
    if level == "namespaces":
        linux.mount_proc(root + "/proc")
        linux.pivot(root)
        linux.read_only("/")
        work = WORK
        if job_uid is not None:
            _own(work, job_uid)
            _become(job_uid)
            linux.dumpable(True)  # or the next lines may not write to /proc/self
            try:
                linux.unshare(linux.NEWUSER)
                _map(INSIDE, job_uid, job_uid)
            except PermissionError:
                pass  # this system lets nobody make user namespaces, so the kernel cannot either
        try:
            with open("/proc/sys/user/max_user_namespaces", "w") as file:
                file.write("0")
        except OSError:
            pass
        linux.drop_capabilities()
        linux.no_new_privileges()
        linux.dumpable(False)
    elif job_uid is not None:
        _own(work, job_uid)
    if on_linux:
        linux.adopt_orphans()
        linux.die_with_parent(signal.SIGKILL)  # again: a change of user forgets it
    kernel = os.fork()
    if kernel == 0:
        try:
            os.close(verdict)
            os.setsid()  # the scheduler shares by session: the supervisor is not to wait for its kernel
            if entrance >= 0:
                os.write(entrance, b"0")
            if on_linux:
                linux.dumpable(True)
                with open("/proc/self/oom_score_adj", "w") as file:
                    file.write("1000")
                if level == "uid" and job_uid is not None:
                    _become(job_uid)
                    linux.drop_capabilities()
                linux.no_new_privileges()
                linux.die_with_parent(signal.SIGKILL)
            limits.apply(crowd)
            if seccomp.available():
                seccomp.install()
            inside.run(spec, sockets, work)
        except BaseException:  # noqa: B902
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)
    for handle in sockets:
        os.close(handle)
    if entrance >= 0:
        os.close(entrance)
    supervisor.watch(kernel, limits, verdict, level, job_uid, events)


def _counts_by_namespace() -> bool:
    """Since Linux 5.14 a user namespace counts its own processes, whatever else its user runs."""
    numbers = os.uname().release.split("-")[0].split(".")[:2]
    return [int(number) for number in numbers if number.isdigit()] >= [5, 14]


def _map(inside: int, uid: int, gid: int) -> None:
    """Let the one user outside be ``inside`` in the user namespace just made."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {uid} 1"),
        ("gid_map", f"{inside} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _own(folder: str, uid: int) -> None:
    for path, _, files in os.walk(folder):
        for name in [path, *(os.path.join(path, name) for name in files)]:
            os.chown(name, uid, uid, follow_symlinks=False)
