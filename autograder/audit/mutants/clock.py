"""An alarm around code that may never end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Late", "SECONDS", "in_time"]

SECONDS = 20.0
PATIENCE = (
    10  # so much longer may it take by the clock on the wall, on a machine that has other work
)
T = TypeVar("T")


class Late(KeyboardInterrupt):
    """The alarm rang.

    It is an interrupt, because a learner's errors are caught on the way and an interrupt is not.
    """


def in_time(function: Callable[..., T], *args: Any, seconds: float = SECONDS) -> T:
    """``function(*args)``, or ``Late`` after so many seconds of the processor: what is late must not depend on what else runs.

    Whatever swallows the interrupt is interrupted again, and its result not believed.
    """
    rung = False

    def ring(*_: Any) -> None:
        nonlocal rung
        rung = True
        raise Late

    before = {number: signal.signal(number, ring) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds, max(seconds / 10, 0.1))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds, max(seconds / 10, 0.1))
    try:
        result = function(*args)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if rung:
        raise Late
    return result
