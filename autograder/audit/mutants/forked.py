"""Forked workers for code that may loop for ever, eat memory, or kill its process.

Each loses its own task and nothing else.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

__all__ = ["MEMORY", "forked"]

MEMORY = 4 << 30  # bytes that a worker may take beyond what it was born with


def forked(
    tasks: list[Any], work: Callable[[Any], Any], jobs: int, seconds: float
) -> Iterator[tuple[Any, Any]]:
    """(task, ``work(task)``) as they come; None if the worker died or took too long.

    The workers are forked from this process, and find in their memory all that ``work`` refers to.
    They must not outlive it: they are killed when the caller stops asking.
    """
    context = multiprocessing.get_context("fork")
    waiting = list(range(len(tasks)))[::-1]
    workers: dict[Connection, tuple[Any, int, float]] = {}  # its process, its task, when it began

    def start() -> None:
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(mine, theirs, tasks, work), daemon=True)
        process.start()
        theirs.close()
        _next(mine, process)

    def _next(pipe: Connection, process: Any) -> None:
        if waiting:
            index = waiting.pop()
            pipe.send(index)
            workers[pipe] = (process, index, time.monotonic())
        else:
            _end(process)

    try:
        while waiting and len(workers) < jobs:
            start()
        while workers:
            ready: list[Any] = wait(list(workers), timeout=1.0)
            for pipe in ready:
                process, index, _ = workers.pop(pipe)
                try:
                    result, error = pipe.recv()
                except (EOFError, ConnectionError):
                    _end(process)
                    if waiting:
                        start()
                    yield tasks[index], None
                    continue
                if error:
                    _end(process)
                    raise RuntimeError(f"the work itself failed, not the task: {error}")
                _next(pipe, process)
                yield tasks[index], result
            for pipe, (process, index, began) in list(workers.items()):
                if time.monotonic() - began > seconds:
                    del workers[pipe]
                    _end(process)
                    if waiting:
                        start()
                    yield tasks[index], None
    finally:
        for process, *_ in workers.values():
            _end(process)


def _serve(
    parents: Connection, pipe: Connection, tasks: list[Any], work: Callable[[Any], Any]
) -> None:
    parents.close()  # so that the end of the parent is the end of the pipe
    if sys.platform == "linux":
        born = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (born + MEMORY, born + MEMORY))
    while True:
        try:
            index = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((work(tasks[index]), ""))
        except Exception:
            pipe.send((None, traceback.format_exc()))


def _end(process: Any) -> None:
    process.kill()
    process.join()
