"""The few Linux calls that Python 3.11 does not offer, by ctypes. Nothing here decides anything.

Numbers are from the kernel's headers and the same on every architecture, but for ``pivot_root`` and ``keyctl``, which are looked up by
machine.
"""

from __future__ import annotations

import ctypes
import os
import platform

__all__ = [
    "NEWIPC",
    "NEWNET",
    "NEWNS",
    "NEWPID",
    "NEWUSER",
    "NEWUTS",
    "add_key",
    "adopt_orphans",
    "bind",
    "die_with_parent",
    "drop_capabilities",
    "dumpable",
    "keyctl",
    "make_private",
    "mount_proc",
    "new_session_keyring",
    "no_new_privileges",
    "pivot",
    "read_only",
    "session_keyring",
    "tmpfs",
    "unshare",
]

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)

_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH = 2
_MOUNT_SETATTR, _AT_RECURSIVE = 442, 0x8000
_PDEATHSIG, _DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS = 1, 4, 24, 38
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_ADD_KEY = {"x86_64": 248, "aarch64": 217, "riscv64": 217, "ppc64le": 269, "s390x": 278}
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags`` (``NEWNS | NEWNET | ...``)."""
    _check(_libc.unshare(flags), "unshare")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    _check(
        _libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]),
        f"mount {target}",
    )


def make_private() -> None:
    """What is mounted from here on is seen by nobody outside this mount namespace."""
    _mount(None, "/", None, _PRIVATE | _REC)


def tmpfs(target: str, size: int, mode: int = 0o755) -> None:
    """An empty file system in memory, at most ``size`` bytes."""
    _mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, f"size={size},mode={mode:o},nr_inodes=20000")


def bind(source: str, target: str, device: bool = False) -> None:
    """Show ``source``, and what is mounted below it, at ``target``: for reading only, but for devices."""
    _mount(source, target, None, _BIND | _REC)
    if device:
        return
    attributes = (ctypes.c_uint64 * 4)(_RDONLY | _NOSUID | _NODEV, 0, 0, 0)  # struct mount_attr
    call, path = ctypes.c_long(_MOUNT_SETATTR), os.fsencode(target)
    if _libc.syscall(
        call, -100, path, ctypes.c_uint(_AT_RECURSIVE), attributes, ctypes.c_size_t(32)
    ):
        _mount(
            None, target, None, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV
        )  # a system from before 2021


def mount_proc(target: str) -> None:
    """The processes of this pid namespace."""
    _mount("proc", target, "proc", _NOSUID | _NODEV | 8)


def pivot(root: str) -> None:
    """Make ``root`` the root, and let go of the old one."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"no pivot_root known for {platform.machine()}")
    os.chdir(root)
    _check(_libc.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def read_only(target: str) -> None:
    """Remount a tmpfs so that nothing more can be made in it."""
    _mount(None, target, None, _REMOUNT | _RDONLY | _NOSUID | _NODEV)


def die_with_parent(signal: int) -> None:
    """This process gets ``signal`` when the one that made it (or adopted it) ends."""
    _check(_libc.prctl(_PDEATHSIG, ctypes.c_ulong(signal), 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Descendants whose parents ended become children of this process (PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(36, ctypes.c_ulong(1), 0, 0, 0), "prctl")


def dumpable(yes: bool) -> None:
    """Whether another process of the same user may trace this one or read its memory."""
    _check(_libc.prctl(_DUMPABLE, ctypes.c_ulong(int(yes)), 0, 0, 0), "prctl")


def no_new_privileges() -> None:
    """No program started from here on gains rights: set-user-id bits mean nothing."""
    _check(_libc.prctl(_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0), "prctl")


def keyctl() -> int:
    """The number of the system call for keyrings on this machine; 0 if it is not known."""
    return _KEYCTL.get(platform.machine(), 0)


def new_session_keyring() -> None:
    """Leave the keys of whoever started us: an empty session keyring of our own. Nothing happens where the system has no keyrings."""
    number = keyctl()
    if number:
        _libc.syscall(ctypes.c_long(number), ctypes.c_long(1), None)  # KEYCTL_JOIN_SESSION_KEYRING


def add_key(name: str, content: bytes) -> None:
    """Put a key into the session keyring; nothing happens where the system has none, or lets nobody do it."""
    number, ring = ctypes.c_long(_ADD_KEY.get(platform.machine(), 0)), ctypes.c_long(-3)
    _libc.syscall(number, b"user", os.fsencode(name), content, ctypes.c_size_t(len(content)), ring)


def session_keyring() -> int:
    """The serial number of this process's session keyring; 0 where there is none, or none to be asked for."""
    which, of = ctypes.c_long(0), ctypes.c_long(-3)  # KEYCTL_GET_KEYRING_ID, of the session
    return max(0, int(_libc.syscall(ctypes.c_long(keyctl()), which, of, 0))) if keyctl() else 0


def drop_capabilities() -> None:
    """Give up every capability, and the right to have them again."""
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0)

    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    nothing = (ctypes.c_uint32 * 6)()
    _check(
        _libc.capset(ctypes.byref(Header(_CAPABILITY_VERSION, 0)), ctypes.byref(nothing)), "capset"
    )
