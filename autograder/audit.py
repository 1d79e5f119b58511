"""Are the checks fair, and do they see? Every right answer regraded on many seeds; every wrong one caught, and named.

Then a sample of mutants of the right answers, and the standing wrong answers: what nobody foresaw must be refused too. Last the
confusion table: who was told what.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tqdm import tqdm

from autograder.checking import run_check
from autograder.confusion import Told, confusion, table
from autograder.corpus import Answer, corpus
from autograder.exercises import EXERCISES, units
from autograder.mutants.command import measure
from autograder.mutants.subject import coded
from autograder.probes import InProcess

__all__ = ["Outcome", "audit", "main"]

RIGHT_SEEDS, WRONG_SEEDS = 1000, 20
NAMED_LEAST = 0.9
MUTANTS, MUTANT_SEEDS = 100, 3


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
        return self.failed == 0 if self.answer.right else self.failed == self.runs and self.named >= NAMED_LEAST * self.runs


def audit(answer: Answer, seeds: int) -> Outcome:
    """Grade one answer with seeds 0, 1, 2, ..."""
    failed, named, times, complaint = 0, 0, [], ""
    keys: list[tuple[str, ...]] = []
    learner = answer.load()
    for seed in range(seeds):
        report = run_check(answer.exercise, InProcess(learner), seed)
        times.append(report.seconds)
        keys.append(report.diagnoses)
        failed += not report.passed
        named += not report.passed and answer.diagnosis in report.diagnoses
        if report.passed != answer.right or (not answer.right and answer.diagnosis not in report.diagnoses):
            complaint = complaint or f"seed {seed}: {report}"
    return Outcome(answer, seeds, failed, named, statistics.median(times), max(times), complaint,
                   tuple(keys))


def main(argv: list[str]) -> int:
    """Regrade the corpus on many seeds, print what was seen, and fail if a check was unfair or blind."""
    parser = argparse.ArgumentParser(prog="autograder audit", description=main.__doc__)
    parser.add_argument("unit", nargs="?", default="", help="a unit, such as 09 or 09_sticking_the_landing; all by default")
    parser.add_argument("--seeds", type=int, default=RIGHT_SEEDS, help="seeds for each right answer")
    parser.add_argument("--wrong-seeds", type=int, default=WRONG_SEEDS, help="seeds for each wrong answer")
    parser.add_argument("--mutants", type=int, default=MUTANTS, help="mutants tried of each exercise; none if 0")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args(argv)
    if chosen.unit and not any(unit.startswith(chosen.unit) for unit in units()):
        parser.error(f"unit is {chosen.unit!r}; expected one of {', '.join(units())}")
    answers = [answer for answer in corpus() if EXERCISES[answer.exercise].unit.startswith(chosen.unit)]
    start = time.perf_counter()
    with ProcessPoolExecutor(chosen.workers) as pool:
        jobs = [pool.submit(audit, answer, chosen.seeds if answer.right else chosen.wrong_seeds) for answer in answers]
        outcomes = [job.result() for job in tqdm(jobs, desc="answers", disable=None)]
    print(f"{'exercise':32s} {'right':>5s} {'runs':>7s} {'failed':>6s} {'wrong':>5s} {'runs':>5s} {'caught':>6s} {'named':>6s} "
          f"{'median s':>8s} {'max s':>6s}")
    for exercise in dict.fromkeys(outcome.answer.exercise for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.answer.exercise == exercise]
        right, wrong = ([o for o in mine if o.answer.right is kind] for kind in (True, False))
        runs = sum(o.runs for o in wrong)
        print(f"{exercise:32s} {len(right):5d} {sum(o.runs for o in right):7,d} {sum(o.failed for o in right):6d} "
              f"{len(wrong):5d} {runs:5d} "
              f"{sum(o.failed for o in wrong) / max(runs, 1):6.0%} {sum(o.named for o in wrong) / max(runs, 1):6.0%} "
              f"{statistics.median(o.seconds for o in right + wrong):8.3f} {max(o.slowest for o in right + wrong):6.2f}")
    bad = [outcome for outcome in outcomes if not outcome.ok]
    for outcome in bad:
        print(f"\nNOT AS PROMISED: {outcome.answer.name} failed {outcome.failed} of {outcome.runs}, named {outcome.named}. "
              f"{outcome.complaint}")
    print(f"\n{len(outcomes) - len(bad)} of {len(outcomes)} answers as promised, in {time.perf_counter() - start:.0f} s")
    told = [Told(o.answer.exercise, o.answer.path.stem, o.answer.diagnosis, o.keys) for o in outcomes if not o.answer.right]
    if not chosen.mutants:
        print(f"\nWho was told what:\n{table(confusion(told))}")
        return 1 if bad else 0
    print(f"\nMutants of the right answers, a sample of {chosen.mutants} each ({MUTANT_SEEDS} seeds):")
    scores = measure(coded(chosen.unit), MUTANT_SEEDS, chosen.mutants, chosen.workers)
    told += [Told(score.exercise, result.operator, "", result.names) for score in scores for result in score.live]
    print(f"\nWho was told what:\n{table(confusion(told))}")
    return 1 if bad or any(score.complaints for score in scores) else 0
