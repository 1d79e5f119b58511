"""Which system calls a kernel may make: a list of what Python, PyTorch and IPython need; everything else is refused.

A filter (seccomp BPF) is put on the kernel's process and on all that comes from it, for good. What it keeps away, besides the parts of
the system in which most holes were found (io_uring, BPF, userfaultfd, keyrings, new mounts and namespaces):

* memory that belongs to no process, so that nobody counts it: memfds, System V segments, huge pages, shared anonymous mappings (whose
  pages outlive their mapping), pages given to pipes, socket buffers larger than the default;
* the supervisor: no call that changes the priority, the affinity or the limits of another process, and no ``setsid``, because a session
  is what the scheduler shares processor time by;
* channels between neighbours: locks and watches on files that all kernels see, and sockets of families that no network namespace holds
  (``AF_VSOCK`` reaches the host of a virtual machine).

A call that is refused gives EPERM; one that is newer than this list, or has an older twin to fall back on, gives ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable

__all__ = ["available", "install", "program"]

# name, number on x86_64, number on aarch64 (which never had the older of two twins)
CALLS = """
accept 43 202; accept4 288 242; access 21 -; alarm 37 -; arch_prctl 158 -; bind 49 200;
brk 12 214; capget 125 90; chdir 80 49; chmod 90 -; chown 92 -; clock_getres 229 114;
clock_gettime 228 113; clock_nanosleep 230 115; clone 56 220; close 3 57; close_range 436 436;
connect 42 203; copy_file_range 326 285; creat 85 -; dup 32 23; dup2 33 -; dup3 292 24;
epoll_create 213 -; epoll_create1 291 20; epoll_ctl 233 21; epoll_pwait 281 22;
epoll_pwait2 441 441; epoll_wait 232 -; eventfd 284 -; eventfd2 290 19; execve 59 221;
exit 60 93; exit_group 231 94; faccessat 269 48; faccessat2 439 439; fadvise64 221 223;
fallocate 285 47; fchdir 81 50; fchmod 91 52; fchmodat 268 53; fchown 93 55; fchownat 260 54;
fcntl 72 25; fdatasync 75 83; fgetxattr 193 10; flistxattr 196 13; fork 57 -;
fremovexattr 199 16; fsetxattr 190 7; fstat 5 80; fstatfs 138 44; fsync 74 82; ftruncate 77 46;
futex 202 98; futex_waitv 449 449; futimesat 261 -; get_mempolicy 239 236;
get_robust_list 274 100; getcpu 309 168; getcwd 79 17; getdents 78 -; getdents64 217 61;
getegid 108 177; geteuid 107 175; getgid 104 176; getgroups 115 158; getitimer 36 102;
getpeername 52 205; getpgid 121 155; getpgrp 111 -; getpid 39 172; getppid 110 173;
getpriority 140 141; getrandom 318 278; getresgid 120 150; getresuid 118 148; getrlimit 97 163;
getrusage 98 165; getsid 124 156; getsockname 51 204; getsockopt 55 209; gettid 186 178;
gettimeofday 96 169; getuid 102 174; getxattr 191 8; ioctl 16 29; ioprio_get 252 31;
kill 62 129; lchown 94 -; lgetxattr 192 9; link 86 -; linkat 265 37; listen 50 201;
listxattr 194 11; llistxattr 195 12; lremovexattr 198 15; lseek 8 62; lsetxattr 189 6;
lstat 6 -; madvise 28 233; membarrier 324 283; mincore 27 232; mkdir 83 -; mkdirat 258 34;
mlock 149 228; mmap 9 222; mprotect 10 226; mremap 25 216; msync 26 227; munlock 150 229;
munmap 11 215; nanosleep 35 101; newfstatat 262 79; open 2 -; openat 257 56; openat2 437 437;
pause 34 -; pidfd_open 434 434; pidfd_send_signal 424 424; pipe 22 -; pipe2 293 59;
pkey_alloc 330 289; pkey_free 331 290; pkey_mprotect 329 288; poll 7 -; ppoll 271 73;
prctl 157 167; pread64 17 67; preadv 295 69; preadv2 327 286; prlimit64 302 261;
pselect6 270 72; pwrite64 18 68; pwritev 296 70; pwritev2 328 287; read 0 63; readlink 89 -;
readlinkat 267 78; readv 19 65; recvfrom 45 207; recvmmsg 299 243; recvmsg 47 212;
removexattr 197 14; rename 82 -; renameat 264 38; renameat2 316 276; restart_syscall 219 128;
rmdir 84 -; rseq 334 293; rt_sigaction 13 134; rt_sigpending 127 136; rt_sigprocmask 14 135;
rt_sigqueueinfo 129 138; rt_sigreturn 15 139; rt_sigsuspend 130 133; rt_sigtimedwait 128 137;
rt_tgsigqueueinfo 297 240; sched_get_priority_max 146 125; sched_get_priority_min 147 126;
sched_getaffinity 204 123; sched_getattr 315 275; sched_getparam 143 121;
sched_getscheduler 145 120; sched_setscheduler 144 119; sched_rr_get_interval 148 127; sched_yield 24 124; select 23 -;
sendfile 40 71; sendmmsg 307 269; sendmsg 46 211; sendto 44 206; set_robust_list 273 99;
set_tid_address 218 96; setitimer 38 103; setpgid 109 154; setrlimit 160 164; setsockopt 54 208;
setxattr 188 5; shutdown 48 210; sigaltstack 131 132; signalfd 282 -; signalfd4 289 74;
socket 41 198; socketpair 53 199; stat 4 -; statfs 137 43; statx 332 291; symlink 88 -;
symlinkat 266 36; sysinfo 99 179; tgkill 234 131; time 201 -; timer_create 222 107;
timer_delete 226 111; timer_getoverrun 225 109; timer_gettime 224 108; timer_settime 223 110;
timerfd_create 283 85; timerfd_gettime 287 87; timerfd_settime 286 86; times 100 153;
tkill 200 130; truncate 76 45; umask 95 166; uname 63 160; unlink 87 -; unlinkat 263 35;
utime 132 -; utimensat 280 88; utimes 235 -; vfork 58 -; wait4 61 260; waitid 247 95;
write 1 64; writev 20 66
"""
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH
NEWEST = 450
X32 = 0x40000000
LOAD, EQUAL, GREATER, AT_LEAST, ANY, AND, RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x54, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NEW_NAMESPACES = 0x7E020080  # CLONE_NEW*
SHARED_ANONYMOUS, HUGE_PAGES = 0x21, 0x40000
LOCKS = (5, 6, 7, 36, 37, 38)  # fcntl: F_GETLK to F_SETLKW, of a process and of an open file
LEASES = (1024, 1026, 1031)  # F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
ROUTE = 16  # AF_NETLINK, of which ZeroMQ asks for the interfaces
BUFFERS = (7, 8)  # SO_SNDBUF, SO_RCVBUF
OPTIONS = (1, 2, 3, 15, 16, 21, 23, 27, 30, 36, 37, 39, 41, 42, 0x53564D41)  # of prctl
OTHERWISE = {"flock": errno.ENOLCK, "clone3": errno.ENOSYS, "memfd_create": errno.ENOSYS}
ODD = {"flock": (73, 32), "clone3": (435, 435), "memfd_create": (319, 279)}

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


def available() -> bool:
    """Whether there is a filter for this machine."""
    return sys.platform == "linux" and platform.machine() in MACHINES


def numbers(machine: str) -> dict[str, int]:
    """The calls that are allowed, some of them with conditions, by name."""
    column = MACHINES[machine][0]
    rows = (row.split() for row in CALLS.replace("\n", " ").split(";"))
    return {name: int(both[column]) for name, *both in rows if both[column] != "-"}


def program(machine: str) -> list[Instruction]:
    """The filter, as instructions of classic BPF.

    >>> program("x86_64")[0]  # load the architecture
    (32, 0, 0, 4)
    """
    column, architecture = MACHINES[machine]
    calls = numbers(machine)
    code: list[Instruction] = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, architecture),
        _refuse(errno.ENOSYS),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 0, 1, X32),
        _refuse(errno.ENOSYS),
    ]
    for name, number in OTHERWISE.items():
        code += [(EQUAL, 0, 1, ODD[name][column]), _refuse(number)]
    allow, deny = (RETURN, 0, 0, ALLOW), _refuse(errno.EPERM)
    inner: dict[str, list[Instruction]] = {
        "mmap": [
            _argument(3),
            (ANY, 3, 0, HUGE_PAGES),
            (AND, 0, 0, SHARED_ANONYMOUS),
            (EQUAL, 1, 0, SHARED_ANONYMOUS),
            allow,
            deny,
        ],
        "clone": [_argument(0), (ANY, 1, 0, NEW_NAMESPACES), allow, deny],
        "prlimit64": [_argument(0), (EQUAL, 0, 1, 0), allow, deny],
        "sched_setscheduler": [_argument(1), (EQUAL, 0, 1, 0), allow, deny],
        "socket": [
            _argument(0),
            *_one_of(FAMILIES, allow),
            (EQUAL, 0, 3, ROUTE),
            _argument(2),
            (EQUAL, 0, 1, 0),
            allow,
            _refuse(errno.EAFNOSUPPORT),
        ],
        "socketpair": [_argument(0), *_one_of((1,), allow), _refuse(errno.EAFNOSUPPORT)],
        "setsockopt": [
            _argument(1),
            (EQUAL, 1, 0, 1),
            allow,
            _argument(2),
            *_one_of(BUFFERS, deny),
            allow,
        ],
        "fcntl": [
            _argument(1),
            *_one_of(LOCKS, _refuse(errno.ENOLCK)),
            *_one_of(LEASES, deny),
            allow,
        ],
        "prctl": [_argument(0), *_one_of(OPTIONS, allow), deny],
    }
    for name, block in inner.items():
        code += [(EQUAL, 0, len(block), calls.pop(name)), *block]
    for first, last in _runs(calls.values()):
        code += [(AT_LEAST, 0, 2, first), (GREATER, 1, 0, last), allow]
    return [*code, (GREATER, 0, 1, NEWEST), _refuse(errno.ENOSYS), deny]


def install() -> None:
    """Bind this process, and all that it starts, by the filter. It needs ``no_new_privileges`` first.

    Raises:
        OSError: there is no filter for this machine, or the system refused it.
    """
    if not available():
        raise OSError(f"no filter of system calls for {platform.machine()}")
    code = program(platform.machine())
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    filters = Program(len(code), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(filters), 0, 0):  # PR_SET_SECCOMP, a filter
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {errno.errorcode.get(number, number)}")


def _refuse(number: int) -> Instruction:
    return (RETURN, 0, 0, REFUSE | number)


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument; both machines are little-endian."""
    return (LOAD, 0, 0, 16 + 8 * index)


def _one_of(values: Iterable[int], then: Instruction) -> list[Instruction]:
    return [step for value in values for step in ((EQUAL, 0, 1, value), then)]


def _runs(values: Iterable[int]) -> list[tuple[int, int]]:
    """Ranges of neighbours.

    >>> _runs([3, 1, 2, 7])
    [(1, 3), (7, 7)]
    """
    runs: list[tuple[int, int]] = []
    for value in sorted(values):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs
