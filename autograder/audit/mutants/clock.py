"""An alarm around code that may never end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["Late", "SECONDS", "in_time"]

SECONDS = 20.0
T = TypeVar("T")


class Late(KeyboardInterrupt):
    """The alarm rang.

    It is an interrupt, because a learner's errors are caught on the way and an interrupt is not.
    """


def in_time(function: Callable[..., T], *args: Any, seconds: float = SECONDS) -> T:
    """``function(*args)``, or ``Late``.

    Whatever swallows the interrupt is interrupted again, and its result not believed.
    """
    rung = False

    def ring(*_: Any) -> None:
        nonlocal rung
        rung = True
        raise Late

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, max(seconds / 10, 0.1))
    try:
        result = function(*args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if rung:
        raise Late
    return result
