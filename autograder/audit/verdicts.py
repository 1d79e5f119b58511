"""Are the checks fair, and do they see? Every right answer regraded on many seeds; every wrong one caught, and named."""

from __future__ import annotations

import math
import statistics
import time
from typing import NamedTuple

from autograder.audit.corpus import Answer
from autograder.checking import run_check
from autograder.checks.probe import InProcess

__all__ = ["RIGHT_SEEDS", "WRONG_SEEDS", "Outcome", "audit"]

RIGHT_SEEDS, WRONG_SEEDS = 1000, 20
LEAST = 5  # seeds, however long they take
NAMED_LEAST = 0.9


class Outcome(NamedTuple):
    """What many seeds said of one answer.

    Attributes:
        failed: reports without full marks.
        named: of those, the ones that hold the answer's own diagnosis.
        seconds: the median time of a check.
        keys: the diagnoses of each seed.
    """

    answer: Answer
    runs: int
    failed: int
    named: int
    seconds: float
    slowest: float
    complaint: str
    keys: tuple[tuple[str, ...], ...] = ()

    @property
    def ok(self) -> bool:
        """Right answers never fail; wrong ones always do, and nine times of ten by name."""
        return (
            self.failed == 0
            if self.answer.right
            else self.failed == self.runs and self.named >= NAMED_LEAST * self.runs
        )


def audit(answer: Answer, seeds: int, most_seconds: float = math.inf) -> Outcome:
    """Grade one answer with seeds 0, 1, 2, ..., and with as many of them as there is time for.

    Args:
        most_seconds: of the processor. What is slow is graded with fewer seeds, and with ``LEAST`` at least.
    """
    start = time.process_time()
    failed, named, times, complaint = 0, 0, [], ""
    keys: list[tuple[str, ...]] = []
    learner = answer.load()
    for seed in range(seeds):
        if seed >= LEAST and time.process_time() - start > most_seconds:
            break
        report = run_check(answer.exercise, InProcess(learner), seed)
        times.append(report.seconds)
        keys.append(report.diagnoses)
        failed += not report.passed
        named += not report.passed and answer.named_in(report.diagnoses)
        if report.passed != answer.right or (
            not answer.right and not answer.named_in(report.diagnoses)
        ):
            complaint = complaint or f"seed {seed}: {report}"
    return Outcome(
        answer,
        len(times),
        failed,
        named,
        statistics.median(times),
        max(times),
        complaint,
        tuple(keys),
    )
