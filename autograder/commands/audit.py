"""``python -m autograder audit``: the corpus on many seeds, a sample of mutants, and who was told what."""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tqdm import tqdm

from autograder.audit.confusion import Told, confusion, table
from autograder.audit.corpus import corpus
from autograder.audit.earning import earned
from autograder.audit.mutants.measure import measure
from autograder.audit.mutants.subject import coded
from autograder.audit.verdicts import RIGHT_SEEDS, WRONG_SEEDS, Outcome, audit
from autograder.units import EXERCISES, units

__all__ = ["main"]

MUTANTS, MUTANT_SEEDS = 100, 3
HEAD = (
    f"{'exercise':32s} {'right':>5s} {'runs':>7s} {'failed':>6s} {'wrong':>5s} {'runs':>5s} "
    f"{'caught':>6s} {'named':>6s} {'median s':>8s} {'max s':>6s}"
)


def _row(seen: list[Outcome]) -> str:
    """What the answers of one exercise came to."""
    right, wrong = ([o for o in seen if o.answer.right is kind] for kind in (True, False))
    runs = sum(o.runs for o in wrong)
    return (
        f"{seen[0].answer.exercise:32s} {len(right):5d} {sum(o.runs for o in right):7,d} "
        f"{sum(o.failed for o in right):6d} {len(wrong):5d} {runs:5d} "
        f"{sum(o.failed for o in wrong) / max(runs, 1):6.0%} "
        f"{sum(o.named for o in wrong) / max(runs, 1):6.0%} "
        f"{statistics.median(o.seconds for o in seen):8.3f} {max(o.slowest for o in seen):6.2f}"
    )


def main(argv: list[str]) -> int:
    """Regrade the corpus on many seeds, print what was seen, and fail if a check was unfair or blind."""
    parser = argparse.ArgumentParser(prog="autograder audit", description=main.__doc__)
    parser.add_argument(
        "unit",
        nargs="?",
        default="",
        help="a unit, such as 09 or 09_sticking_the_landing; all by default",
    )
    parser.add_argument(
        "--seeds", type=int, default=RIGHT_SEEDS, help="seeds for each right answer"
    )
    parser.add_argument(
        "--wrong-seeds", type=int, default=WRONG_SEEDS, help="seeds for each wrong answer"
    )
    parser.add_argument(
        "--mutants", type=int, default=MUTANTS, help="mutants tried of each exercise; none if 0"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=math.inf,
        help="at most so long for each answer: slow ones get fewer seeds, as the column of runs shows",
    )
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args(argv)
    if chosen.unit and not any(unit.startswith(chosen.unit) for unit in units()):
        parser.error(f"unit is {chosen.unit!r}; expected one of {', '.join(units())}")
    answers = [
        answer for answer in corpus() if EXERCISES[answer.exercise].unit.startswith(chosen.unit)
    ]
    start = time.perf_counter()
    with ProcessPoolExecutor(chosen.workers) as pool:
        jobs = [
            pool.submit(
                audit,
                answer,
                chosen.seeds if answer.right else chosen.wrong_seeds,
                60 * chosen.minutes,
            )
            for answer in answers
        ]
        print(HEAD, flush=True)
        outcomes: list[Outcome] = []
        waiting = iter(tqdm(jobs, desc="answers", disable=None))
        for _, mine in itertools.groupby(answers, key=lambda answer: answer.exercise):
            seen = [next(waiting).result() for _ in mine]
            outcomes += seen
            tqdm.write(_row(seen))
            sys.stdout.flush()
        empty = [pool.submit(earned, name) for name in coded(chosen.unit)]
        given = [
            one for job in tqdm(empty, desc="nothing right", disable=None) for one in job.result()
        ]
    print("\nAnswers that hold nothing right:", "none earns a point" if not given else "")
    for one in given:
        print(f"NOT AS PROMISED: {one}")
    bad = [outcome for outcome in outcomes if not outcome.ok]
    for outcome in bad:
        print(
            f"\nNOT AS PROMISED: {outcome.answer.name} failed {outcome.failed} of {outcome.runs}, named {outcome.named}. "
            f"{outcome.complaint}"
        )
    print(
        f"\n{len(outcomes) - len(bad)} of {len(outcomes)} answers as promised, in {time.perf_counter() - start:.0f} s"
    )
    told = [
        Told(o.answer.exercise, o.answer.short, o.answer.diagnosis, o.keys)
        for o in outcomes
        if not o.answer.right
    ]
    if not chosen.mutants:
        print(f"\nWho was told what:\n{table(confusion(told))}")
        return 1 if bad or given else 0
    print(
        f"\nMutants of the right answers, a sample of {chosen.mutants} each ({MUTANT_SEEDS} seeds):"
    )
    scores = measure(coded(chosen.unit), MUTANT_SEEDS, chosen.mutants, chosen.workers)
    told += [
        Told(score.exercise, result.operator, "", result.keys)
        for score in scores
        for result in score.live
    ]
    print(f"\nWho was told what:\n{table(confusion(told))}")
    return 1 if bad or given or any(score.complaints for score in scores) else 0
