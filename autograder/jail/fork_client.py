"""The grader's side of the server that forks kernels: start it, share it between workers, ask it, notice that it died."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where nothing forks and levels.choose refuses
    fcntl = None  # type: ignore[assignment]

__all__ = ["Parent", "ParentError", "runtime_dir", "shared", "stop"]

RUNTIME = "COURSE_VI_RUNTIME"  # the folder of a driver and its workers: "pid of the owner:path"
WARM = [
    "torch",
    "numpy",
    "pyro",
    "pyro.distributions",
    "pyro.infer",
    "pyro.infer.autoguide",
    "pyro.optim",
    "matplotlib",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "scipy.special",
    "scipy.stats",
    "torch.distributions",
    "torch.func",
    "torch.optim",
    "course_vi",
    "course_vi.plots",
    "autograder.protocol.agent",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "IPython.core.debugger",
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "tornado.queues",
    "tornado.locks",
    "matplotlib_inline.backend_inline",
    "sklearn.datasets",
    "pydoc",
    "faulthandler",
    "encodings.idna",
    "encodings.latin_1",
]
START = 180.0  # seconds: much more than it takes, on a machine that is not overloaded


class ParentError(OSError):
    """The server could not be started, or it died. Never the fault of the notebook that is being graded."""


class Parent:
    """One server, for one edition.

    Args:
        room: the folder put first on the kernels' path: the edition of ``course_vi`` and the reduced ``autograder``.
        warm: whether torch, Pyro and the edition are imported before the fork.
    """

    def __init__(self, room: Path, warm: bool = True) -> None:
        self.room, self.warm = room, warm
        self.owner, self.folder = runtime_dir()
        self.socket_path = str(self.folder / f"{'w' if warm else 'c'}-{room.name[-12:]}.sock")

    @property
    def path(self) -> list[str]:
        """Where kernels import from: the edition, the standard library, site-packages. No ``.pth`` file is read."""
        here = str(Path(__file__).resolve().parents[2])
        paths = sysconfig.get_paths()
        site = [
            paths["purelib"],
            paths["platlib"],
            *(path for path in sys.path if path.endswith(("site-packages", "dist-packages"))),
        ]
        python = (paths["stdlib"], paths["platstdlib"], sys.base_prefix)
        standard = [path for path in sys.path if path.startswith(python) and path not in site]
        return [
            str(self.room),
            *(path for path in dict.fromkeys([*standard, *site]) if path != here),
        ]

    def ask(self, spec: dict[str, Any], sockets: list[int]) -> tuple[socket.socket, int]:
        """Have a kernel forked. Returns the connection that keeps it alive, and its supervisor's pid."""
        for attempt in range(2):
            try:
                connection = self._connect()
            except OSError as error:
                if attempt:
                    raise ParentError(
                        f"the server that forks kernels cannot be reached: {error}"
                    ) from error
                self.start()
                continue
            try:
                connection.settimeout(START)
                socket.send_fds(connection, [json.dumps(spec).encode() + b"\n"], sockets)
                answer = _line(connection)
            except OSError as error:
                connection.close()
                if attempt:
                    raise ParentError(f"the server that forks kernels died: {error}") from error
                continue
            if "error" in answer:
                connection.close()
                raise ParentError(f"no kernel could be forked: {answer['error']}")
            return connection, int(answer["pid"])
        raise ParentError("the server that forks kernels cannot be reached")

    def alive(self) -> bool:
        """Whether the server answers."""
        try:
            self._connect().close()
        except OSError:
            return False
        return True

    def start(self) -> None:
        """Start the server unless somebody else already did."""
        with open(self.socket_path + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.alive():
                return
            Path(self.socket_path).unlink(missing_ok=True)
            self._launch()

    def _launch(self) -> None:
        options = json.dumps(
            {
                "socket": self.socket_path,
                "owner": self.owner,
                "path": self.path,
                "warm": WARM if self.warm else [],
            }
        )
        ours = str(Path(__file__).resolve().parent.parent)
        code = f"import sys; sys.path.insert(0, {ours!r}); from jail.fork_server import main; main(sys.argv[1])"
        log = open(self.socket_path + ".log", "ab")
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment("/"),
            cwd="/",
            start_new_session=True,
            close_fds=True,
        )
        log.close()
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and process.poll() is None:
            if self.alive():
                process.returncode = 0  # it lives on by itself; this process does not wait for it
                return
            time.sleep(0.02)
        process.kill()
        said = Path(self.socket_path + ".log").read_text(errors="replace")[-2000:]
        raise ParentError(f"the server that forks kernels did not start:\n{said}")

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.socket_path)
        except OSError:
            connection.close()
            raise
        return connection


def environment(home: str) -> dict[str, str]:
    """What a kernel's environment holds: nothing of the grader's."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    return {
        **kept,
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": "/tmp",
        "IPYTHONDIR": f"{home}/.ipython",
        "JUPYTER_RUNTIME_DIR": f"{home}/.runtime",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def runtime_dir() -> tuple[int, Path]:
    """(owner, folder) for this driver's servers: made once, shared with the workers by an environment variable, removed by ``shared``.

    The path is short: a socket's name has room for a hundred characters.
    """
    told = os.environ.get(RUNTIME, "")
    if told:
        owner, _, folder = told.partition(":")
        if Path(folder).is_dir():
            return int(owner), Path(folder)
    _sweep()
    folder = tempfile.mkdtemp(prefix=f"vi-{os.getpid()}-")
    os.environ[RUNTIME] = f"{os.getpid()}:{folder}"
    import atexit

    atexit.register(_leave, os.getpid(), folder)
    return os.getpid(), Path(folder)


@contextmanager
def shared() -> Iterator[Path]:
    """For a driver: workers started inside share one warm server; it and its folder are gone afterwards."""
    owner, folder = runtime_dir()
    try:
        yield folder
    finally:
        _leave(owner, str(folder))


def _leave(owner: int, folder: str) -> None:
    """Remove what this process made. The servers see their owner's end by themselves; those of a living owner are told."""
    if owner != os.getpid():
        return
    for path in Path(folder).glob("*.sock"):
        stop(str(path))
    shutil.rmtree(folder, ignore_errors=True)
    if os.environ.get(RUNTIME, "").endswith(f":{folder}"):
        del os.environ[RUNTIME]


def stop(path: str) -> None:
    """Have the server at this socket end its kernels and itself."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(b'{"stop": true}\n')
        connection.recv(1)
    except OSError:
        pass
    finally:
        connection.close()


def _sweep() -> None:
    """Remove the folders of owners that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob("vi-[0-9]*-*"):
        try:
            if (
                folder.stat().st_uid == os.geteuid()
                and not Path(f"/proc/{folder.name.split('-')[1]}").exists()
                and Path("/proc").exists()
            ):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _line(connection: socket.socket) -> dict[str, Any]:
    text = b""
    while not text.endswith(b"\n"):
        more = connection.recv(4096)
        if not more:
            raise OSError("it closed the connection")
        text += more
    answer: dict[str, Any] = json.loads(text)
    return answer
