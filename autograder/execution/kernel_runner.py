"""The questions of one exercise to a kernel, within a time for each and a time for all."""

from __future__ import annotations

import time

from autograder.checks.probe import LearnerError
from autograder.execution.session import KernelLost, Session

__all__ = ["Asker"]


class Asker:
    """A probe's runner on a session. After a time limit, a reply that cannot be read or the end of the kernel every further question
    fails at once.

    Attributes:
        lost: why the kernel is gone, if it is.
    """

    def __init__(self, session: Session | None, name: str, each: float, together: float) -> None:
        self.session, self.name, self.each = session, name, each
        self.end = time.monotonic() + together
        self.lost = ""
        self.over: LearnerError | None = None
        if session is None:
            self.over = LearnerError(
                "NoKernel", "the time for this notebook was used up, or it ended too many kernels"
            )

    def __call__(self, request: bytes) -> bytes:
        if self.over is not None:
            raise self.over
        left = self.end - time.monotonic()
        try:
            if left <= 0:
                raise LearnerError("TimeLimit", "the time for this exercise was used up")
            assert self.session is not None
            return self.session.ask(request, self.name, min(self.each, left))
        except KernelLost as lost:
            self.lost = str(lost)
            self.over = LearnerError("KernelLost", f"the kernel was lost: {lost}")
            raise self.over from None
        except LearnerError as error:
            if error.kind in ("TimeLimit", "UnreadableReply"):
                self.over = error
            raise
