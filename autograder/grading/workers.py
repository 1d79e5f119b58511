"""Processes that grade side by side. A process that dies takes the submission it was at with it, and nothing else.

They are joblib's (loky's executor). On Linux they are forked from a server that has imported what grading needs, once: every process of its
own would spend three seconds of work on that. Elsewhere, where a process that has loaded so much may not fork, each starts anew.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

from autograder.jail.fork_server import lives

__all__ = ["LOADED", "TRIES", "Lost", "side_by_side"]

TRIES = 2
LOADED = ["autograder.grading.preload"]  # what the server imports before it forks


class Lost(Exception):
    """No process survived this name."""


def side_by_side(
    names: list[str], number: int, submit: Callable[[Any, str], Any]
) -> Iterator[tuple[str, Any]]:
    """(name, result) of ``submit(executor, name)``, a future, for each name, as they come; the result is ``Lost`` of a killer.

    Those in flight when a process dies are tried again one by one, so that blame falls on the right one.
    """
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    waiting, suspects = list(names), list[str]()
    try:
        while waiting:
            flying: dict[Any, str] = {}
            executor = get_reusable_executor(
                max_workers=number,
                timeout=300,
                context=_context(),
                initializer=_begin,
                initargs=_around(),
            )
            try:
                while waiting or flying:
                    while waiting and len(flying) < number:
                        flying[submit(executor, waiting[0])] = waiting[0]
                        waiting.pop(0)
                    for future in _finished(flying):
                        result, name = future.result(), flying.pop(future)
                        yield name, result
            except BrokenProcessPool:
                suspects += flying.values()
        for name in suspects:
            yield name, _alone(name, submit)
    finally:
        get_reusable_executor(max_workers=number, reuse=True).shutdown(wait=True, kill_workers=True)


def _finished(flying: dict[Any, str]) -> list[Any]:
    from concurrent.futures import FIRST_COMPLETED, wait

    return sorted(wait(flying, return_when=FIRST_COMPLETED).done, key=lambda future: flying[future])


def _alone(name: str, submit: Callable[[Any, str], Any]) -> Any:
    """A submission in a process of its own, as often as it may kill one."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    for _ in range(TRIES):
        with ProcessPoolExecutor(
            max_workers=1, context=_context(), initializer=_begin, initargs=_around()
        ) as executor:
            try:
                return submit(executor, name).result()
            except BrokenProcessPool:
                pass
    return Lost(f"its worker was killed {TRIES + 1} times while grading it")


@cache
def _context() -> Any:
    """How processes are started."""
    if sys.platform != "linux":
        from joblib.externals.loky.backend import get_context

        return get_context("loky")
    context = Context()
    context.set_forkserver_preload(LOADED)
    return context


if sys.platform == "linux":
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    class Worker(ForkServerProcess):
        """A process that does not run the driver's main program again, which may be anybody's script."""

        @staticmethod
        def _Popen(process_obj: Any) -> Any:
            ours, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
            try:
                return ForkServerProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = ours

    class Context(ForkServerContext):
        """multiprocessing's way to fork from a server, with such processes."""

        Process = Worker


def _around() -> tuple[int, dict[str, str]]:
    """What a process must know that is forked from a server older than it: the driver and its environment."""
    return os.getpid(), dict(os.environ)


def _begin(driver: int, environment: dict[str, str]) -> None:
    """In a new process: take the driver's environment, and end within a second or so of the driver. Left alone, it would go on for ever."""
    os.environ.clear()
    os.environ.update(environment)
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent and lives(driver):
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
